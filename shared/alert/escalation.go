package alert

import (
	"slices"
	"time"

	"glasswatch/shared/detect"
)

// Escalation is where an incident stands on the ladder of reminders.
type Escalation struct {
	Since time.Time `json:"since,omitzero"` // when the alert that started it was recorded
	Step  int       `json:"step,omitempty"` // reminders sent so far
	Next  time.Time `json:"next,omitzero"`  // zero: no reminder is due
	// Paused lists channels that are not reminded any more, because their own link was used.
	Paused []string `json:"paused,omitempty"`
}

// Reminders of a critical incident stop after a day; the daily digest carries it from then on.
const (
	escalationSpan   = 24 * time.Hour
	escalationSecond = time.Hour
	escalationRepeat = 4 * time.Hour
)

// Arm starts the ladder for an alert recorded now, unless it runs already. Below high there is none.
func (e *Escalation) Arm(s detect.Severity, now time.Time, acknowledgeWithin time.Duration) {
	if s.Rank() < detect.High.Rank() || !e.Next.IsZero() {
		return
	}
	*e = Escalation{Since: now, Next: now.Add(acknowledgeWithin)}
}

// Advance notes that a reminder was written now, and says when the next is due: for critical
// after an hour, then every four hours for a day; for anything less there is only one.
func (e *Escalation) Advance(s detect.Severity, now time.Time) {
	e.Step++
	wait := escalationRepeat
	if e.Step == 1 {
		wait = escalationSecond
	}
	e.Next = now.Add(wait)
	if s != detect.Critical || e.Next.Sub(e.Since) > escalationSpan {
		e.Next = time.Time{}
	}
}

// Acknowledgement is somebody's word that an incident was seen.
type Acknowledgement struct {
	By      string    `json:"by"`
	Via     string    `json:"via"` // the channel whose link was used
	Through uint64    `json:"through"`
	At      time.Time `json:"at"`
	// Principal is the signed-in person, where the platform proves one; empty otherwise.
	Principal string `json:"principal,omitempty"`
}

// Acknowledge takes the acknowledgement into the incident and says whether it changed anything.
// It covers events up to Through. For a critical incident the Teams link quiets Teams only, for
// the intruder may read Teams: the ladder goes on for the channels in others until one of their
// own links is used. With no other channel the Teams link is all there is.
func (i *Incident) Acknowledge(a Acknowledgement, others []string) bool {
	a.Through = min(a.Through, i.LastSequence)
	if i.State == Closed || a.Through < i.FirstSequence {
		return false
	}
	if a.Through <= i.AcknowledgedThrough && slices.Contains(i.AcknowledgedVia, a.Via) {
		return false
	}
	i.AcknowledgedAt, i.AcknowledgedBy = a.At, a.By
	if a.Through > i.AcknowledgedThrough {
		i.AcknowledgedVia = nil
	}
	i.AcknowledgedThrough = max(i.AcknowledgedThrough, a.Through)
	i.AcknowledgedVia = remember(i.AcknowledgedVia, a.Via, 8)
	if i.AcknowledgedThrough < i.LastAlertable {
		return true // newer events are still unseen: the ladder goes on
	}
	i.State = Acknowledged
	if i.Severity == detect.Critical && a.Via == ChannelTeams && len(others) > 0 && i.Classification != Drill {
		i.Escalation.Paused = remember(i.Escalation.Paused, ChannelTeams, 8)
		return true
	}
	i.Escalation = Escalation{}
	return true
}

// Close ends the incident. Closing again with other words is accepted and recorded; the same
// again changes nothing.
func (i *Incident) Close(c Classification, by, note string, at time.Time) bool {
	if i.State == Closed && i.Classification == c && i.ClosedBy == by && i.Note == note {
		return false
	}
	i.State, i.Classification = Closed, c
	i.ClosedAt, i.ClosedBy, i.Note = at, by, note
	i.Escalation = Escalation{}
	if c == Drill || c == FalseAlarm {
		i.ReviewDue = time.Time{}
	}
	return true
}
