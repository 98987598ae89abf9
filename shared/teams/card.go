package teams

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/outside"
)

// MaxBytes bounds what Card returns. Teams takes about 28 KB, some of its clients 21 KB.
const MaxBytes = 20_000

// limits bound the parts of a card, in runes and in numbers of lines.
type limits struct {
	headline, mark, meaning, action, name, value int
	facts, links, url                            int
}

// ladder goes from how a card should be to what fits in MaxBytes whatever the text: a rune of
// outside text takes five bytes at most (a backslash, escaped, and a zero-width space).
var ladder = []limits{
	{headline: 300, mark: 200, meaning: 800, action: 400, name: 40, value: 300, facts: 30, links: 6, url: 1500},
	{headline: 240, mark: 120, meaning: 500, action: 300, name: 32, value: 160, facts: 16, links: 5, url: 1000},
	{headline: 160, mark: 80, meaning: 300, action: 160, name: 24, value: 80, facts: 10, links: 4, url: 800},
}

// Card returns the body of the request that shows m in a Teams channel: an Adaptive Card 1.4 in
// the envelope of a Workflows webhook, as JSON of at most MaxBytes. The same message always gives
// the same bytes. Text of m is shown as plain text, whatever it holds; what had to be cut or left
// out is said on the card.
func Card(m alert.Message) []byte {
	var body []byte
	for _, l := range ladder {
		body = encode(layout(m, l))
		if len(body) <= MaxBytes {
			break
		}
	}
	return body
}

