package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/entra"
)

const (
	snapshotLife = 48 * time.Hour   // how old a posture snapshot may be for its answers to count
	policyRetry  = 15 * time.Minute // until a change of unknown effect is looked at again
)

// policyFinding is what a Conditional Access change does to the watched accounts.
type policyFinding struct {
	holds    bool
	severity Severity
	unknown  bool     // the effect could not be determined
	retry    bool     // for one account at least: look again
	accounts []string // labels of those it hits, or may hit if unknown
	because  string   // a clause
	before   string
	after    string
	snapshot time.Time // zero if there was none
	policy   string    // its name
}

func policyNowApplies() Rule {
	return Rule{
		ID:       "policy-now-applies",
		Title:    "A Conditional Access change makes a policy apply to the account.",
		Why:      "One policy without the exclusion locks the emergency account out when it is needed (Microsoft: exclude emergency access accounts from Conditional Access).",
		Means:    "After this change the account may be unable to sign in. Nobody notices before the emergency.",
		Do:       []string{"Ask the administrator named here whether the change was meant.", "Restore the exclusion of the break-glass accounts in this policy, now.", "Prove it: run a drill sign-in, or check the posture page after the next snapshot."},
		Severity: Critical,
		Grades:   "high while the effect is unknown, for want of a posture snapshot younger than 48 hours",
		Tenant:   true,
		Holds:    func(c Case) (Severity, bool) { return c.policy.severity, c.policy.holds },
		Say: func(c Case) (string, string) {
			f := c.policy
			whom := strings.Join(f.accounts, " and ")
			verb := "now applies to"
			switch {
			case f.unknown:
				verb = "may now apply to"
			case f.severity != Critical:
				verb = "no longer excludes"
			}
			rest := ": changed by " + c.actor()
			if f.because != "" {
				rest += "; " + f.because
			}
			return "Conditional Access policy " + f.policy + " " + verb + " " + whom, rest
		},
	}
}

func isConditionalAccess(a *entra.Audit) bool {
	activity := strings.ToLower(a.Activity)
	return strings.Contains(activity, "conditional access policy") ||
		slices.ContainsFunc(a.Changes, isPolicyChange)
}

func isPolicyChange(change entra.Change) bool {
	return strings.EqualFold(strings.TrimSpace(change.Name), "ConditionalAccessPolicy")
}

// examinePolicy finds what a change of a Conditional Access policy does: from the record itself
// where it says so beyond doubt, else from the evaluator over the newest posture snapshot.
func examinePolicy(c Case) policyFinding {
	a := c.Event.Record.Audit
	if a == nil || c.Event.Kind != entra.KindAudit || !isConditionalAccess(a) || c.failed() {
		return policyFinding{}
	}
	change := entra.Change{}
	if i := slices.IndexFunc(a.Changes, isPolicyChange); i >= 0 {
		change = a.Changes[i]
	}
	deleted := strings.HasPrefix(strings.ToLower(a.Activity), "delete")
	before, _ := readPolicy(change.Old)
	after, readable := readPolicy(change.New)
	if deleted && !readable {
		return policyFinding{} // a policy that is gone applies to nobody
	}
	var worst policyFinding
	for _, account := range c.Setting.Accounts.All() {
		f := policyFinding{}
		if readable {
			f = fromRecord(before, after, account.ObjectID, c.Setting.ExclusionGroups)
			if !f.holds && after.spares(account.ObjectID) {
				continue // no snapshot is needed to tell
			}
		}
		f = f.withAnswer(c, change, account.ObjectID)
		if !f.holds {
			continue
		}
		f.accounts = []string{name(account.Label())}
		f.retry = f.unknown || worst.retry
		worst.retry = f.retry
		switch {
		case !worst.holds || f.severity.Rank() > worst.severity.Rank():
			worst = f
		case f.severity == worst.severity && f.unknown == worst.unknown:
			worst.accounts = append(worst.accounts, f.accounts...)
		}
	}
	worst.policy = firstOf(after.DisplayName, before.DisplayName, c.target(), "without a name")
	return worst
}

// fromRecord finds what the two versions of the policy alone prove.
func fromRecord(before, after policyText, account string, groups []string) policyFinding {
	f := policyFinding{before: describe(before, account, groups), after: describe(after, account, groups)}
	switch {
	case before.excludes(account, groups) && !after.excludes(account, groups):
		f.holds, f.severity, f.because = true, Critical, "its exclusion was removed"
		if !after.inForce() {
			f.severity, f.because = High, "its exclusion was removed, though the policy is not in force yet"
		}
	case after.reaches(account) && !before.reaches(account):
		f.holds, f.severity, f.because = true, Critical, "the policy is on and excludes nobody"
	}
	return f
}

func describe(p policyText, account string, groups []string) string {
	state := firstOf(p.State)
	if state == "" {
		return "not known"
	}
	if p.excludes(account, groups) {
		return state + ", account excluded"
	}
	return state + ", account not excluded"
}

// withAnswer adds what the evaluator says. It can raise what the record proves, or tell that a
// removed exclusion has no effect today; silence of the evaluator is never taken for safety.
func (f policyFinding) withAnswer(c Case, change entra.Change, account string) policyFinding {
	answer := LockoutAnswer{Effect: EffectUnknown, Because: "there is no posture snapshot"}
	if c.Setting.Lockout != nil {
		answer = c.Setting.Lockout(change.Old, change.New, account)
		f.snapshot = answer.SnapshotAt
		if age := c.Event.ReachedAt.Sub(answer.SnapshotAt); answer.SnapshotAt.IsZero() || age > snapshotLife {
			answer.Effect, answer.Because = EffectUnknown, "the posture snapshot is too old"
		}
	}
	because := Clip(answer.Because, clauseLength)
	switch answer.Effect {
	case EffectBlocked, EffectUnsatisfied, EffectTargeted:
		f.holds, f.severity = true, Critical
		words := map[Effect]string{EffectBlocked: "it blocks the account", EffectUnsatisfied: "the account cannot satisfy it", EffectTargeted: "the account is newly targeted"}
		f.because = words[answer.Effect]
		if because != "" {
			f.because += ": " + because
		}
	case EffectNone:
		if f.holds {
			f.severity = High
			f.because += ", but the evaluation over the last snapshot finds no effect on the account"
		}
	case EffectUnknown:
		f = f.unlessProven(because)
	default:
		f = f.unlessProven("the evaluator gave an answer that is not known")
	}
	return f
}

func (f policyFinding) unlessProven(because string) policyFinding {
	if f.holds {
		f.unknown = f.severity != Critical
		return f
	}
	f.holds, f.severity, f.unknown = true, High, true
	f.because = "effect unknown"
	if because != "" {
		f.because += ": " + because
	}
	return f
}

// facts are what a card shows of the change.
func (f policyFinding) facts(reached time.Time) []Fact {
	verdict := "applies"
	switch {
	case f.unknown:
		verdict = "unknown, will be evaluated again"
	case f.severity != Critical:
		verdict = "exclusion removed, no effect found"
	}
	snapshot := "none"
	if !f.snapshot.IsZero() {
		snapshot = fmt.Sprintf("%s (%s)", clock(f.snapshot.Unix()), ago(reached.Sub(f.snapshot)))
	}
	return []Fact{
		{"Policy", f.policy},
		{"Verdict", verdict},
		{"Before", f.before},
		{"After", f.after},
		{"Posture snapshot", snapshot},
	}
}
