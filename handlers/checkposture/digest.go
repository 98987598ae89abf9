package checkposture

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/posture"
)

// mostInDigest is how many findings the digest spells out; the rest is counted.
const mostInDigest = 6

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
	m := alert.Message{Kind: alert.MessageDigest, Rule: "digest", HappenedAt: a.Snapshot.At}
	var rest string
	m.Severity, m.Emphasis, rest = verdict(a, bad, s)
	m.Headline = m.Emphasis + ": " + rest
	c.digestFacts(&m, a, bad, s)
	for _, f := range bad {
		if do := remedy(f); !slices.Contains(m.Actions, do) && len(m.Actions) < 3 {
			m.Actions = append(m.Actions, do)
		}
	}
	if len(bad) > 0 && bad[0].State != posture.Unknown {
		m.Links = append(m.Links, alert.Link{Title: "Open the portal for the first", URL: bad[0].Portal})
	}
	return m
}

// verdict is the first line in two parts, and how urgent it is. Nothing is well that is not known.
func verdict(a Assessment, bad []posture.Finding, s standing) (severity detect.Severity, short, rest string) {
	failed, warned, unknown := a.Tally.Counts[posture.Fail], a.Tally.Counts[posture.Warn], a.Tally.Counts[posture.Unknown]
	critical, blind := count(bad, posture.Critical, posture.Fail), count(bad, posture.Critical, posture.Unknown)
	switch {
	case critical > 0:
		return detect.Critical, "Not well", bad[0].Observed + more(critical-1, "more critical check fails.", "more critical checks fail.")
	case blind > 0:
		return detect.High, "Not known", "whether the accounts would work, as " + things(blind, "critical check", "critical checks") + " cannot be answered"
	case len(s.unseen) > 0:
		return detect.High, "Unanswered", things(len(s.unseen), "incident that nobody has acknowledged", "incidents that nobody has acknowledged")
	case failed > 0:
		return detect.Medium, "To mend", "the accounts would work, but " + things(failed, "lesser check fails", "lesser checks fail")
	case len(s.owed) > 0:
		return detect.Medium, "Not delivered", things(len(s.owed), "alert is still owed to a channel", "alerts are still owed to a channel")
	case unknown > 0:
		return detect.Medium, "Not all known", "the accounts would work, but " + things(unknown, "lesser check cannot be answered", "lesser checks cannot be answered")
	case warned > 0:
		return detect.Medium, "To look at", "the accounts would work, with " + things(warned, "warning", "warnings")
	case len(a.Tally.Problems) > 0:
		return detect.Medium, "A setting is wrong", "the accounts would work"
	}
	var names []string
	for _, account := range a.Snapshot.Accounts {
		names = append(names, label(a.Snapshot, account.ID))
	}
	return detect.Info, "All well", and(names) + " would work, as far as was checked"
}

func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// more counts what the first sentence does not say.
func more(n int, one, many string) string {
	if n < 1 {
		return ""
	}
	return " " + things(n, one, many)
}

func (c *Checker) digestFacts(m *alert.Message, a Assessment, bad []posture.Finding, s standing) {
	add := func(name, value string) { m.Facts = append(m.Facts, alert.Fact{Name: name, Value: value}) }
	for n, i := range s.unseen {
		if n == 3 {
			add("Unanswered", fmt.Sprintf("and %d more: `glasswatch incidents`", len(s.unseen)-n))
			break
		}
		add("Unanswered", i.Headline)
	}
	for n, f := range lines(bad) {
		if n == mostInDigest {
			add("And", fmt.Sprintf("%d more: `glasswatch posture`", len(lines(bad))-n))
			break
		}
		m.Facts = append(m.Facts, f)
	}
	for _, i := range s.reviews {
		add("Review owed", fmt.Sprintf("until %s, of: %s", i.ReviewDue.UTC().Format(time.DateOnly), i.Headline))
	}
	if len(s.owed) > 0 {
		add("Not delivered", things(len(s.owed), "alert is still owed to a channel", "alerts are still owed to a channel"))
	}
	if n := a.Tally.Counts[posture.Accepted]; n > 0 {
		add("Accepted", things(n, "failure that somebody answers for", "failures that somebody answers for"))
	}
	for _, p := range a.Tally.Problems {
		add("Setting", p)
	}
	add("Checks", fmt.Sprintf("%d passed, %d failed, %d warnings, %d unknown",
		a.Tally.Counts[posture.Pass], a.Tally.Counts[posture.Fail], a.Tally.Counts[posture.Warn], a.Tally.Counts[posture.Unknown]))
	add("Not measured", "drills, the canary, the ledger's checkpoint")
}

// lines are the lines of what is not well. All that nobody can answer for want of the same thing is
// one line: it is mended at one stroke.
func lines(bad []posture.Finding) []alert.Fact {
	var facts []alert.Fact
	checks := map[string][]string{}
	for _, f := range bad {
		if f.State == posture.Unknown && !slices.Contains(checks[f.Missing], f.Check) {
			checks[f.Missing] = append(checks[f.Missing], f.Check)
		}
	}
	for _, f := range bad {
		if f.State != posture.Unknown {
			facts = append(facts, alert.Fact{Name: f.Check + " " + word(f.State), Value: f.Observed})
			continue
		}
		if blind := checks[f.Missing]; blind != nil {
			facts = append(facts, alert.Fact{Name: "Cannot look", Value: "for want of " + f.Missing + ": " + strings.Join(blind, ", ")})
			delete(checks, f.Missing)
		}
	}
	return facts
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
		if weight[a.State] != weight[b.State] {
			return weight[b.State] - weight[a.State]
		}
		switch { // what is wrong with an account is the cause of what is wrong with all together
		case a.Account != "" && b.Account == "":
			return -1
		case a.Account == "" && b.Account != "":
			return 1
		}
		return 0
	})
	return bad
}

// count counts checks, however many accounts each fails for.
func count(bad []posture.Finding, severity posture.Severity, state posture.State) int {
	checks := map[string]bool{}
	for _, f := range bad {
		if f.Severity == severity && f.State == state {
			checks[f.Check] = true
		}
	}
	return len(checks)
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
