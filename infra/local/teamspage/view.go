package teamspage

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"time"
)

// refreshSeconds is how often a browser loads the page again by itself.
const refreshSeconds = 5

// pageStyle adds to the style sheet of the cards what is around them.
const pageStyle = `
h1 { font-size:20px; }
h2 { font-size:16px; margin:28px 0 8px; }
.lead { margin:0 0 16px; }
.lead a, summary { color:var(--accent); }
:focus-visible { outline:2px solid var(--accent); outline-offset:2px; }
.problem { border:2px solid var(--attention); border-radius:6px; padding:8px 12px; margin:0 0 8px; color:var(--attention); }
.problem ul { margin:4px 0 0; padding-left:20px; }
pre { white-space:pre-wrap; overflow-wrap:anywhere; font-size:12px; background:var(--emphasis-fill); padding:8px; border-radius:4px; max-height:16em; overflow:auto; }
details { margin:0 0 8px; }
summary { cursor:pointer; }
`

// show is the page: the channel with its cards, newest first, then the fallback channel. With
// ?still it does not renew itself under the reader's eyes.
func (p *Page) show(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	cards, messages, now := slices.Clone(p.cards), slices.Clone(p.messages), p.now()
	notes := []string{describeFault(Teams, p.faults[Teams]), describeFault(Fallback, p.faults[Fallback]), "No heartbeat has come."}
	if p.beats > 0 {
		notes[2] = fmt.Sprintf("The last heartbeat came %s.", when(p.lastBeat, now))
	}
	p.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(p.page(cards, messages, strings.TrimSpace(strings.Join(notes, " ")), now, r.URL.Query().Has("still"))))
}

