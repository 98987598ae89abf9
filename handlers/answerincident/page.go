package answerincident

import (
	"fmt"
	"strconv"
	"strings"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/pages"
)

// page turns what the ledger holds of an incident into what a person reads.
func (a answerer) page(t journal.Timeline, channel string) pages.Incident {
	i, named := t.Incident, false
	page := pages.Incident{
		Clock: pages.Clock{Now: a.Now(), Zone: a.Zone}, Instance: a.Instance,
		ID: i.ID, State: pages.State(i.State), Severity: i.Severity, What: a.what(i), Headline: i.Headline,
		StartedAt: i.OpenedAt, Sequence: i.LastSequence, Form: i.State != alert.Closed,
		Channel: channelName(channel), Effect: a.effect(i, channel), MoreEvents: t.Left,
		Facts: []pages.Fact{
			{Name: "Account", Value: a.account(i)},
			{Name: "Events", Value: fmt.Sprintf("%d, the last %s", i.Events, pages.Clock{Now: a.Now(), Zone: a.Zone}.When(i.LastEventAt))},
		},
	}
	if i.Collected.Count > 0 {
		page.Facts = append(page.Facts, pages.Fact{Name: "Collected", Value: fmt.Sprintf("%d events that the next summary tells of", i.Collected.Count)})
	}
	if i.State == alert.Closed {
		page.Closing = pages.Closing{As: journal.Words(i.Classification), By: i.ClosedBy, Note: i.Note, At: i.ClosedAt}
	}
	for _, l := range a.Portal(i.Account) {
		page.Links = append(page.Links, pages.Link(l))
	}
	for _, m := range t.Moments {
		if m.Event != nil && m.Headline == i.Headline && !named {
			page.StartedAt, named = m.At, true // what the page calls the incident by
		}
		addMoment(&page, m)
		if m.EntryHash != "" {
			page.Witness = alert.Message{Stream: i.Stream, Sequence: m.Sequence, EntryHash: m.EntryHash}.Witness()
		}
	}
	if rule, ok := meaning(t); ok {
		page.Meaning, page.Actions = rule.meaning, rule.actions
	}
	return page
}

func (a answerer) account(i alert.Incident) string {
	if i.Account == "" {
		return "the tenant as a whole"
	}
	return a.Label(i.Account) + " (" + i.Account + ")"
}

// what calls the incident by something short.
func (a answerer) what(i alert.Incident) string {
	thing := "incident"
	switch {
	case strings.Contains(i.Headline, "sign-in"):
		thing = "sign-in"
	case i.Account == "":
		return "change in the tenant"
	}
	if i.Account == "" {
		return thing
	}
	return thing + " of " + a.Label(i.Account)
}

func channelName(channel string) string {
	switch channel {
	case alert.ChannelTeams:
		return "Teams"
	case alert.ChannelFallback:
		return "Fallback"
	default:
		return channel
	}
}

// addMoment puts one entry of the timeline where the page shows it.
func addMoment(page *pages.Incident, m journal.Moment) {
	for _, c := range m.Channels {
		if c.Standby && c.Attempts == 0 {
			continue
		}
		page.Deliveries = append(page.Deliveries, pages.Delivery{
			What: deliveryName(m), Channel: channelName(c.Name), State: deliveryState(c), At: c.DeliveredAt, Attempts: c.Attempts, Error: c.Error,
		})
	}
	switch {
	case m.Event != nil:
		page.Events = append(page.Events, event(m))
	case m.Answered != nil && m.Answered.Acknowledgement != nil:
		k := m.Answered.Acknowledgement
		page.Acknowledgements = append(page.Acknowledgements, pages.Acknowledgement{By: k.By, Channel: channelName(k.Via), At: k.At, Through: k.Through})
	case m.Answered == nil:
		page.Events = append(page.Events, pages.Event{At: m.At, Severity: m.Severity, Headline: m.Headline, Mark: "message"})
	}
}

func deliveryName(m journal.Moment) string {
	name := map[string]string{
		ledger.KindEvent: "Alert", ledger.KindSummary: "Summary", ledger.KindNotice: "Message",
		ledger.KindAcknowledgement: "Acknowledgement", ledger.KindClosing: "Closing",
	}[m.Kind]
	if name == "" {
		name = "Message"
	}
	return name + " " + strconv.FormatUint(m.Sequence, 10)
}

func deliveryState(c alert.ChannelState) string {
	if c.State == alert.Delivered && c.Name == alert.ChannelTeams && c.Status == 202 {
		return "queued by Teams"
	}
	return string(c.State)
}

func event(m journal.Moment) pages.Event {
	e := pages.Event{At: m.At, Severity: m.Severity, Headline: m.Headline}
	if s := m.Event.Record.SignIn; s != nil {
		e.Address, e.App = s.IPAddress, s.App
		e.Device = strings.TrimSpace(s.OperatingSystem + " " + s.Browser)
	}
	if s := m.Event.Record.Activity; s != nil {
		e.Address = s.IPAddress
	}
	if s := m.Event.Record.Audit; s != nil {
		e.Address = s.IPAddress
	}
	e.Detail = []pages.Fact{
		{Name: "Entry", Value: alert.Message{Stream: "", Sequence: m.Sequence, EntryHash: m.EntryHash}.Witness()},
		{Name: "Record", Value: m.Event.RecordID},
		{Name: "Log", Value: string(m.Event.Kind)},
		{Name: "Rules", Value: strings.Join(m.Event.Rules, ", ")},
		{Name: "Told", Value: m.Reason},
	}
	if m.Event.Kind == entra.KindSignIn || m.Event.Kind == entra.KindNonInteractiveSignIn {
		e.Detail = append(e.Detail, pages.Fact{Name: "Outcome", Value: fmt.Sprintf("%s, error code %d", m.Event.Outcome, m.Event.ErrorCode)})
	}
	return e
}

type advice struct {
	meaning string
	actions []string
}

// meaning takes what the page advises from the rule of the incident's worst event.
func meaning(t journal.Timeline) (advice, bool) {
	for _, m := range t.Moments {
		if m.Event == nil || m.Event.Headline != t.Incident.Headline {
			continue
		}
		for _, r := range detect.Rules {
			if r.ID == m.Event.HeadlineRule {
				return advice{r.Means, r.Do}, true
			}
		}
	}
	return advice{}, false
}
