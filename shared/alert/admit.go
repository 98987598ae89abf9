package alert

import (
	"slices"
	"time"
)

// Reason names why an event was alerted or collected. Reasons are shown to people.
type Reason string

// The reasons.
const (
	ReasonSignedIn     Reason = "every successful sign-in is alerted"
	ReasonNewKind      Reason = "first of its kind in this incident"
	ReasonWorse        Reason = "worse than anything before in this incident"
	ReasonNewTrait     Reason = "from a new application, country, address or device"
	ReasonFewFailures  Reason = "one of the first three failures"
	ReasonCampaign     Reason = "a campaign of failed attempts begins"
	ReasonMemoryFull   Reason = "too many different kinds to tell whether it is new"
	ReasonCollected    Reason = "more of what was alerted: told in the next summary"
	ReasonNotAlertable Reason = "recorded only"
	ReasonNotWorse     Reason = "a revision that is no worse"
	ReasonHistoric     Reason = "from before Glasswatch was installed: told in one summary"
	ReasonShapeKnown   Reason = "damage of this shape was alerted today"
)

// When summaries come (design 5.5).
const (
	SummaryEvery   = 10 * time.Minute
	failureCards   = 3
	maxRanges      = 256 // a summary is sent early rather than name more runs of entries
	campaignRepeat = 4 * time.Hour
)

// campaignSteps are the waits before a campaign's first summaries; after them every four hours.
var campaignSteps = []time.Duration{10 * time.Minute, time.Hour}

// Decision is what happens with one event.
type Decision struct {
	Alert    bool // tell people at once
	Collect  bool // tell people in the next summary
	Campaign bool // this alert announces a campaign
	Reason   Reason
}

// Admit takes an event into the incident and decides whether people are told at once. The first
// success, the first factor passed and the first block are kinds of their own, so that nothing
// that was collected before can hold them back; and nothing new is ever collected. It depends
// on nothing but its arguments.
func (i *Incident) Admit(h Happening, now time.Time) Decision {
	i.note(h)
	if !h.Severity.Alertable() {
		return Decision{Reason: ReasonNotAlertable}
	}
	i.LastAlertable = h.Sequence
	d := i.decide(h)
	if d.Alert {
		i.count(h)
		return d
	}
	i.collect(h, now)
	return d
}

func (i *Incident) decide(h Happening) Decision {
	known := i.kind(h.Kind)
	switch {
	case h.SignedIn:
		return Decision{Alert: true, Reason: ReasonSignedIn}
	case known == nil && len(i.Kinds) >= maxKinds:
		return Decision{Alert: true, Reason: ReasonMemoryFull}
	case known == nil:
		return Decision{Alert: true, Reason: ReasonNewKind}
	case h.OutcomeRank > i.Worst:
		return Decision{Alert: true, Reason: ReasonWorse}
	case h.Success && i.hasNewTrait(h.Traits):
		return Decision{Alert: true, Reason: ReasonNewTrait}
	case h.Failure && known.Alerts < failureCards:
		return Decision{Alert: true, Reason: ReasonFewFailures}
	case h.Failure && known.Alerts == failureCards:
		return Decision{Alert: true, Campaign: true, Reason: ReasonCampaign}
	default:
		return Decision{Collect: true, Reason: ReasonCollected}
	}
}

func (i *Incident) kind(name string) *Kind {
	for k := range i.Kinds {
		if i.Kinds[k].Name == clip(name) {
			return &i.Kinds[k]
		}
	}
	return nil
}

// hasNewTrait says whether any trait was not seen before; when the memory is full, all are new.
func (i *Incident) hasNewTrait(traits []string) bool {
	for _, t := range traits {
		if !slices.Contains(i.Traits, clip(t)) {
			return true
		}
	}
	return false
}

func (i *Incident) count(h Happening) {
	if k := i.kind(h.Kind); k != nil {
		k.Alerts++
	} else if len(i.Kinds) < maxKinds {
		i.Kinds = append(i.Kinds, Kind{Name: clip(h.Kind), Alerts: 1})
	}
	i.Worst = max(i.Worst, h.OutcomeRank)
	if h.Success {
		for _, t := range h.Traits {
			i.Traits = remember(i.Traits, clip(t), maxTraits)
		}
	}
	if i.AcknowledgedThrough > 0 && h.Sequence > i.AcknowledgedThrough {
		i.State = Open // something new after the acknowledgement
	}
}

func (i *Incident) collect(h Happening, now time.Time) {
	c := &i.Collected
	if c.Count == 0 {
		c.Since = now
		c.Campaign = h.Failure
		c.Next = now.Add(SummaryEvery)
		if c.Campaign {
			c.Next = now.Add(campaignWait(c.Step))
		}
	}
	if c.Campaign && !h.Failure {
		c.Campaign = false
		c.Next = earlier(c.Next, now.Add(SummaryEvery))
	}
	c.add(h.Sequence)
	if len(c.Sequences) >= maxRanges {
		c.Next = earlier(c.Next, now)
	}
}

// Summarised empties the collection after its summary was written, and keeps the campaign's pace.
func (i *Incident) Summarised() {
	c := i.Collected
	i.Collected = Collection{Step: c.Step, Total: c.Total}
	if c.Campaign {
		i.Collected.Step++
	}
}

func campaignWait(step int) time.Duration {
	if step < len(campaignSteps) {
		return campaignSteps[step]
	}
	return campaignRepeat
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
