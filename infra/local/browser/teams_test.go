//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"glasswatch/infra/local/teamspage"
	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/teams"
	"glasswatch/shared/webhook"
)

// forged are cards that Glasswatch never sends, from somebody who has the webhook's address: each
// would load or run something if the page let it.
func forged() map[string]string {
	card := func(body string) string {
		return `{"type":"AdaptiveCard","version":"1.4","body":[` + body + `]}`
	}
	action := func(a string) string {
		return `{"type":"AdaptiveCard","version":"1.4","body":[{"type":"TextBlock","text":"x"}],"actions":[` + a + `]}`
	}
	return map[string]string{
		"picture":    card(`{"type":"Image","url":"https://evil.example/pixel.png","altText":"x"}`),
		"inline":     card(`{"type":"Image","url":"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='ran(1)'/>"}`),
		"background": `{"type":"AdaptiveCard","version":"1.4","backgroundImage":"https://evil.example/b.png","body":[{"type":"TextBlock","text":"x"}]}`,
		"film":       card(`{"type":"Media","poster":"https://evil.example/p.png","sources":[{"mimeType":"video/mp4","url":"https://evil.example/v.mp4"}]}`),
		"field":      card(`{"type":"Input.Text","id":"x","placeholder":"password"},{"type":"Input.Toggle","id":"y","title":"x"}`),
		"address":    action(`{"type":"Action.OpenUrl","title":"x","url":"javascript:ran('address')"}`),
		"data":       action(`{"type":"Action.OpenUrl","title":"x","url":"data:text/html,<script>ran(1)</script>"}`),
		"command":    action(`{"type":"Action.Submit","title":"x","data":{"a":1}}`),
		"markup":     card(`{"type":"TextBlock","text":"<img src=x onerror=ran('markup')> <script>ran(2)</script>"}`),
		"link":       card(`{"type":"TextBlock","text":"[x](javascript:ran('link')) [y](vbscript:x) <https://evil.example/>"}`),
		"element":    card(`{"type":"<script>ran('element')</script>"}`),
	}
}

// TestTheChannelPage feeds the page that shows the Teams channel with every golden card, with
// cards and fallback messages that hold hostile text wherever a text can be, and with forged ones.
func TestTheChannelPage(t *testing.T) {
	p := channels(t, drawn, newClock(night).now)
	cards := 0
	for _, file := range golden(t, "teams", "json") {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		postCard(t, p, body)
		cards++
	}
	known := channelMarkup(t, p)

	channel := teams.New(teams.Options{URL: p.WebhookURL()})
	fallback := webhook.New(webhook.Options{URL: p.FallbackURL(), Format: webhook.FormatCloudEvents, Secret: p.FallbackSecret(), Now: newClock(night).now})
	messages := 0
	for _, hostile := range hostileTexts() {
		m := alert.Message{HappenedAt: night, Sequence: 3}
		poisonAll(reflect.ValueOf(&m).Elem(), hostile.Text)
		m.Kind, m.Severity = alert.MessageAlert, detect.Critical
		for _, to := range []alert.Sender{channel, fallback} {
			if _, err := to.Send(t.Context(), m); err != nil {
				t.Fatalf("%s on %s: %v", hostile.Name, to.Name(), err)
			}
		}
		cards++
		messages++
	}
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Cards() {
		if len(c.Problems) > 0 || c.Size > 20<<10 {
			t.Errorf("card %d has %d bytes, problems %q", c.Number, c.Size, c.Problems)
		}
	}
	w := open(t, order{Width: 1280})
	w.channel(p, cards, messages)
	if said := w.text(); !strings.Contains(said, "Teams would show every card as it is here.") {
		t.Errorf("the page does not say that all cards are as they should be: %.300q", said)
	}
	w.onlyMarkup(known)
	if links := evaluate[[]string](w, `[...document.links].map((a) => a.href).filter((a) => a.includes("evil"))`); len(links) > 0 {
		t.Errorf("data became links: %q", links)
	}

	for name, card := range forged() {
		postCard(t, p, fmt.Appendf(nil, `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":%s}]}`, card))
		cards++
		if err := p.Settle(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, look := range []order{{Width: 1280}, {Width: 360, Dark: true}} {
		w := open(t, look)
		w.channel(p, cards, messages)
		w.goTo(p.URL() + "?still")
		w.accessible()
		for _, link := range evaluate[[]string](w, `[...document.links].map((a) => a.href)`) {
			if !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://127.0.0.1") {
				t.Errorf("a link leads to %q", link)
			}
		}
	}
}

// channel opens the page and holds it to having all cards and messages on it, and doing nothing.
func (w window) channel(p *teamspage.Page, cards, messages int) {
	w.t.Helper()
	w.goTo(p.URL())
	w.quiet()
	w.readable()
	w.oneWay()
	if got, want := w.heading(), fmt.Sprintf("Teams channel: %d cards", cards); got != want {
		w.t.Errorf("the page is called %q, want %q", got, want)
	}
	for what, want := range map[string]int{"article": cards, ".glasswatch-card, article > pre": cards, "main > details": messages, "script, iframe, img, input, object, video, style ~ style, svg": 0} {
		if got := evaluate[int](w, `document.querySelectorAll("`+what+`").length`); got != want {
			w.t.Errorf("%d of %q on the page, want %d", got, what, want)
		}
	}
	if empty := evaluate[int](w, `[...document.querySelectorAll(".glasswatch-card")].filter((e) => e.getBoundingClientRect().height < 20).length`); empty > 0 {
		w.t.Errorf("%d cards cannot be seen", empty)
	}
}

// channelMarkup is what is on the page once it shows the golden cards and a plain message.
func channelMarkup(t *testing.T, p *teamspage.Page) []string {
	t.Helper()
	if err := p.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := open(t, order{Width: 1280})
	w.goTo(p.URL())
	return append(w.markup(), "details", "summary", "pre", "pre tabindex")
}

func postCard(t *testing.T, p *teamspage.Page, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.WebhookURL(), strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = a.Body.Close(); a.StatusCode != http.StatusAccepted {
		t.Fatalf("a card is answered with %s", a.Status)
	}
}
