package teams_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/teams"
)

var update = flag.Bool("update", false, "write the golden cards anew")

func TestGoldenCards(t *testing.T) {
	r := startRenderer(t)
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			got := teams.Card(m)
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, indent(t, got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(indent(t, got))); diff != "" {
				t.Errorf("the card changed (-want +got); look at it, then -update:\n%s", diff)
			}
			html := r.render(t, got)
			if m.Headline != "" && !strings.Contains(text(html), m.Headline) {
				t.Errorf("the headline does not stand on the card:\n%s", text(html))
			}
			if witness := m.Witness(); !strings.Contains(text(html), witness) {
				t.Errorf("the witness line %q does not stand on the card:\n%s", witness, text(html))
			}
		})
	}
}

func indent(t *testing.T, compact []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(compact, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

var (
	tags     = regexp.MustCompile(`<[^>]*>`)
	bold     = regexp.MustCompile(`</?strong>`)
	links    = regexp.MustCompile(`<[^<>]* (?:href|src)="([^"]*)"`)
	elements = regexp.MustCompile(`<([a-z0-9]+)[ />]`)
)

// text is what a reader sees, without what takes no room.
func text(html string) string {
	s := bold.ReplaceAllString(html, "")
	s = tags.ReplaceAllString(s, "\n")
	return strings.NewReplacer("\u200b", "", "&#39;", "'", "&quot;", `"`, "&amp;", "&").Replace(s)
}

func TestHostileTextStaysText(t *testing.T) {
	r := startRenderer(t)
	for name, evil := range hostile() {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []alert.MessageKind{alert.MessageAlert, alert.MessageDigest} {
				m := poisoned(evil)
				m.Kind = kind
				body := teams.Card(m)
				checkBounds(t, body)
				html := r.render(t, body)
				for _, found := range links.FindAllStringSubmatch(html, -1) {
					if !strings.HasPrefix(found[1], "https://glasswatch.contoso.example/") && !strings.HasPrefix(found[1], "https://entra.microsoft.com/") {
						t.Errorf("outside text became the link %s", found[1])
					}
				}
				for _, found := range elements.FindAllStringSubmatch(html, -1) {
					switch found[1] {
					case "div", "table", "tbody", "tr", "td", "p", "a", "ol", "li", "strong", "button":
					default:
						t.Errorf("outside text became the element %s", found[1])
					}
				}
				if strings.Contains(html, "mention") || strings.Contains(html, "Feb 14") {
					t.Errorf("outside text was given a meaning: %s", html)
				}
				if n := strings.Count(html, "<strong>"); n > 1 {
					t.Errorf("%d bold parts, want the headline's at most", n)
				}
				if n := strings.Count(html, "<ol"); n != 3 {
					t.Errorf("%d numbered lines, want the three actions", n)
				}
			}
		})
	}
}

func checkBounds(t interface{ Errorf(string, ...any) }, body []byte) {
	if len(body) > 20_000 {
		t.Errorf("%d bytes, more than 20 KB", len(body))
	}
	if !utf8.Valid(body) || !json.Valid(body) || strings.Contains(string(body), "\uFFFD") {
		t.Errorf("not clean JSON: a rune was split or something was left broken")
	}
}

func TestAnyMessageFits(t *testing.T) {
	anyText := rapid.OneOf(
		rapid.String(),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.SampledFrom([]string{`\`, `"`, "&", "/", ".a", "{", "\U0001F980", "_", "a", "é", "*"}).Draw(t, "unit"), rapid.IntRange(0, 20_000).Draw(t, "times"))
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		m := alert.Message{
			Kind:     rapid.SampledFrom([]alert.MessageKind{alert.MessageAlert, alert.MessageSummary, alert.MessageEscalation, alert.MessageNotice, alert.MessageDigest, "new"}).Draw(t, "kind"),
			Severity: rapid.SampledFrom([]detect.Severity{detect.Info, detect.Critical, "new"}).Draw(t, "severity"),
			Headline: anyText.Draw(t, "headline"), Emphasis: anyText.Draw(t, "emphasis"), Mark: anyText.Draw(t, "mark"),
			Meaning: anyText.Draw(t, "meaning"), Rule: anyText.Draw(t, "rule"), Account: anyText.Draw(t, "account"),
			Actions: rapid.SliceOfN(anyText, 0, 5).Draw(t, "actions"), Stream: anyText.Draw(t, "stream"), Sequence: 1, EntryHash: hash,
		}
		f := alert.Fact{Name: anyText.Draw(t, "name"), Value: anyText.Draw(t, "value")}
		for range rapid.IntRange(0, 100).Draw(t, "facts") {
			m.Facts = append(m.Facts, f)
		}
		for range rapid.IntRange(0, 8).Draw(t, "links") {
			m.Links = append(m.Links, alert.Link{Title: f.Name, URL: "https://x.example/" + strings.Repeat("a", 780)})
		}
		checkBounds(t, []byte(strings.ReplaceAll(string(teams.Card(m)), "\uFFFD", "")))
	})
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	r := startRenderer(t)
	m := signIn(detect.Critical)
	m.Meaning = strings.Repeat("word ", 1000)
	for range 40 {
		m.Facts = append(m.Facts, alert.Fact{Name: "Policy", Value: "Require a compliant device"})
	}
	m.Links = append(m.Links, alert.Link{Title: "evil", URL: "http://evil.example/"})
	shown := text(r.render(t, teams.Card(m)))
	for _, want := range []string{"… and 17 more", "more characters)", "1 not shown of the links"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q does not stand on the card:\n%s", want, shown)
		}
	}
}

func TestWhatPeopleCopyStaysAsItIs(t *testing.T) {
	for _, value := range []string{
		"bg-alpha@contoso.com", "bg.alpha_two@contoso.onmicrosoft.com", "203.0.113.7", "2001:db8::7", "4b1f6c1e-8d57-4f0c-9a53-0c6b1d2e7a90",
		"03:14:02 UTC", "policy_name_2", "Azure portal", "AT & T", "DOMAIN\\user", "account-4b1f#17 9f86d081884c", "53003",
	} {
		t.Run(value, func(t *testing.T) {
			m := signIn(detect.High)
			m.Facts = []alert.Fact{{Name: "Value", Value: value}}
			quoted, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			want := `"value":` + strings.ReplaceAll(string(quoted), `\u0026`, "&")
			if body := string(teams.Card(m)); !strings.Contains(body, want) {
				t.Errorf("%s does not stand in the card unchanged:\n%s", want, body)
			}
		})
	}
}
