// Package detect decides what a log record means for the break-glass accounts, how urgent it is and how to say so.
package detect

import (
	"slices"
	"time"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

// Detector applies the rules. It never changes once made and is safe for concurrent use.
type Detector struct{ setting Setting }

// NewDetector makes a detector with these settings.
func NewDetector(s Setting) Detector { return Detector{setting: s} }

// Judge tries every rule on the event. It returns the verdict and the history to keep, and leaves
// h as it was. Time is the event's own: the same arguments always give the same answer. It takes
// any event, also one whose record's details are missing, and never panics.
//
// Every event that names a watched account comes under a rule. One that comes under none, such as
// a canary, has the severity info and an empty headline rule.
func (d Detector) Judge(e breakglass.Event, h History) (Verdict, History) {
	c := Case{Event: e, History: h, Setting: d.setting}
	c.policy = examinePolicy(c)
	v := c.verdict()
	if e.Outcome == breakglass.OutcomeSuccess && isSignIn(e.Kind) {
		v.New = h.unseen(e)
	}
	after := h.with(e)
	if e.Outcome == breakglass.OutcomeInterrupted && classOf(e) == breakglass.ClassInterrupted && !after.succeededWithin(when(e), patience) {
		v.Due = append(v.Due, Due{Kind: DueSuccess, At: e.ReachedAt.Add(patience)})
	}
	if c.policy.retry {
		v.Due = append(v.Due, Due{Kind: DuePolicy, At: e.ReachedAt.Add(policyRetry)})
	}
	return v, after
}

// Again looks at an event once more because Judge asked for it: h is the stream's history by now,
// and the detector may have a newer posture snapshot. It returns the verdict, and whether somebody
// must be told because it is worse than the first one was. The verdict may ask to look again.
func (d Detector) Again(e breakglass.Event, due Due, h History) (Verdict, bool) {
	c := Case{Event: e, History: h, Setting: d.setting}
	c.policy = examinePolicy(c)
	switch due.Kind {
	case DueSuccess:
		c.lapsed = !h.succeededWithin(when(e), patience)
		return c.verdict(), c.lapsed && classOf(e) == breakglass.ClassInterrupted
	case DuePolicy:
		v := c.verdict()
		if next := due.At.Add(policyRetry); c.policy.retry && next.Sub(e.ReachedAt) < snapshotLife {
			v.Due = append(v.Due, Due{Kind: DuePolicy, At: next})
		}
		return v, c.policy.holds && c.policy.severity == Critical
	default:
		return c.verdict(), true
	}
}

// TenantWide says whether a record that names no watched account matters all the same, because it
// changes what the accounts or Glasswatch itself depend on. Such a record is judged like any other.
func (d Detector) TenantWide(rec entra.Record) bool {
	if rec.Kind != entra.KindAudit && rec.Kind != entra.KindAzureActivity {
		return false
	}
	c := Case{Event: breakglass.Event{Kind: rec.Kind, Role: entra.RoleNone, Record: rec}, Setting: d.setting}
	for _, r := range Rules {
		if _, holds := r.Holds(c); r.Tenant && holds {
			return true
		}
	}
	return false
}

// verdict tries every rule.
func (c Case) verdict() Verdict {
	v := Verdict{Rules: []string{}, Severity: Info, Actions: []string{}, New: []Trait{}, Due: []Due{}}
	for _, r := range Rules {
		severity, holds := r.Holds(c)
		if !holds {
			continue
		}
		v.Rules = append(v.Rules, r.ID)
		if severity.Rank() > v.Severity.Rank() {
			v.Severity = severity
		}
		if v.HeadlineRule == "" {
			v.HeadlineRule = r.ID
			emphasis, rest := r.Say(c)
			v.Emphasis, v.Headline = emphasis, emphasis+rest
			v.Meaning, v.Actions = c.meaning(r), slices.Clone(r.Do)
		}
	}
	if v.HeadlineRule == "" {
		v.Headline = "Nothing that the rules know of: " + string(c.Event.Kind)
	}
	v.Facts = c.facts()
	return v
}

// meaning is the rule's own, after what the reader must know before believing it.
func (c Case) meaning(r Rule) string {
	words := r.Means
	if c.Event.Recreated != "" {
		words = "The account's name was used under another object id: it may have been deleted and made anew. " + words
	}
	if since := c.Event.ReachedAt.Sub(c.Event.HappenedAt); since > time.Hour && isSignIn(c.Event.Kind) {
		words = "This arrived late: what it tells may be over. " + words
	}
	return words
}
