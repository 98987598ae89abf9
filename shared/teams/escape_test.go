package teams_test

import (
	"encoding/json"
	"strings"
	"testing"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/teams"
)

// texts returns every string under the names that a client shows as Markdown.
func texts(t *testing.T, body []byte) []string {
	t.Helper()
	type block struct {
		Text  string
		Items []block
		Facts []struct{ Title, Value string }
	}
	var e struct {
		Attachments []struct {
			Content struct {
				FallbackText string
				Body         []block
			}
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func([]block)
	walk = func(blocks []block) {
		for _, b := range blocks {
			out = append(out, b.Text)
			for _, f := range b.Facts {
				out = append(out, f.Title, f.Value)
			}
			walk(b.Items)
		}
	}
	for _, a := range e.Attachments {
		out = append(out, a.Content.FallbackText)
		walk(a.Content.Body)
	}
	return out
}

// TestFormattingCharactersDoNotComeThrough holds whatever dialect of Markdown a client speaks.
func TestFormattingCharactersDoNotComeThrough(t *testing.T) {
	for name, evil := range hostile() {
		t.Run(name, func(t *testing.T) {
			bold := 0
			for _, text := range texts(t, teams.Card(poisoned(evil))) {
				bold += strings.Count(text, "**")
				text = strings.ReplaceAll(text, "**", "")
				if i := strings.IndexAny(text, "[]<>*`~\r\n\t"); i >= 0 {
					t.Errorf("%q stands in %.200q", text[i:i+1], text)
				}
			}
			if bold > 2 {
				t.Errorf("%d marks of bold, want those around the headline's beginning", bold)
			}
		})
	}
}

func TestWhatCouldBecomeALinkIsBroken(t *testing.T) {
	for _, value := range []string{
		"evil.example", "www.evil.example", "https://evil.example", "//evil.example", "http://203.0.113.7/x",
		"https://login.microsoftonline.com@evil.example/", "x@,evil.example", "évil.example",
	} {
		t.Run(value, func(t *testing.T) {
			m := signIn(detect.High)
			m.Facts = []alert.Fact{{Name: "Value", Value: "see " + value}}
			for _, text := range texts(t, teams.Card(m)) {
				for _, whole := range []string{value, "//", "www.", ".example", ".com@"} {
					if strings.Contains(text, "see") && strings.Contains(text, whole) {
						t.Errorf("%q stands whole in %q", whole, text)
					}
				}
			}
		})
	}
}

func TestReadersSeeWhatWasWritten(t *testing.T) {
	r := startRenderer(t)
	for _, value := range []string{
		`\\server\share\`, `CONTOSO\svc`, `\-x`, "50 % & more", "AT&T", "#1", "- none", "1. first", "a_b_c", "{{x}}", "snake_case and x_y",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "https://evil.example/x", "+47 22 00 00 00",
	} {
		t.Run(value, func(t *testing.T) {
			m := signIn(detect.High)
			m.Facts = []alert.Fact{{Name: "Value", Value: value}}
			if shown := text(r.render(t, teams.Card(m))); !strings.Contains(shown, "\n"+value+"\n") {
				t.Errorf("%q is not shown as it was written:\n%s", value, shown)
			}
		})
	}
}
