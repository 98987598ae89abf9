//go:build browser

// Package browser_test looks at cards and pages in a real browser, as readers do, with hostile text in them.
package browser_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
)

// What every test here needs. TestMain starts it, or fails.
var (
	chromium *driver
	emulator *azurite.Server
)

func TestMain(m *testing.M) {
	os.Exit(azurite.Run(m, func(s *azurite.Server) {
		emulator = s
		var err error
		if chromium, err = startDriver(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			s.Kill()
			os.Exit(1)
		}
	}))
}

// driver is the node process that drives Chromium. One order at a time.
type driver struct {
	in        io.Writer // stays open as long as we live: the driver ends with its input
	out       *bufio.Reader
	complains *bytes.Buffer
}

func startDriver() (*driver, error) {
	d := &driver{complains: &bytes.Buffer{}}
	process := exec.CommandContext(context.Background(), "node", "drive.mjs") // lives as long as the tests
	process.Stderr = d.complains
	in, err := process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("start the browser (is node installed?): %w", err)
	}
	d.in, d.out = in, bufio.NewReaderSize(out, 1<<20)
	return d, nil
}

// order is one line to the driver, which says what there is.
type order struct {
	Do      string   `json:"do"`
	Page    int      `json:"page"`
	Width   int      `json:"width,omitempty"`
	Height  int      `json:"height,omitempty"`
	Dark    bool     `json:"dark,omitempty"`
	Scale   int      `json:"scale,omitempty"`
	Address string   `json:"address,omitempty"`
	Keys    []string `json:"keys,omitempty"`
	Loads   bool     `json:"loads,omitempty"`
	Text    string   `json:"text,omitempty"`
	Script  string   `json:"script,omitempty"`
	Media   string   `json:"media,omitempty"`
}

func (d *driver) ask(o order) (json.RawMessage, error) {
	line, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("the browser has gone (was npm ci run in infra/local? is Chromium at $CHROMIUM?): %w: %s", err, d.complains)
	}
	answered, err := d.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the browser has gone (was npm ci run in infra/local? is Chromium at $CHROMIUM?): %w: %s", err, d.complains)
	}
	var answer struct {
		Value json.RawMessage `json:"value"`
		Error string          `json:"error"`
	}
	if err := json.Unmarshal(answered, &answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	return answer.Value, nil
}

// window is one window of the browser, with nothing kept from any other.
type window struct {
	t      *testing.T
	number int
}

func open(t *testing.T, look order) window {
	t.Helper()
	look.Do = "open"
	w := window{t: t}
	if err := json.Unmarshal(w.order(look), &w.number); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.order(order{Do: "close"}) })
	return w
}

func (w window) order(o order) json.RawMessage {
	w.t.Helper()
	o.Page = w.number
	value, err := chromium.ask(o)
	if err != nil {
		w.t.Fatalf("%s: %v", o.Do, err)
	}
	return value
}

// answer is what the server said.
type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"` // names in lower case
}

func (w window) goTo(address string) answer {
	w.t.Helper()
	return value[answer](w, order{Do: "go", Address: address})
}

// value is what an order answers.
func value[T any](w window, o order) T {
	w.t.Helper()
	var v T
	if err := json.Unmarshal(w.order(o), &v); err != nil {
		w.t.Fatalf("%s: %v", o.Do, err)
	}
	return v
}

// evaluate runs a script in the page, as the reader's browser may and the page itself may not.
func evaluate[T any](w window, script string) T {
	w.t.Helper()
	return value[T](w, order{Do: "evaluate", Script: script})
}

// text is all text of the page, also what is folded away.
func (w window) text() string {
	w.t.Helper()
	return evaluate[string](w, `document.title + "\n" + document.body.textContent`)
}

func (w window) happened() []string {
	w.t.Helper()
	return value[[]string](w, order{Do: "happened"})
}

// hears waits until the page has done this, for five seconds at most, and returns all that it did.
func (w window) hears(want string) string {
	w.t.Helper()
	var heard []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		heard = append(heard, w.happened()...)
		if all := strings.Join(heard, "\n"); strings.Contains(all, want) {
			return all
		}
	}
	w.t.Errorf("heard %q, want %q", heard, want)
	return strings.Join(heard, "\n")
}

// quiet fails if the page has done anything but stand there.
func (w window) quiet() {
	w.t.Helper()
	for _, what := range w.happened() {
		w.t.Errorf("the page does something: %s", what)
	}
}

// readable fails if text runs out of the window.
func (w window) readable() {
	w.t.Helper()
	if over := evaluate[int](w, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
		w.t.Errorf("the page is %d px wider than the window", over)
	}
}

// accessible fails on whatever axe finds, with everything unfolded.
func (w window) accessible() {
	w.t.Helper()
	evaluate[bool](w, `document.querySelectorAll("details").forEach((d) => { d.open = true }) ?? true`)
	w.readable()
	for _, what := range value[[]string](w, order{Do: "axe"}) {
		w.t.Errorf("axe: %s", what)
	}
}

// markup is every name of an element and, after a blank, of each attribute in the page, in order.
func (w window) markup() []string {
	w.t.Helper()
	names := evaluate[[]string](w, `[...document.querySelectorAll("*")].flatMap((e) =>
		[e.localName, ...e.getAttributeNames().map((a) => e.localName + " " + a)])`)
	slices.Sort(names)
	return slices.Compact(names)
}

// onlyMarkup fails if the page has an element or an attribute that is not in known.
func (w window) onlyMarkup(known []string) {
	w.t.Helper()
	for _, name := range w.markup() {
		if !slices.Contains(known, name) {
			w.t.Errorf("data became markup: <%s>", name)
		}
	}
}

// oneWay fails if invisible characters that turn text around got onto the page.
func (w window) oneWay() {
	w.t.Helper()
	if at := strings.IndexAny(w.text(), "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"); at >= 0 {
		w.t.Errorf("a character that turns the direction of writing is in the page, at %d", at)
	}
}
