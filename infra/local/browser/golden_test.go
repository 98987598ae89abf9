//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var looker = filepath.Join("..", "cards", "axe.mjs")

// look runs the script that opens pages and cards on a phone and a desk, light and dark.
func look(t *testing.T, files ...string) (said string, err error) {
	t.Helper()
	process := exec.CommandContext(t.Context(), "node", append([]string{looker}, files...)...)
	out, err := process.CombinedOutput()
	return string(out), err
}

// Every golden card and page, so that whoever changes one sees at once who can no longer read it.
func TestGoldenCardsAndPagesAreReadable(t *testing.T) {
	t.Parallel() // axe takes its time, in a browser of its own
	files := append(golden(t, "pages", "html"), golden(t, "teams", "json")...)
	said, err := look(t, files...)
	want := fmt.Sprintf("%d pages and cards at 2 widths in 2 colour schemes: 0 findings", len(files))
	if err != nil || !strings.Contains(said, want) {
		t.Errorf("%v; want %q:\n%s", err, want, said)
	}
}

func golden(t *testing.T, room, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", room, "testdata", "*.golden."+kind))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d golden files of %s: %v", len(files), room, err)
	}
	return files
}

const unreadable = `<!doctype html><html lang="en"><head><title>x</title></head><body><main><h1>x</h1>
<p style="color:#ccc;background:#fff">Too pale.</p><pre style="width:2000px">Too wide.</pre>
<img src="https://evil.example/pixel.png" alt="From elsewhere."><script>alert("Runs.")</script></main></body></html>`

func TestTheLookerSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "unreadable.html")
	if err := os.WriteFile(file, []byte(unreadable), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := look(t, file)
	if err == nil {
		t.Error("a page that nobody can read passes")
	}
	for _, want := range []string{"color-contrast", "px wider than the window", "asks for https://evil.example/pixel.png", "opens a dialog: Runs."} {
		if !strings.Contains(said, want) {
			t.Errorf("not seen: %q in\n%s", want, said)
		}
	}
}

// What the tests of this package call quiet must not be deafness.
func TestTheDriverHearsWhatAPageDoes(t *testing.T) {
	pages := map[string]struct{ policy, body, want string }{
		"runs a script":     {"", `<script>ran("x")</script>`, "script: x"},
		"opens a dialog":    {"", `<script>alert("x")</script>`, "dialog: x"},
		"complains":         {"", `<script>console.error("x")</script>`, "console: x"},
		"throws":            {"", `<script>throw new Error("x")</script>`, "error: x"},
		"loads":             {"", `<img src="https://evil.example/x">`, "request: https://evil.example/x"},
		"is held back":      {"default-src 'none'", `<script>ran("x")</script>`, "violation: script-src-elem inline"},
		"opens a window":    {"", `<a id="x" href="about:blank" target="_blank">x</a><script>x.click()</script>`, "window: about:blank"},
		"follows a handler": {"", `<img src="/none" onerror="ran('x')">`, "script: x"},
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Type", "text/html")
				if page.policy != "" {
					w.Header().Set("Content-Security-Policy", page.policy)
				}
				_, _ = fmt.Fprintf(w, "<!doctype html><title>x</title>%s", page.body)
			}))
			defer server.Close()
			w := open(t, order{Width: 390})
			w.goTo(server.URL)
			heard := w.hears(page.want)
			if page.policy != "" && strings.Contains(heard, "script: x") {
				t.Error("the policy held nothing back")
			}
		})
	}
}
