package webhook

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/outside"
)

// Bounds of the Events API v2, in characters; we count bytes where the id is ours.
const (
	maxSummary  = 1024
	maxDedupKey = 255
)

type pageEvent struct {
	RoutingKey  string       `json:"routing_key"`
	EventAction string       `json:"event_action"`
	DedupKey    string       `json:"dedup_key"`
	Payload     *pagePayload `json:"payload,omitempty"` // a trigger has one
	Client      string       `json:"client,omitempty"`
	ClientURL   string       `json:"client_url,omitempty"`
	Links       []pageLink   `json:"links,omitempty"`
}

type pagePayload struct {
	Summary       string `json:"summary"`
	Source        string `json:"source"`
	Severity      string `json:"severity"`
	Timestamp     string `json:"timestamp"`
	Component     string `json:"component,omitempty"`
	Group         string `json:"group,omitempty"`
	Class         string `json:"class,omitempty"`
	CustomDetails Data   `json:"custom_details"`
}

type pageLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

func page(m alert.Message, routingKey, instance string, now time.Time) pageEvent {
	p := pageEvent{RoutingKey: routingKey, EventAction: pageAction(m), DedupKey: dedupKey(m)}
	if p.EventAction != "trigger" {
		return p
	}
	at := m.HappenedAt
	if at.IsZero() {
		at = now
	}
	d := dataOf(m)
	p.Payload = &pagePayload{
		Summary: summary(m), Source: outside.Line(instance, maxName), Severity: pageSeverity(m.Severity),
		Timestamp: at.UTC().Format(time.RFC3339Nano), Component: outside.Line(m.Account, maxName),
		Group: "break-glass", Class: outside.Line(m.Rule, maxName), CustomDetails: d,
	}
	p.Client = "Glasswatch"
	for _, l := range d.Links {
		p.ClientURL = cmp.Or(p.ClientURL, l.URL)
		p.Links = append(p.Links, pageLink{Href: l.URL, Text: l.Title})
	}
	return p
}

// pageAction acts on PagerDuty's own incident only where there is one.
func pageAction(m alert.Message) string {
	if m.Kind != alert.MessageNotice || m.Incident == "" {
		return "trigger"
	}
	switch m.Progress {
	case alert.ProgressAcknowledged:
		return "acknowledge"
	case alert.ProgressClosed:
		return "resolve"
	case alert.ProgressNone:
	}
	return "trigger"
}

// summary is what a phone reads out: the kind of the message comes first if it is not the usual.
func summary(m alert.Message) string {
	parts := []string{}
	if m.Kind == alert.MessageEscalation {
		parts = append(parts, "Reminder")
	}
	for _, s := range []string{m.Mark, m.Headline} {
		if s = outside.Line(s, maxSummary); s != "" {
			parts = append(parts, s)
		}
	}
	// PagerDuty refuses an empty summary.
	return cmp.Or(outside.Line(strings.Join(parts, ": "), maxSummary), "Something happened, but the record does not say what")
}

// dedupKey groups the messages of an incident; the daily reports are one alert, any other message
// without an incident its own.
func dedupKey(m alert.Message) string {
	key := cmp.Or(m.Incident, m.ID)
	if m.Kind == alert.MessageDigest {
		key = "glasswatch-digest"
	}
	if key == outside.Line(key, maxDedupKey) && len(key) <= maxDedupKey && key != "" {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "glasswatch-" + hex.EncodeToString(sum[:])
}

func pageSeverity(s detect.Severity) string {
	switch s {
	case detect.Info:
		return "info"
	case detect.Medium:
		return "warning"
	case detect.High:
		return "error"
	case detect.Critical:
		return "critical"
	}
	return "critical" // unknown ones are from a newer version
}
