// Package listing prints what the ledger holds, as JSON lines for programs and as tables for people.
package listing

import (
	"encoding/json"
	"io"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/journal"
)

// Version is the version of the JSON lines: fields are added, never renamed.
const Version = 1

// Instant is a time as JSON lines carry it: RFC 3339 in UTC with seven digits of fraction, as Entra
// writes them; null when it is zero.
type Instant time.Time

// MarshalJSON writes the time or null.
func (t Instant) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return []byte(time.Time(t).UTC().Format(`"2006-01-02T15:04:05.0000000Z"`)), nil
}

// text is a string that is null when it is empty.
type text string

func (t text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// number is an integer that is null when it is 0.
type number uint64

func (n number) MarshalJSON() ([]byte, error) {
	if n == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(uint64(n))
}

// Line writes one object as a line.
func Line(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// EventLine is one line of `glasswatch events --json`.
type EventLine struct {
	Version       int      `json:"v"`
	Stream        string   `json:"stream"`
	Sequence      uint64   `json:"sequence"`
	EntryHash     string   `json:"entryHash"`
	ID            text     `json:"id"`
	RecordID      text     `json:"recordId"`
	Revision      int      `json:"revision"`
	Kind          text     `json:"kind"`
	Account       text     `json:"account"`
	Accounts      []string `json:"accounts"`
	Role          text     `json:"role"`
	MatchedBy     text     `json:"matchedBy"`
	HappenedAt    Instant  `json:"happenedAt"`
	LoggedAt      Instant  `json:"loggedAt"`
	ReachedAt     Instant  `json:"reachedAt"`
	RecordedAt    Instant  `json:"recordedAt"`
	ClockDoubtful bool     `json:"clockDoubtful"`
	Source        text     `json:"source"`
	Outcome       text     `json:"outcome"`
	ErrorCode     int      `json:"errorCode"`
	Rules         []string `json:"rules"`
	HeadlineRule  text     `json:"headlineRule"`
	Severity      text     `json:"severity"`
	Headline      text     `json:"headline"`
	Incident      text     `json:"incident"`
	Alert         text     `json:"alert"`
	Drill         text     `json:"drill"`
	Expired       bool     `json:"expired"`
	Reason        text     `json:"reason"`
	Recreated     text     `json:"recreatedAs"`
	Raw           *string  `json:"raw,omitempty"`
	RawEncoding   string   `json:"rawEncoding,omitempty"`
}

// Event makes the line of an event; raw adds the record as it came.
func Event(r journal.Recording, raw bool) EventLine {
	line := EventLine{
		Version: Version, Stream: r.Stream, Sequence: r.Sequence, EntryHash: r.EntryHash,
		ID: text(r.ID), RecordID: text(r.RecordID), Revision: r.Revision, Kind: text(r.Kind),
		Account: text(r.Account), Accounts: list(r.Accounts), Role: text(r.Role), MatchedBy: text(r.MatchedBy),
		HappenedAt: Instant(r.HappenedAt), LoggedAt: Instant(r.LoggedAt), ReachedAt: Instant(r.ReachedAt), RecordedAt: Instant(r.RecordedAt),
		ClockDoubtful: r.ClockDoubtful, Source: text(r.Source), Outcome: text(r.Outcome), ErrorCode: r.ErrorCode,
		Rules: list(r.Rules), HeadlineRule: text(r.HeadlineRule), Severity: text(r.Severity), Headline: text(r.Headline),
		Incident: text(r.Incident), Alert: text(r.Alert), Drill: text(r.Drill), Expired: r.Expired,
		Reason: text(r.Reason), Recreated: text(r.Recreated),
	}
	if raw && !r.Expired {
		line.Raw, line.RawEncoding = new(r.Raw), r.RawEncoding
	}
	return line
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// AlertLine is one line of `glasswatch alerts --json`.
type AlertLine struct {
	Version  int           `json:"v"`
	ID       string        `json:"id"`
	Incident text          `json:"incident"`
	Stream   string        `json:"stream"`
	Sequence uint64        `json:"sequence"`
	Rule     text          `json:"rule"`
	Severity text          `json:"severity"`
	Headline text          `json:"headline"`
	OwedAt   Instant       `json:"owedAt"`
	State    string        `json:"state"`
	Channels []ChannelLine `json:"channels"`
}

// ChannelLine says how far an alert's delivery to one channel has come.
type ChannelLine struct {
	Name        string  `json:"name"`
	State       string  `json:"state"`
	Attempts    int     `json:"attempts"`
	NotBefore   Instant `json:"notBefore"`
	DeliveredAt Instant `json:"deliveredAt"`
	Status      number  `json:"status"`
	Error       text    `json:"error"`
}

// Alert makes the line of an alert.
func Alert(n journal.Notified) AlertLine {
	line := AlertLine{
		Version: Version, ID: n.ID, Incident: text(n.Incident), Stream: n.Stream, Sequence: n.Sequence,
		Rule: text(n.Rule), Severity: text(n.Severity), Headline: text(n.Headline), OwedAt: Instant(n.OwedAt),
		State: "owed", Channels: []ChannelLine{},
	}
	if n.Delivered {
		line.State = "delivered"
	}
	for _, c := range n.Channels {
		if n.Delivered && c.Standby && c.Attempts == 0 {
			continue // it stood by and was not needed
		}
		line.Channels = append(line.Channels, ChannelLine{
			Name: c.Name, State: string(c.State), Attempts: c.Attempts, NotBefore: Instant(c.NotBefore),
			DeliveredAt: Instant(c.DeliveredAt), Status: number(max(c.Status, 0)), Error: text(c.Error),
		})
	}
	return line
}

// IncidentLine is one line of `glasswatch incidents --json`.
type IncidentLine struct {
	Version             int     `json:"v"`
	ID                  string  `json:"id"`
	Account             text    `json:"account"`
	State               string  `json:"state"`
	Classification      text    `json:"classification"`
	Severity            text    `json:"severity"`
	Headline            text    `json:"headline"`
	OpenedAt            Instant `json:"openedAt"`
	LastEventAt         Instant `json:"lastEventAt"`
	Events              int     `json:"events"`
	FirstSequence       uint64  `json:"firstSequence"`
	LastSequence        uint64  `json:"lastSequence"`
	AcknowledgedAt      Instant `json:"acknowledgedAt"`
	AcknowledgedBy      text    `json:"acknowledgedBy"`
	AcknowledgedThrough number  `json:"acknowledgedThrough"`
	ClosedAt            Instant `json:"closedAt"`
	ClosedBy            text    `json:"closedBy"`
	Note                text    `json:"note"`
	Collected           int     `json:"collected"`   // events that the next summary tells of
	SummaryDue          Instant `json:"summaryDue"`  // when it comes
	Reminders           int     `json:"reminders"`   // sent so far
	ReminderDue         Instant `json:"reminderDue"` // when the next comes
	ReviewDue           Instant `json:"reviewDue"`   // until when the use is to be reviewed
}

// Incident makes the line of an incident.
func Incident(i alert.Incident) IncidentLine {
	return IncidentLine{
		Version: Version, ID: i.ID, Account: text(i.Account), State: string(i.State), Classification: text(i.Classification),
		Severity: text(i.Severity), Headline: text(i.Headline), OpenedAt: Instant(i.OpenedAt), LastEventAt: Instant(i.LastEventAt),
		Events: i.Events, FirstSequence: i.FirstSequence, LastSequence: i.LastSequence,
		AcknowledgedAt: Instant(i.AcknowledgedAt), AcknowledgedBy: text(i.AcknowledgedBy),
		AcknowledgedThrough: number(i.AcknowledgedThrough),
		ClosedAt:            Instant(i.ClosedAt), ClosedBy: text(i.ClosedBy), Note: text(i.Note),
		Collected: i.Collected.Count, SummaryDue: Instant(i.Collected.Next),
		Reminders: i.Escalation.Step, ReminderDue: Instant(i.Escalation.Next), ReviewDue: Instant(i.ReviewDue),
	}
}
