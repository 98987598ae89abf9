//go:build browser

package browser_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/sample"
	"glasswatch/shared/alert"
)

// incident is an incident of one account, and the link to it that a card in Teams holds.
func incident(t *testing.T) (s *stack, who sample.Person, address string) {
	t.Helper()
	g := sample.New(5)
	who = g.Tenant.BreakGlass[0]
	s = newStack(t, g.Tenant.BreakGlass, undrawn)
	return s, who, s.link(s.happens(who, sample.Message(deeds(g, who)...)))
}

func TestAcknowledgingByKeyboardAlone(t *testing.T) {
	s, who, address := incident(t)
	w := open(t, order{Width: 390})
	w.goTo(address)
	if first := w.heading(); !strings.HasPrefix(first, "Nobody has acknowledged the 03:") {
		t.Errorf("first line %q", first)
	}
	reached := false
	for range 4 {
		w.order(order{Do: "press", Keys: []string{"Tab"}})
		if reached = evaluate[string](w, `document.activeElement.name ?? ""`) == "name"; reached {
			break
		}
	}
	if !reached {
		t.Fatal("the field for the name is not among the first things that the Tab key reaches")
	}
	if outline := evaluate[string](w, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
		t.Error("nobody can see which field has the keyboard")
	}
	if label := evaluate[string](w, `document.activeElement.labels[0].textContent`); label != "Your name" {
		t.Errorf("the field is called %q", label)
	}
	w.order(order{Do: "press", Keys: []string{"Tab"}})
	if button := evaluate[string](w, `document.activeElement.textContent`); button != "Acknowledge" {
		t.Fatalf("after the name comes %q", button)
	}
	w.order(order{Do: "press", Keys: []string{"Enter"}}) // without a name
	if first := w.heading(); !strings.HasPrefix(first, "Nobody has acknowledged") {
		t.Fatalf("acknowledged without a name: %q", first)
	}
	if at := evaluate[string](w, `document.activeElement.name ?? ""`); at != "name" {
		t.Fatalf("the keyboard is not led back to the name but to %q", at)
	}
	w.order(order{Do: "type", Text: "Kari Nordmann"})
	w.order(order{Do: "press", Keys: []string{"Tab", "Space"}, Loads: true})

	if first := w.heading(); !strings.HasPrefix(first, "You have acknowledged the 03:") {
		t.Errorf("the page after it says %q", first)
	}
	for _, want := range []string{"Noted under the name Kari Nordmann.", "Kari Nordmann, by the link on Teams: just now", "Reminders stop on Teams only"} {
		if !strings.Contains(w.text(), want) {
			t.Errorf("the page after it does not say %q", want)
		}
	}
	if evaluate[int](w, `document.forms.length`) != 0 {
		t.Error("the page after it asks once more")
	}
	w.quiet()
	w.accessible()
	w.goTo(address)
	if first := w.heading(); !strings.HasPrefix(first, "Kari Nordmann acknowledged the 03:") {
		t.Errorf("to the next reader it says %q", first)
	}
	s.told(who, "Acknowledged by Kari Nordmann")
}

func (w window) heading() string {
	w.t.Helper()
	return evaluate[string](w, `document.querySelector("h1").textContent`)
}

// told fails unless both channels have been told this of the account.
func (s *stack) told(who sample.Person, words string) {
	s.t.Helper()
	alerts, err := s.journal.Alerts(s.t.Context(), "account-"+who.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, a := range alerts {
		took := 0
		for _, c := range a.Channels {
			if c.State == alert.Delivered {
				took++
			}
		}
		if strings.HasPrefix(a.Headline, words) && took == 2 {
			return
		}
	}
	s.t.Errorf("the channels were not told %q", words)
}

func TestReadingChangesNothing(t *testing.T) {
	s, who, address := incident(t)
	before := s.everything(t.Context(), who)
	unchanged := func(after string) {
		t.Helper()
		if diff := cmp.Diff(before, s.everything(context.WithoutCancel(t.Context()), who)); diff != "" {
			t.Fatalf("after %s the stream is another (-before +after):\n%s", after, diff)
		}
	}
	w := open(t, order{Width: 390})
	w.goTo(address)
	w.goTo(address)
	unchanged("reading the page")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete} {
		for _, more := range []string{"", "&name=Kari&sequence=99"} {
			s.request(method, address+more)
		}
	}
	unchanged("requests that scanners make")
	for _, link := range evaluate[[]string](w, `[...document.links].map((a) => a.href)`) {
		if here, _ := url.Parse(address); strings.Contains(link, here.Host) {
			t.Errorf("the page leads back to its own server: %s", link)
		}
	}
	s.post(strings.Replace(address, "token=", "token=A", 1), s.form(id(t, address), "Mallory"))
	unchanged("a forged token")

	form := s.form(id(t, address), "Kari Nordmann")
	s.post(address, form)
	if before = s.everything(t.Context(), who); len(before) == 0 {
		t.Fatal("nothing there")
	}
	for range 3 {
		s.post(address, form)
	}
	unchanged("the same form sent again")
	w.goTo(address)
	unchanged("reading who acknowledged")
	if said := w.text(); strings.Count(said, "Kari Nordmann, by the link on Teams") != 1 {
		t.Errorf("the page does not name her once: %.600s", said)
	}
}

func (s *stack) request(method, address string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = a.Body.Close()
}

// id is the incident that a link leads to.
func id(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path[strings.LastIndexByte(u.Path, '/')+1:]
}

