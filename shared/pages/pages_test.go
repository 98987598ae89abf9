package pages_test

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"glasswatch/shared/pages"
)

var update = flag.Bool("update", false, "write the golden pages anew")

func render(t *testing.T, i pages.Incident) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := pages.WriteIncident(w, http.StatusOK, i); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestGoldenPages(t *testing.T) {
	for name, i := range samples() {
		t.Run(name, func(t *testing.T) {
			got := render(t, i)
			file := filepath.Join("testdata", name+".golden.html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the page changed (-want +got); look at it, then -update:\n%s", diff)
			}
		})
	}
}

func TestFirstLineAnswersTheReader(t *testing.T) {
	for name, want := range map[string]string{
		"open":         "Nobody has acknowledged the 03:12 sign-in of bg-alpha.",
		"wrong-form":   "Nobody has acknowledged the 03:12 sign-in of bg-alpha.",
		"accepted":     "You have acknowledged the 03:12 sign-in of bg-alpha.",
		"acknowledged": "Kari Nordmann acknowledged the 03:12 sign-in of bg-alpha 4 min ago.",
		"open-again":   "Something new happened after Kari Nordmann acknowledged the 03:12 sign-in of bg-alpha.",
		"closed":       "Kari Nordmann closed the 03:12 sign-in of bg-alpha as drill.",
		"yesterday":    "Nobody has acknowledged the sign-in of bg-alpha at 03:12 on 24 November 2026.",
		"bare":         "Nobody has acknowledged the incident.",
	} {
		t.Run(name, func(t *testing.T) {
			page := parsed(t, render(t, samples()[name]))
			if got := textOf(page.first("h1")); got != want {
				t.Errorf("first line %q, want %q", got, want)
			}
		})
	}
}

func TestFormIsThereWhenThereIsSomethingToAcknowledge(t *testing.T) {
	for name, i := range samples() {
		t.Run(name, func(t *testing.T) {
			page := parsed(t, render(t, i))
			form := page.first("form")
			if (form != nil) != i.Form {
				t.Fatalf("form shown: %v, want %v", form != nil, i.Form)
			}
			if form == nil {
				return
			}
			if attr(form, "method") != "post" || attr(form, "action") != "" {
				t.Errorf("the form goes by %q to %q, want post to its own address", attr(form, "method"), attr(form, "action"))
			}
			fields := map[string]string{}
			for _, in := range page.all("input") {
				fields[attr(in, "name")] = attr(in, "type") + " " + attr(in, "value")
			}
			if diff := cmp.Diff(map[string]string{"name": "text ", "sequence": "hidden 18"}, fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadersForbidAllButTheStyle(t *testing.T) {
	w := httptest.NewRecorder()
	if err := pages.WriteRefusal(w); err != nil {
		t.Fatal(err)
	}
	page := parsed(t, w.Body.String())
	sum := sha256.Sum256([]byte(page.first("style").FirstChild.Data))
	want := http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		"Cache-Control":           {"no-store"}, "Referrer-Policy": {"no-referrer"}, "X-Content-Type-Options": {"nosniff"},
		"X-Frame-Options": {"DENY"}, "X-Robots-Tag": {"noindex, nofollow"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("headers (-want +got); the hash is that of the style as sent:\n%s", diff)
	}
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d, want 403", w.Code)
	}
	if got := strings.TrimSpace(textOf(page.first("main"))); got != "Glasswatch\nThis link is not valid, or no longer." {
		t.Errorf("the refusal says %q, want one sentence", got)
	}
}

// poison puts text into each string that v holds, at any depth.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		}
		for n := range v.Len() {
			poison(v.Index(n), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[pages.Clock]() {
			return
		}
		for _, field := range v.Fields() {
			poison(field, text)
		}
	default:
	}
}

func TestHostileTextStaysText(t *testing.T) {
	clean := parsed(t, render(t, with(open(), taken, func(i *pages.Incident) { i.Form = true })))
	known := map[string]bool{}
	for _, n := range clean.all("") {
		known[n.Data] = true
	}
	for name, evil := range map[string]string{
		"script":     "<script>alert(1)</script>",
		"break-out":  `"'></textarea></title></style></script><img src=x onerror=alert(1)>`,
		"attribute":  `x" onfocus="alert(1)" autofocus="`,
		"javascript": "javascript:alert(1)",
		"data":       "data:text/html,<script>alert(1)</script>",
		"template":   "{{.Clock}} {{template \"style\"}}",
		"comment":    "<!-- --><![CDATA[x]]><?php ?>",
		"controls":   "a\x00b\x1b[31m\r\nc\u2028\u202Egnp\u202C\u200b",
		"broken":     "a\xff\xc3<b>",
		"huge":       strings.Repeat("<b>\u202e\U0001D49C", 100_000),
		"userinfo":   "https://entra.microsoft.com@evil.example/",
		"plain-http": "http://evil.example/",
	} {
		t.Run(name, func(t *testing.T) {
			for _, state := range []pages.State{pages.Open, pages.Acknowledged, pages.Closed, pages.State(evil)} {
				i := with(open(), taken, func(i *pages.Incident) { i.Form, i.Closing.At = true, at("03:24:01") })
				poison(reflect.ValueOf(&i).Elem(), evil)
				i.State = state
				source := render(t, i)
				if len(source) > 100_000 {
					t.Errorf("a page of %d bytes", len(source))
				}
				for _, r := range source {
					if r != '\n' && (r < ' ' || r == '\u202e' || r == '\u202c' || r == '\u200b' || r == '\u2028' || r == '\uFFFD') {
						t.Fatalf("%U stands in the page", r)
					}
				}
				for _, n := range parsed(t, source).all("") {
					if !known[n.Data] && n.Data != "strong" {
						t.Errorf("data became the element %s", n.Data)
					}
					for _, a := range n.Attr {
						if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" || a.Key == "autofocus" || (a.Key == "href" && !strings.HasPrefix(a.Val, "https://entra.microsoft.com/")) {
							t.Errorf("data became %s=%q on %s", a.Key, a.Val, n.Data)
						}
					}
				}
			}
		})
	}
}

// document is a parsed page.
type document struct{ root *html.Node }

func parsed(t *testing.T, source string) document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	return document{root}
}

// all returns the elements with this tag, or all elements.
func (d document) all(tag string) []*html.Node {
	var out []*html.Node
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && (tag == "" || n.Data == tag) {
			out = append(out, n)
		}
	}
	return out
}

func (d document) first(tag string) *html.Node {
	if found := d.all(tag); len(found) > 0 {
		return found[0]
	}
	return nil
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// textOf is what a reader sees of n, a line for each text.
func textOf(n *html.Node) string {
	var lines []string
	if n == nil {
		return ""
	}
	for d := range n.Descendants() {
		if d.Type == html.TextNode && strings.TrimSpace(d.Data) != "" {
			lines = append(lines, strings.TrimSpace(d.Data))
		}
	}
	return strings.Join(lines, "\n")
}
