package checkposture

import (
	"context"
	"fmt"
	"slices"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/posture"
)

// mostInDigest is how many findings the digest spells out; the rest is counted.
const mostInDigest = 8

// told makes a message of every change. On the very first run everything is new: then only what is
// critical alerts on its own, and the digest tells of the rest.
func (c *Checker) told(a Assessment) []alert.Message {
	var list []alert.Message
	for _, change := range a.Changes {
		if a.First && change.Finding.Severity != posture.Critical {
			continue
		}
		list = append(list, changed(change, a.Snapshot))
	}
	return list
}

func changed(change posture.Change, s posture.Snapshot) alert.Message {
	f := change.Finding
	m := alert.Message{
		Kind: alert.MessageAlert, Severity: f.Severity.Alert(), Rule: f.Check, Account: label(s, f.Account),
		Meaning: why(f.Check), Actions: []string{f.Fix},
		Facts: []alert.Fact{{Name: "Check", Value: f.Check + ": " + f.Title}, {Name: "Found", Value: f.Observed}},
		Links: []alert.Link{{Title: "Open the portal", URL: f.Portal}, {Title: "Why this matters", URL: f.Source}},
	}
	switch change.Kind {
	case posture.Recovered:
		m.Kind, m.Severity, m.Actions = alert.MessageNotice, detect.Info, nil
		m.Emphasis = "Mended"
	case posture.WentBlind:
		m.Emphasis = "Nobody can tell any more"
		m.Facts = append(m.Facts, alert.Fact{Name: "Missing", Value: f.Missing})
	case posture.StillUnknown:
		m.Emphasis = "Unknown for two days"
		m.Facts = append(m.Facts, alert.Fact{Name: "Missing", Value: f.Missing})
	case posture.Worsened:
		m.Emphasis = "Posture check failed"
		if f.State == posture.Warn {
			m.Emphasis = "Posture warning"
			m.Severity = lower(m.Severity)
		}
	}
	m.Headline = m.Emphasis + ": " + f.Observed
	return m
}

// lower is one step less: a warning is not yet a failure.
func lower(s detect.Severity) detect.Severity {
	if s == detect.Critical {
		return detect.High
	}
	return detect.Medium
}

func why(id string) string {
	for _, c := range posture.Suite {
		if c.ID == id {
			return c.Why
		}
	}
	return ""
}

func label(s posture.Snapshot, id string) string {
	for _, a := range s.Accounts {
		if a.ID == id && a.Name != "" {
			return a.Name
		}
	}
	return id
}

// standing is what people still owe, and are owed.
type standing struct {
	unseen, reviews []alert.Incident
	owed            []*alert.Alert
}

func (c *Checker) standing(ctx context.Context) (standing, error) {
	var s standing
	streams, err := c.Journal.Streams(ctx)
	if err != nil {
		return s, err
	}
	for _, stream := range streams {
		incidents, err := c.Journal.Incidents(ctx, stream)
		if err != nil {
			return s, err
		}
		for _, i := range incidents {
			if i.State == alert.Open && i.Severity.Rank() >= detect.High.Rank() {
				s.unseen = append(s.unseen, i)
			}
			if !i.ReviewDue.IsZero() && i.State != alert.Closed {
				s.reviews = append(s.reviews, i)
			}
		}
		owed, err := c.Journal.AllOwed(ctx, stream)
		if err != nil {
			return s, err
		}
		for _, a := range owed {
			if c.Now().Sub(a.OwedAt) > time.Minute {
				s.owed = append(s.owed, a)
			}
		}
	}
	return s, nil
}