func encode(c card) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // "&" in addresses would cost six bytes
	if err := e.Encode(envelope{
		Type: "message",
		Attachments: []attachment{{
			ContentType: "application/vnd.microsoft.card.adaptive",
			Content:     c,
		}},
	}); err != nil {
		// The types above hold strings, bools and lists only, and those always encode.
		panic("encode a card: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func layout(m alert.Message, l limits) card {
	look := lookOf(m)
	words := headline(m.Headline, m.Emphasis, l.headline)
	if words == "" {
		words = "Something happened, but the record does not say what"
	}
	c := card{
		Type: "AdaptiveCard", Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Version: "1.4",
		FallbackText: strings.ReplaceAll(look.label+": "+words, "**", ""),
		MSTeams:      msTeams{Width: "Full"},
	}
	top := []element{
		{Type: "TextBlock", Text: strings.Join(labels(m, look, l), " · "), Size: "Small", Weight: "Bolder"},
		{Type: "TextBlock", Text: words, Style: "heading", Size: "Medium", Weight: "Default", Spacing: "Small"},
	}
	if mark := escape(m.Mark, l.mark); mark != "" {
		top = append(top, element{Type: "TextBlock", Text: mark, Weight: "Bolder", Spacing: "Small"})
	}
	c.Body = append(c.Body, element{Type: "Container", Style: look.style, Bleed: true, Items: wrapped(top)})
	c.Body = append(c.Body, wrapped(facts(m.Facts, l))...)
	c.Body = append(c.Body, wrapped(advice(m, l))...)
	actions, left := links(m.Links, l)
	c.Actions = actions
	c.Body = append(c.Body, wrapped(foot(m, left))...)
	return c
}

// look is how the head of a card appears: the label says in words what the colour says.
type look struct{ label, style string }

func lookOf(m alert.Message) look {
	l := severityLook(m.Severity)
	switch m.Kind {
	case alert.MessageAlert:
	case alert.MessageSummary:
		l.label += " · More of the same"
	case alert.MessageEscalation:
		return look{l.label + " · Reminder", "attention"}
	case alert.MessageNotice:
		switch {
		case m.Progress == alert.ProgressAcknowledged:
			return look{"✓ Acknowledged", "good"}
		case m.Progress == alert.ProgressClosed:
			return look{"✓ Closed", "good"}
		case !m.Severity.Alertable():
			return look{"● Notice", "emphasis"}
		}
		l.label += " · Notice"
	case alert.MessageDigest:
		if !m.Severity.Alertable() {
			return look{"● Daily report", "good"}
		}
		l.label += " · Daily report"
	}
	return l
}

func severityLook(s detect.Severity) look {
	switch s {
	case detect.Info:
		return look{"● INFO", "emphasis"}
	case detect.Medium:
		return look{"◆ MEDIUM", "accent"}
	case detect.High:
		return look{"▲ HIGH", "warning"}
	case detect.Critical:
		return look{"■ CRITICAL", "attention"}
	}
	// From a newer version: taken as seriously as detect.Severity.Rank takes it.
	return look{"■ CRITICAL", "attention"}
}

func labels(m alert.Message, look look, l limits) []string {
	parts := []string{look.label}
	if account := escape(m.Account, l.name); account != "" && !strings.Contains(m.Headline, m.Account) {
		parts = append(parts, account)
	}
	if !m.HappenedAt.IsZero() {
		parts = append(parts, m.HappenedAt.UTC().Format("2 January 2006, 15:04:05 UTC"))
	}
	return parts
}

func facts(all []alert.Fact, l limits) []element {
	if len(all) == 0 {
		return nil
	}
	set := element{Type: "FactSet", Spacing: "Medium"}
	for _, f := range all[:min(len(all), l.facts)] {
		set.Facts = append(set.Facts, fact{Title: orDash(escape(f.Name, l.name)), Value: orDash(escape(f.Value, l.value))})
	}
	out := []element{set}
	if more := len(all) - l.facts; more > 0 {
		out = append(out, element{Type: "TextBlock", Text: fmt.Sprintf("… and %d more", more), IsSubtle: true, Spacing: "Small"})
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// advice is what the message means and what to do now, three things at most.
func advice(m alert.Message, l limits) []element {
	var out []element
	if meaning := escape(m.Meaning, l.meaning); meaning != "" {
		out = append(out,
			element{Type: "TextBlock", Text: "What it means", Weight: "Bolder", Spacing: "Medium"},
			element{Type: "TextBlock", Text: meaning, Spacing: "None"})
	}
	if len(m.Actions) == 0 {
		return out
	}
	out = append(out, element{Type: "TextBlock", Text: "What to do now", Weight: "Bolder", Spacing: "Medium"})
	for i, a := range m.Actions[:min(len(m.Actions), 3)] {
		out = append(out, element{Type: "TextBlock", Text: fmt.Sprintf("%d. %s", i+1, orDash(escape(a, l.action))), Spacing: "None"})
	}
	return out
}

// links returns the buttons, and how many addresses were left out because a reader should not open
// them. If there are too many, the last one stays: those of this channel come last.
func links(all []alert.Link, l limits) (out []action, left int) {
	for _, k := range all {
		title := outside.Line(k.Title, 40)
		if title == "" || len(k.URL) > l.url || !outside.Openable(k.URL) {
			left++
			continue
		}
		out = append(out, action{Type: "Action.OpenUrl", Title: title, URL: k.URL})
	}
	if len(out) > l.links {
		left += len(out) - l.links
		out = append(out[:l.links-1], out[len(out)-1])
	}
	return out, left
}

// foot carries the witness line, alone in its block so that it can be copied and checked as it is.
func foot(m alert.Message, left int) []element {
	note := "Ledger entry:"
	if rule := escape(m.Rule, 60); rule != "" {
		note = "Rule " + rule + ". " + note
	}
	if left > 0 {
		note = fmt.Sprintf("%d not shown of the links: too many, or no safe address. ", left) + note
	}
	return []element{
		{Type: "TextBlock", Text: note, Size: "Small", IsSubtle: true, Separator: true, Spacing: "Medium"},
		{Type: "TextBlock", Text: escape(m.Witness(), 160), Size: "Small", IsSubtle: true, FontType: "Monospace", Spacing: "None"},
	}
}

// wrapped lets every text run over as many lines as it needs; a client cuts it off otherwise.
func wrapped(elements []element) []element {
	for i := range elements {
		elements[i].Wrap = elements[i].Type == "TextBlock"
	}
	return elements
}
