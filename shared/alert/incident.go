package alert

import (
	"slices"
	"time"

	"glasswatch/shared/detect"
)

// How long events belong together (design 5.5).
const (
	JoinWithin   = 30 * time.Minute // since the incident's last event
	IncidentSpan = 8 * time.Hour    // from the first event to the last
)

// Bounds on what one incident remembers. What no longer fits counts as new, so that a full memory
// makes more alerts and never fewer.
const (
	maxSessions = 48
	maxKinds    = 64
	maxTraits   = 48
	traitLength = 96
)

// IncidentState says where people stand with an incident.
type IncidentState string

// The states of an incident.
const (
	Open         IncidentState = "open"
	Acknowledged IncidentState = "acknowledged"
	Closed       IncidentState = "closed"
)

// Classification is what an incident turned out to be.
type Classification string

// The classifications, given when an incident is closed.
const (
	Drill      Classification = "drill"
	Emergency  Classification = "emergency"
	Misuse     Classification = "misuse"
	FalseAlarm Classification = "falseAlarm"
)

// Classifications are the values that closing accepts.
var Classifications = []Classification{Drill, Emergency, Misuse, FalseAlarm}

// Incident is a run of events of one stream that people handle as one thing.
type Incident struct {
	ID             string          `json:"id"` // <stream>-<first sequence>
	Stream         string          `json:"stream"`
	Account        string          `json:"account"` // object id; empty for the tenant
	State          IncidentState   `json:"state"`
	Classification Classification  `json:"classification,omitempty"`
	Severity       detect.Severity `json:"severity"`
	Headline       string          `json:"headline"` // of the worst event, the first of them
	OpenedAt       time.Time       `json:"openedAt"`
	LastEventAt    time.Time       `json:"lastEventAt"`
	Events         int             `json:"events"`
	FirstSequence  uint64          `json:"firstSequence"`
	LastSequence   uint64          `json:"lastSequence"`
	// LastAlertable is the last entry that somebody must be told of: an acknowledgement that
	// reaches it covers the incident.
	LastAlertable uint64 `json:"lastAlertable"`

	AcknowledgedAt      time.Time `json:"acknowledgedAt,omitzero"`
	AcknowledgedBy      string    `json:"acknowledgedBy,omitempty"`
	AcknowledgedVia     []string  `json:"acknowledgedVia,omitempty"` // channels whose link was used
	AcknowledgedThrough uint64    `json:"acknowledgedThrough,omitempty"`
	ClosedAt            time.Time `json:"closedAt,omitzero"`
	ClosedBy            string    `json:"closedBy,omitempty"`
	Note                string    `json:"note,omitempty"`
	ReviewDue           time.Time `json:"reviewDue,omitzero"` // a review of the use is owed until then

	Sessions   []string   `json:"sessions,omitempty"` // session and correlation ids seen
	Kinds      []Kind     `json:"kinds,omitempty"`
	Traits     []string   `json:"traits,omitempty"` // applications, countries, addresses and devices of successes
	Worst      int        `json:"worst"`            // highest outcome rank alerted
	Collected  Collection `json:"collected,omitzero"`
	Escalation Escalation `json:"escalation,omitzero"`
}

// Kind counts the alerts of one kind of event in an incident.
type Kind struct {
	Name   string `json:"name"`
	Alerts int    `json:"alerts"`
}

// Collection is what waits to be told in the next summary.
type Collection struct {
	Count     int       `json:"count"`
	Sequences []Range   `json:"sequences,omitempty"`
	Since     time.Time `json:"since,omitzero"` // when the first of them was collected
	Next      time.Time `json:"next,omitzero"`  // when the summary is to be sent
	// Campaign is set while only failures have been collected: summaries then come less and less often.
	Campaign bool `json:"campaign,omitempty"`
	Step     int  `json:"step,omitempty"` // summaries of the campaign so far
	Total    int  `json:"total,omitempty"`
}

// Range is a run of sequences, both ends included.
type Range struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Happening is what grouping needs to know of an event that was just judged.
type Happening struct {
	Sequence    uint64
	At          time.Time // when it happened; when it reached us, if its clock is doubtful
	Kind        string    // rule, with what distinguishes events of the same rule
	Severity    detect.Severity
	Headline    string
	OutcomeRank int
	SignedIn    bool     // a successful interactive sign-in
	Failure     bool     // a failed attempt: counts towards a campaign
	Success     bool     // any success: its Traits count
	Sessions    []string // session and correlation ids
	Traits      []string // application, country, address, device; prefixed by what they are
}

// Joinable says whether an event that happened at the time with these sessions belongs to the incident.
func (i *Incident) Joinable(at time.Time, sessions []string) bool {
	if i.State == Closed {
		return false
	}
	if at.Sub(i.OpenedAt).Abs() > IncidentSpan || i.LastEventAt.Sub(at) > IncidentSpan {
		return false
	}
	for _, s := range sessions {
		if s != "" && slices.Contains(i.Sessions, clip(s)) {
			return true
		}
	}
	return !at.After(i.LastEventAt.Add(JoinWithin)) && !at.Before(i.OpenedAt.Add(-JoinWithin))
}

// Begin opens an incident with its first event; Admit that event next.
func Begin(stream, account, id string, h Happening) Incident {
	return Incident{
		ID: id, Stream: stream, Account: account, State: Open,
		Severity: h.Severity, Headline: h.Headline,
		OpenedAt: h.At, LastEventAt: h.At, FirstSequence: h.Sequence, LastSequence: h.Sequence,
	}
}

// note takes the event into the incident's facts.
func (i *Incident) note(h Happening) {
	i.Events++
	i.LastSequence = h.Sequence
	if h.At.After(i.LastEventAt) {
		i.LastEventAt = h.At
	}
	if h.At.Before(i.OpenedAt) {
		i.OpenedAt = h.At
	}
	if h.Severity.Rank() > i.Severity.Rank() {
		i.Severity, i.Headline = h.Severity, h.Headline
	}
	for _, s := range h.Sessions {
		if s != "" {
			i.Sessions = remember(i.Sessions, clip(s), maxSessions)
		}
	}
}

// remember adds a value unless it is known or the list is full.
func remember(list []string, value string, most int) []string {
	if slices.Contains(list, value) || len(list) >= most {
		return list
	}
	return append(list, value)
}

// clip bounds what is remembered of outside text; equal values stay equal.
func clip(s string) string {
	if len(s) > traitLength {
		return s[:traitLength]
	}
	return s
}

// add takes a sequence into the list of ranges.
func (c *Collection) add(sequence uint64) {
	if n := len(c.Sequences); n > 0 && c.Sequences[n-1].Last+1 == sequence {
		c.Sequences[n-1].Last = sequence
	} else {
		c.Sequences = append(c.Sequences, Range{sequence, sequence})
	}
	c.Count++
	c.Total++
}