// digest is the daily message: in its first line whether all is well, then what to do first.
func (c *Checker) digest(a Assessment, s standing) alert.Message {
	bad := worst(a.Findings)
	m := alert.Message{Kind: alert.MessageDigest, Severity: detect.Info, Rule: "digest"}
	critical := count(bad, posture.Critical, posture.Fail)
	blind := count(bad, posture.Critical, posture.Unknown)
	switch {
	case critical > 0:
		m.Severity = detect.Critical
		m.Emphasis = fmt.Sprintf("Not well: %s", things(critical, "critical check fails", "critical checks fail"))
	case blind > 0:
		m.Severity = detect.High
		m.Emphasis = fmt.Sprintf("Not known: %s", things(blind, "critical check cannot be answered", "critical checks cannot be answered"))
	case len(s.unseen) > 0:
		m.Severity = detect.High
		m.Emphasis = fmt.Sprintf("Unanswered: %s", things(len(s.unseen), "incident that nobody has acknowledged", "incidents that nobody has acknowledged"))
	case a.Tally.Counts[posture.Fail] > 0:
		m.Severity = detect.Medium
		m.Emphasis = fmt.Sprintf("The accounts would work; %s", things(a.Tally.Counts[posture.Fail], "lesser check fails", "lesser checks fail"))
	default:
		m.Emphasis = "All well: the accounts would work"
	}
	m.Headline = m.Emphasis + fmt.Sprintf(" (%d checks passed, %d failed, %d warnings, %d unknown)",
		a.Tally.Counts[posture.Pass], a.Tally.Counts[posture.Fail], a.Tally.Counts[posture.Warn], a.Tally.Counts[posture.Unknown])
	c.digestFacts(&m, a, bad, s)
	return m
}

func (c *Checker) digestFacts(m *alert.Message, a Assessment, bad []posture.Finding, s standing) {
	for n, i := range s.unseen {
		if n == 3 {
			m.Facts = append(m.Facts, alert.Fact{Name: "Unanswered", Value: fmt.Sprintf("and %d more: `glasswatch incidents`", len(s.unseen)-n)})
			break
		}
		m.Facts = append(m.Facts, alert.Fact{Name: "Unanswered", Value: i.Headline})
	}
	for n, f := range bad {
		if n == mostInDigest {
			m.Facts = append(m.Facts, alert.Fact{Name: "And", Value: fmt.Sprintf("%d more: `glasswatch posture`", len(bad)-n)})
			break
		}
		m.Facts = append(m.Facts, alert.Fact{Name: fmt.Sprintf("%s %s", f.Check, word(f.State)), Value: f.Observed})
	}
	if len(bad) > 0 {
		m.Actions = append(m.Actions, "First: "+bad[0].Fix)
		m.Links = append(m.Links, alert.Link{Title: "Open the portal for the first", URL: bad[0].Portal})
	}
	for _, i := range s.reviews {
		m.Facts = append(m.Facts, alert.Fact{Name: "Review owed", Value: fmt.Sprintf("until %s, of: %s", i.ReviewDue.UTC().Format(time.DateOnly), i.Headline)})
	}
	if len(s.owed) > 0 {
		m.Facts = append(m.Facts, alert.Fact{Name: "Not delivered", Value: fmt.Sprintf("%d alerts are still owed to a channel", len(s.owed))})
	}
	if n := a.Tally.Counts[posture.Accepted]; n > 0 {
		m.Facts = append(m.Facts, alert.Fact{Name: "Accepted", Value: fmt.Sprintf("%d failures that somebody answers for", n)})
	}
	for _, p := range a.Tally.Problems {
		m.Facts = append(m.Facts, alert.Fact{Name: "Setting", Value: p})
	}
	m.Facts = append(m.Facts,
		alert.Fact{Name: "Not measured", Value: "drills, the canary and the ledger's checkpoint: this build does not have them"},
		alert.Fact{Name: "Looked at", Value: a.Snapshot.At.UTC().Format("2006-01-02 15:04 UTC")})
}

// worst lists what is not well, the worst first: critical before lesser, failed before unknown
// before warned.
func worst(all []posture.Finding) []posture.Finding {
	weight := map[posture.State]int{posture.Fail: 3, posture.Unknown: 2, posture.Warn: 1}
	bad := slices.DeleteFunc(slices.Clone(all), func(f posture.Finding) bool { return weight[f.State] == 0 })
	slices.SortStableFunc(bad, func(a, b posture.Finding) int {
		if a.Severity != b.Severity {
			return b.Severity.Rank() - a.Severity.Rank()
		}
		return weight[b.State] - weight[a.State]
	})
	return bad
}

func count(bad []posture.Finding, severity posture.Severity, state posture.State) int {
	n := 0
	for _, f := range bad {
		if f.Severity == severity && f.State == state {
			n++
		}
	}
	return n
}

func things(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func word(s posture.State) string {
	switch s {
	case posture.Fail:
		return "fails"
	case posture.Warn:
		return "warns"
	default:
		return string(s)
	}
}
