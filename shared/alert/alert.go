package alert

import (
	"slices"
	"time"

	"glasswatch/shared/detect"
)

// The names of the channels.
const (
	ChannelTeams    = "teams"
	ChannelFallback = "fallback"
)

// Alert is a message that is owed to people, and how far its delivery has come.
type Alert struct {
	ID       string         `json:"id"` // <stream>-<sequence>
	Message  Message        `json:"message"`
	Answers  []Range        `json:"answers"` // sequences that its receipt answers for, its own among them
	OwedAt   time.Time      `json:"owedAt"`
	Channels []ChannelState `json:"channels"`
	// Insistent alerts stay owed to each channel on its own; any other is delivered when one
	// channel has taken it.
	Insistent bool `json:"insistent"`
}

// DeliveryState says where an alert stands with one channel.
type DeliveryState string

// The states of a delivery.
const (
	Owed      DeliveryState = "owed"
	Delivered DeliveryState = "delivered"
	Refused   DeliveryState = "refused" // permanently, by the channel as it was configured then
)

// ChannelState is how far an alert's delivery to one channel has come. Its JSON names are those
// of interfaces.md.
type ChannelState struct {
	Name        string        `json:"name"`
	State       DeliveryState `json:"state"`
	Attempts    int           `json:"attempts"`
	NotBefore   time.Time     `json:"notBefore,omitzero"`
	DeliveredAt time.Time     `json:"deliveredAt,omitzero"`
	Status      int           `json:"status,omitempty"`
	Error       string        `json:"error,omitempty"`
	// Standby channels are used only when the channels before them fail (design 5.5, routing).
	Standby bool `json:"standby,omitempty"`
}

// Delivery rules (design 5.4 and 5.5).
const (
	SweepAfter      = 30 * time.Second // a sweep leaves a new alert to the process that recorded it
	ClaimFor        = 60 * time.Second
	StandbyAfter    = 60 * time.Second
	StandbyAttempts = 2
	maxWait         = 60 * time.Second
	refusedAgain    = time.Hour // when every channel has refused
)

// Route says which channels a message is owed to: critical ones to all at once, others to the
// first, with the rest standing by. Routing depends on the rule's severity, never on a drill.
func Route(m Message, channels []string, everywhere bool) (states []ChannelState, insistent bool) {
	insistent = everywhere || m.Severity == detect.Critical
	for n, name := range channels {
		if slices.Contains(m.Skip, name) {
			continue
		}
		states = append(states, ChannelState{Name: name, State: Owed, Standby: n > 0 && !insistent})
	}
	if len(states) == 0 && len(m.Skip) > 0 { // better told twice than not at all
		m.Skip = nil
		return Route(m, channels, everywhere)
	}
	return states, insistent
}

// Due lists the channels that the alert is to be sent to now, by name; none once nothing is owed.
func (a *Alert) Due(now time.Time) []string {
	if a.Done() {
		return nil
	}
	var due []string
	for _, c := range a.Channels {
		if c.State == Delivered || c.NotBefore.After(now) {
			continue
		}
		if c.State == Refused && !a.abandoned() {
			continue
		}
		if c.Standby && !a.needsStandby(now) {
			continue
		}
		due = append(due, c.Name)
	}
	return due
}

// needsStandby says whether the channels before the standby ones have had their chance.
func (a *Alert) needsStandby(now time.Time) bool {
	if now.Sub(a.OwedAt) >= StandbyAfter {
		return true
	}
	return !slices.ContainsFunc(a.Channels, func(c ChannelState) bool {
		return !c.Standby && c.State != Refused && c.Attempts < StandbyAttempts
	})
}

// abandoned says whether no channel has taken the alert or may still take it without being mended.
func (a *Alert) abandoned() bool {
	return !slices.ContainsFunc(a.Channels, func(c ChannelState) bool { return c.State != Refused })
}

// Done says whether nothing more is owed: every channel has decided and at least one has taken
// it; or, if the alert is not insistent, one has taken it. An alert that every channel refused
// is never done.
func (a *Alert) Done() bool {
	var delivered, owed bool
	for _, c := range a.Channels {
		delivered = delivered || c.State == Delivered
		owed = owed || c.State == Owed
	}
	return delivered && (!owed || !a.Insistent)
}

// Told says whether at least one channel has taken the alert.
func (a *Alert) Told() bool {
	return slices.ContainsFunc(a.Channels, func(c ChannelState) bool { return c.State == Delivered })
}

// Attempt is what came of sending an alert to one channel.
type Attempt struct {
	AlertID string
	Channel string
	At      time.Time
	Status  int           // HTTP status, 0 if there was none
	Failure string        // empty: delivered
	Refused bool          // trying again cannot help
	Wait    time.Duration // how long the channel asked to be left alone; 0: not said
}

// Apply takes an attempt into the alert's state and says whether it changed anything. An attempt
// for a channel that has already delivered changes nothing.
func (a *Alert) Apply(t Attempt) bool {
	for n := range a.Channels {
		c := &a.Channels[n]
		if c.Name != t.Channel || c.State == Delivered {
			continue
		}
		c.Attempts++
		c.Status, c.Error, c.NotBefore = t.Status, t.Failure, time.Time{}
		switch {
		case t.Failure == "":
			c.State, c.DeliveredAt = Delivered, t.At
		case t.Refused:
			c.State, c.NotBefore = Refused, t.At.Add(refusedAgain)
		default:
			c.State, c.NotBefore = Owed, t.At.Add(backoff(c.Attempts, t.Wait))
		}
		return true
	}
	return false
}

// backoff is how long a channel is left alone after a failure: as it asked, else doubling from
// two seconds, and never more than a minute.
func backoff(attempts int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, maxWait)
	}
	return min(time.Second<<min(attempts, 6), maxWait)
}