// TestThePolicyHoldsEvenIfMarkupGetsThrough puts markup into the page behind the server's back.
func TestThePolicyHoldsEvenIfMarkupGetsThrough(t *testing.T) {
	_, _, address := incident(t)
	w := open(t, order{Width: 390})
	headers := w.goTo(address).Headers
	for directive := range strings.SplitSeq(headers["content-security-policy"], ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
		allowed := map[string]string{"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": "'self'"}
		if want, known := allowed[name]; known && sources == want {
			continue
		}
		if name != "style-src" || !strings.HasPrefix(sources, "'sha256-") || strings.Contains(sources, " ") {
			t.Errorf("the policy allows %s %s", name, sources)
		}
	}
	for name, want := range map[string]string{"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff", "x-frame-options": "DENY"} {
		if headers[name] != want {
			t.Errorf("%s is %q, want %q", name, headers[name], want)
		}
	}
	w.quiet()
	for name, through := range map[string]string{
		"handler":  `<img src=x onerror="ran('handler')">`,
		"picture":  `<img src="https://evil.example/x">`,
		"frame":    `<iframe src="https://evil.example/x"></iframe>`,
		"style":    `<style>body { display: none }</style>`,
		"its own":  `<p style="position:fixed;inset:0">x</p>`,
		"object":   `<object data="/x"></object>`,
		"redirect": `<form action="https://evil.example/" id="away"><button id="go">x</button></form>`,
	} {
		evaluate[bool](w, `document.body.insertAdjacentHTML("beforeend", `+"`"+through+"`"+`) ?? true`)
		if name == "redirect" {
			evaluate[bool](w, `document.getElementById("go").click() ?? true`)
		}
		if heard := w.hears("violation: "); strings.Contains(heard, "script: ") || strings.Contains(heard, "request: ") {
			t.Errorf("%s gets through: %s", name, heard)
		}
	}
	evaluate[bool](w, `(() => { const s = document.createElement("script"); s.textContent = "ran('element')"; document.body.append(s); return true })()`)
	if heard := w.hears("violation: script-src-elem"); strings.Contains(heard, "script: ") {
		t.Errorf("a script element runs: %s", heard)
	}
}

func TestALinkThatDoesNotHold(t *testing.T) {
	s, _, address := incident(t)
	w := open(t, order{Width: 390})
	for name, wrong := range map[string]string{
		"forged":        strings.Replace(address, "token=", "token=A", 1),
		"no token":      address[:strings.IndexByte(address, '?')],
		"other channel": strings.Replace(address, "channel=teams", "channel=fallback", 1),
		"expired":       s.links.URL(id(t, address), alert.ChannelTeams, night.Add(-2*alert.LinkFor)),
		"hostile":       address + "&channel=<script>ran('x')</script>",
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			if a := w.goTo(wrong); a.Status != http.StatusForbidden || a.Headers["content-security-policy"] == "" {
				t.Errorf("status %d, headers %v", a.Status, a.Headers)
			}
			if said := w.heading(); said != "This link is not valid, or no longer." {
				t.Errorf("it says %q", said)
			}
			if text := w.text(); strings.Contains(text, "bg-") || evaluate[int](w, `document.forms.length`) > 0 {
				t.Errorf("the refusal gives something away: %q", text)
			}
			w.accessible()
		})
	}
}

func TestTheIncidentPageOnPhonesAndOnPaper(t *testing.T) {
	_, _, address := incident(t)
	for _, look := range []order{{Width: 390}, {Width: 390, Dark: true}, {Width: 360}, {Width: 1280}} {
		w := open(t, look)
		w.goTo(address)
		w.quiet()
		w.readable()
		if size := evaluate[float64](w, `Math.min(...[...document.querySelectorAll("main *")].filter((e) => e.checkVisibility()).map((e) => parseFloat(getComputedStyle(e).fontSize)))`); size < 12 {
			t.Errorf("text of %g px at %d px", size, look.Width)
		}
		for what, selector := range map[string]string{"what to do": "#do", "the button": "form button"} {
			if at := evaluate[float64](w, `document.querySelector("`+selector+`").getBoundingClientRect().bottom`); at > 800 {
				t.Errorf("%s is %g px down the page at %d px: out of sight", what, at, look.Width)
			}
		}
		if height := evaluate[float64](w, `document.querySelector("form button").getBoundingClientRect().height`); height < 44 {
			t.Errorf("the button is %g px high: too small for a thumb", height)
		}
		w.accessible()
	}
	w := open(t, order{Width: 794, Dark: true}) // A4 at 96 px to the inch
	w.goTo(address)
	w.order(order{Do: "media", Media: "print"})
	w.readable()
	if evaluate[bool](w, `[...document.querySelectorAll("form, input, button")].some((e) => e.checkVisibility())`) {
		t.Error("what cannot be used on paper is printed")
	}
	if !evaluate[bool](w, `[...document.querySelectorAll("details > dl")].every((e) => e.checkVisibility())`) {
		t.Error("what is folded away is lost on paper")
	}
	if ink := evaluate[string](w, `getComputedStyle(document.body).color + " on " + getComputedStyle(document.body).backgroundColor`); ink != "rgb(0, 0, 0) on rgb(255, 255, 255)" {
		t.Errorf("printed %s", ink)
	}
	printed := value[struct {
		Pages int `json:"pages"`
	}](w, order{Do: "pdf"})
	if printed.Pages < 1 || printed.Pages > 5 {
		t.Errorf("an incident of eight events takes %d sheets", printed.Pages)
	}
}
