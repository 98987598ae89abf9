package posture

import (
	"fmt"
	"strings"
	"time"

	"glasswatch/shared/outside"
)

// AcceptedRisk is a failure that somebody has decided to live with for a time.
type AcceptedRisk struct {
	Check   string    // in upper case
	Account string    // object id in lower case; empty: of any account, or of the tenant
	Owner   string    // who answers for it
	Reason  string    // why
	Expires time.Time // from then on it has no effect
}

// LongestAcceptance is how far ahead the end of an accepted risk may lie.
const LongestAcceptance = 180 * 24 * time.Hour

// MayAccept says whether anybody can answer for a failure of the check. Nobody can for those without
// which it would go unnoticed that an account is blocked, gone, disabled or taken over, or that
// nobody watches.
func MayAccept(check string) bool {
	switch check {
	case "CA-02", "INV-03", "INV-04", "AUTH-04":
		return false
	}
	return !strings.HasPrefix(check, "PIPE-")
}

// accept marks the findings that a risk in force covers, and says what is wrong with the others.
func accept(findings []Finding, risks []AcceptedRisk, suite []Check, now time.Time) (problems []string) {
	known := map[string]bool{}
	for _, c := range suite {
		known[c.ID] = true
	}
	for _, r := range risks {
		owner := outside.Line(r.Owner, 80)
		switch {
		case !known[r.Check]:
			problems = append(problems, fmt.Sprintf("The accepted risk of %s names a check %.20q that does not exist.", owner, r.Check))
			continue
		case !MayAccept(r.Check):
			problems = append(problems, fmt.Sprintf("The risk that %s accepted for %s has no effect: nobody can answer for that check.", owner, r.Check))
			continue
		case r.Expires.Sub(now) > LongestAcceptance:
			problems = append(problems, fmt.Sprintf("The risk that %s accepted for %s has no effect: it ends on %s, and 180 days ahead is the most.", owner, r.Check, day(r.Expires)))
			continue
		case !r.Expires.After(now):
			problems = append(problems, fmt.Sprintf("The risk that %s accepted for %s ended on %s: decide again, or mend it.", owner, r.Check, day(r.Expires)))
			continue
		}
		for n := range findings {
			f := &findings[n]
			if f.Check == r.Check && (r.Account == "" || r.Account == f.Account) && (f.State == Fail || f.State == Warn) {
				f.State = Accepted
				f.AcceptedBy = fmt.Sprintf("%s, until %s: %s", owner, day(r.Expires), outside.Line(r.Reason, 200))
			}
		}
	}
	return problems
}
