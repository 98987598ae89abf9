package posture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/outside"
)

// longestText is how long a sentence of a finding may be; it holds names that strangers chose.
const longestText = 600

// Run asks every check of the suite and returns the findings, sorted by check, account and object.
// A check whose section was not read is unknown, and so is one that fails to answer. Previous are
// the findings of the last run, from which first seen and last changed are taken; nil if there was
// none. It changes none of its arguments.
func Run(suite []Check, s Snapshot, p Policy, previous []Finding, risks []AcceptedRisk, now time.Time) ([]Finding, Tally) {
	s.judged = s.judge(p)
	var all []Finding
	of := map[string][]Finding{}
	for _, c := range suite {
		of[c.ID] = c.ask(s, p)
		all = append(all, of[c.ID]...)
	}
	for _, c := range suite {
		unknown := slices.ContainsFunc(of[c.ID], func(f Finding) bool { return f.State == Unknown })
		if c.Revise != nil && !unknown {
			of[c.ID] = c.complete(c.Revise(s, of[c.ID], all))
		}
	}
	all = all[:0:0]
	for _, c := range suite {
		all = append(all, of[c.ID]...)
	}
	problems := accept(all, risks, suite, now)
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Check, b.Check), strings.Compare(a.Account, b.Account), strings.Compare(a.Object, b.Object))
	})
	remember(all, previous, now)
	return all, tally(all, s, problems, now)
}

// ask runs one check, for the accounts that can be judged, and says unknown for the rest.
func (c Check) ask(s Snapshot, p Policy) []Finding {
	for _, name := range c.Needs {
		info, _ := sectionInfo(name)
		if info.tenant == nil {
			continue
		}
		gap, missed := info.tenant(&s).gap()
		switch {
		case !missed:
		case c.PerAccount:
			var found []Finding
			for _, a := range s.Accounts {
				found = append(found, c.unread(a.ID, "", info, gap))
			}
			return c.complete(found)
		default:
			return c.complete([]Finding{c.unread("", "", info, gap)})
		}
	}
	var found []Finding
	visible := s
	visible.Accounts = nil
	for _, a := range s.Accounts {
		f, blind := c.blind(&a)
		switch {
		case !blind:
			visible.Accounts = append(visible.Accounts, a)
		case c.PerAccount:
			found = append(found, f)
		case f.State == Unknown: // the whole answer hangs on this account
			f.Account = ""
			return c.complete([]Finding{f})
		}
	}
	if len(visible.Accounts) > 0 || !c.PerAccount {
		found = append(found, c.answer(visible, p)...)
	}
	return c.complete(found)
}

// blind says whether the check cannot look at an account, and what then is to be said.
func (c Check) blind(a *Account) (Finding, bool) {
	if a.gone() && !c.EvenGone {
		return Finding{Account: a.ID, State: NotApplicable, Observed: a.label() + " does not exist, so there is nothing to look at."}, true
	}
	for _, name := range c.Needs {
		info, _ := sectionInfo(name)
		if info.account == nil {
			continue
		}
		if gap, missed := info.account(a).gap(); missed {
			return c.unread(a.ID, a.label(), info, gap), true
		}
	}
	return Finding{}, false
}

// answer runs the check and survives its panic. A check that says nothing about something that it
// was asked about is unknown: silence is no pass.
func (c Check) answer(s Snapshot, p Policy) (found []Finding) {
	defer func() {
		if r := recover(); r != nil {
			reason := outside.Line(fmt.Sprint(r), 200)
			found = nil
			if !c.PerAccount {
				found = []Finding{{State: Unknown, Missing: "a sound check", Observed: "This check broke off (" + reason + "). That is a fault of Glasswatch."}}
				return
			}
			for _, a := range s.Accounts {
				found = append(found, Finding{Account: a.ID, State: Unknown, Missing: "a sound check", Observed: "This check broke off (" + reason + "). That is a fault of Glasswatch."})
			}
		}
	}()
	found = c.Run(s, p)
	silent := func(account string) Finding {
		return Finding{Account: account, State: Unknown, Missing: "a sound check", Observed: "This check gave no answer. That is a fault of Glasswatch."}
	}
	if !c.PerAccount {
		if len(found) == 0 {
			found = []Finding{silent("")}
		}
		return found
	}
	for _, a := range s.Accounts {
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Account == a.ID }) {
			found = append(found, silent(a.ID))
		}
	}
	return found
}