func (p *Page) page(cards []Card, messages []Message, notes string, now time.Time, still bool) string {
	title := fmt.Sprintf("Teams channel: %s", counted(len(cards), "card"))
	renews := fmt.Sprintf(`<meta http-equiv="refresh" content="%d">`, refreshSeconds)
	choice := fmt.Sprintf(`This page renews itself every %d s. <a href="/?still">Hold it still</a>`, refreshSeconds)
	if still {
		renews, choice = "", `This page is held still. <a href="/">Let it renew itself</a>`
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`+
		"%s<title>%s</title><style>%s%s</style></head><body><main>\n", renews, html.EscapeString(title), p.style, pageStyle)
	fmt.Fprintf(&b, "<h1>%s</h1>\n<p class=\"lead\">%s</p>\n<p class=\"lead\">%s</p>\n",
		html.EscapeString(title), html.EscapeString(summary(cards, messages, notes, now)), choice)
	for _, c := range slices.Backward(cards) {
		writeCard(&b, c, now)
	}
	fmt.Fprintf(&b, "<h2>Fallback channel, outside Microsoft 365: %s</h2>\n", counted(len(messages), "message"))
	for _, m := range slices.Backward(messages) {
		writeMessage(&b, m, now)
	}
	b.WriteString("</main></body></html>\n")
	return b.String()
}

// summary is the sentence that answers the reader's question.
func summary(cards []Card, messages []Message, notes string, now time.Time) string {
	wrong := 0
	for _, c := range cards {
		if len(c.Problems) > 0 {
			wrong++
		}
	}
	var said []string
	switch {
	case len(cards) == 0:
		said = append(said, "Nothing has been posted to the channel yet.")
	default:
		said = append(said, fmt.Sprintf("The last card arrived %s.", when(cards[len(cards)-1].ArrivedAt, now)))
	}
	switch {
	case wrong > 0:
		said = append(said, fmt.Sprintf("%s would not be shown as it should be: look for the framed notes.", counted(wrong, "card")))
	case len(cards) > 0:
		said = append(said, "Teams would show every card as it is here.")
	}
	said = append(said, fmt.Sprintf("The fallback channel has taken %s.", counted(len(messages), "message")))
	return strings.Join(append(said, notes), " ")
}

func describeFault(c Channel, f Fault) string {
	if f.Mode == "" || f.Mode == Well {
		return ""
	}
	return fmt.Sprintf("The %s receiver is set to fail (%s).", c, f.Mode)
}

func writeCard(b *strings.Builder, c Card, now time.Time) {
	fmt.Fprintf(b, `<article id="card-%d"><header>Card %d, arrived %s, %d bytes`, c.Number, c.Number, html.EscapeString(when(c.ArrivedAt, now)), c.Size)
	if c.Lost {
		b.WriteString("; its sender was not told")
	}
	b.WriteString("</header>\n")
	if len(c.Problems) > 0 {
		b.WriteString(`<div class="problem">Teams would not show this card as it should be:<ul>`)
		for _, problem := range c.Problems {
			fmt.Fprintf(b, "<li>%s</li>", html.EscapeString(problem))
		}
		b.WriteString("</ul></div>\n")
	}
	switch {
	case c.HTML != "":
		b.WriteString(c.HTML) // drawn by the renderer, which lets through neither scripts nor handlers
	case !c.Rendered:
		b.WriteString("<p>Being drawn.</p>")
	default:
		fmt.Fprintf(b, "<p>Shown as text, because it was not drawn.</p><pre tabindex=\"0\">%s</pre>", html.EscapeString(string(c.Body)))
	}
	b.WriteString("</article>\n")
}

func writeMessage(b *strings.Builder, m Message, now time.Time) {
	note := ""
	if m.Repeat {
		note += "; sent again"
	}
	if m.Lost {
		note += "; its sender was not told"
	}
	fmt.Fprintf(b, `<details><summary>Message %d, arrived %s, %s%s</summary><pre tabindex="0">%s</pre></details>`+"\n",
		m.Number, html.EscapeString(when(m.ArrivedAt, now)), html.EscapeString(m.Type), note, html.EscapeString(string(m.Body)))
}

// when says a time relatively and exactly.
func when(at, now time.Time) string {
	ago := max(now.Sub(at), 0).Round(time.Second)
	exact := at.UTC().Format("15:04:05.000 UTC")
	switch {
	case ago < time.Minute:
		return fmt.Sprintf("%d s ago, %s", int(ago.Seconds()), exact)
	case ago < time.Hour:
		return fmt.Sprintf("%d min ago, %s", int(ago.Minutes()), exact)
	default:
		return fmt.Sprintf("%d h %d min ago, %s", int(ago.Hours()), int(ago.Minutes())%60, exact)
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

type cardLine struct {
	Number    int             `json:"number"`
	ArrivedAt time.Time       `json:"arrivedAt"`
	Bytes     int             `json:"bytes"`
	Witnesses []Witness       `json:"witnesses"`
	Problems  []string        `json:"problems"`
	Rendered  bool            `json:"rendered"`
	Lost      bool            `json:"lost"`
	Message   json.RawMessage `json:"message"`
}

// listCards is GET /cards.json: every card in order of arrival, for tests in other processes.
func (p *Page) listCards(w http.ResponseWriter, _ *http.Request) {
	out := []cardLine{}
	for _, c := range p.Cards() {
		out = append(out, cardLine{c.Number, c.ArrivedAt, c.Size, orNone(c.Witnesses), orNone(c.Problems), c.Rendered, c.Lost, c.Body})
	}
	writeJSON(w, out)
}

type messageLine struct {
	Number    int             `json:"number"`
	ArrivedAt time.Time       `json:"arrivedAt"`
	ID        string          `json:"id"`
	Witnesses []Witness       `json:"witnesses"`
	Repeat    bool            `json:"repeat"`
	Lost      bool            `json:"lost"`
	Message   json.RawMessage `json:"message"`
}

// listMessages is GET /messages.json: what the fallback channel was sent, in order of arrival.
func (p *Page) listMessages(w http.ResponseWriter, _ *http.Request) {
	out := []messageLine{}
	for _, m := range p.Messages() {
		out = append(out, messageLine{m.Number, m.ArrivedAt, m.ID, orNone(m.Witnesses), m.Repeat, m.Lost, m.Body})
	}
	writeJSON(w, out)
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func writeJSON[T any](w http.ResponseWriter, v T) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}