// unread is what is said of a section that was not read.
func (c Check) unread(account, label string, info SectionInfo, gap Gap) Finding {
	f := Finding{Account: account, State: Unknown, Missing: gap.Missing}
	whose := ""
	if label != "" {
		whose = " of " + label
	}
	switch gap.Reason {
	case Gone:
		f.State, f.Missing = NotApplicable, ""
		f.Observed = "The account does not exist, so there is nothing to look at."
		return f
	case NoLicence:
		f.Missing = cmp.Or(gap.Missing, info.Licence, c.Licence, "a licence")
		if c.Licence != "" && (gap.Missing == "" || gap.Missing == c.Licence) {
			f.State = NotApplicable
			f.Observed = fmt.Sprintf("The tenant has no %s, so that the question does not arise.", f.Missing)
			return f
		}
		f.Observed = fmt.Sprintf("Nobody could look at %s%s: that needs the licence %s.", info.Title, whose, f.Missing)
	case NoPermission:
		f.Missing = cmp.Or(gap.Missing, strings.Join(info.Permissions, ", "), "a permission")
		f.Observed = fmt.Sprintf("Nobody could look at %s%s: Glasswatch lacks the permission %s.", info.Title, whose, f.Missing)
	case NotApproved:
		f.Missing = cmp.Or(f.Missing, "an approved baseline")
		f.Observed = "Nobody has approved the present keys and identities yet, so that a change would not be noticed."
	case FirstRun:
		f.State, f.Missing = NotApplicable, ""
		f.Observed = "This is the first run: there is nothing to compare with yet."
		return f
	case Throttled:
		f.Missing = cmp.Or(f.Missing, "an answer from Microsoft Graph")
		f.Observed = fmt.Sprintf("Nobody could look at %s%s: Microsoft Graph asked to be left alone until the time was up.", info.Title, whose)
	case TooLarge:
		f.Missing = cmp.Or(f.Missing, "a smaller snapshot")
		f.Observed = fmt.Sprintf("Nobody could look at %s%s: it was too large to be stored.", info.Title, whose)
	case Fault, NotCollected:
		f.Missing = cmp.Or(f.Missing, "an answer from Microsoft Graph")
		f.Observed = fmt.Sprintf("Nobody could look at %s%s: the question to Microsoft Graph failed.", info.Title, whose)
	default:
		f.Missing = cmp.Or(f.Missing, "an answer")
		f.Observed = fmt.Sprintf("Nobody could look at %s%s.", info.Title, whose)
	}
	if gap.Detail != "" {
		f.Observed += " (" + outside.Line(gap.Detail, 200) + ")"
	}
	return f
}

// complete fills in what a check's findings have in common.
func (c Check) complete(found []Finding) []Finding {
	for n := range found {
		f := &found[n]
		f.Check, f.Title, f.Fix, f.Source, f.Portal = c.ID, c.Title, c.Fix, c.Source, c.Portal
		f.Severity = cmp.Or(f.Severity, c.Severity)
		f.Expected = outside.Line(cmp.Or(f.Expected, c.Title), longestText)
		f.Observed = outside.Line(f.Observed, longestText)
		if f.State == Unknown && f.Missing == "" {
			f.Missing = "an answer"
		}
	}
	return found
}

// remember takes first seen and last changed from the last run.
func remember(found, previous []Finding, now time.Time) {
	before := make(map[Key]Finding, len(previous))
	for _, f := range previous {
		before[f.Key()] = f
	}
	for n := range found {
		f := &found[n]
		f.FirstSeen, f.LastChanged, f.Seen = now, now, now
		old, known := before[f.Key()]
		if !known {
			continue
		}
		f.FirstSeen = old.FirstSeen
		if old.State == f.State {
			f.LastChanged = old.LastChanged
		}
	}
}

func tally(found []Finding, s Snapshot, problems []string, now time.Time) Tally {
	t := Tally{Version: 1, Type: "run", At: now.UTC(), SnapshotAt: s.At.UTC(), GraphCalls: s.GraphCalls, Problems: append([]string{}, problems...)}
	t.Counts = map[State]int{Pass: 0, Fail: 0, Warn: 0, Note: 0, NotApplicable: 0, Unknown: 0, Accepted: 0}
	for _, f := range found {
		t.Counts[f.State]++
	}
	return t
}
