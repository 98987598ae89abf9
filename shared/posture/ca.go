package posture

import (
	"fmt"
	"strings"

	"glasswatch/shared/conditional"
)

const accessFamily = "Conditional Access"

// accessNeeds are the sections without which nobody can tell what a policy does to an account.
var accessNeeds = []SectionName{PoliciesSection, UserSection, MembershipsSection, MethodsSection, StrengthsSection}

// reachNeeds are enough where only matters whom a policy is for.
var reachNeeds = []SectionName{PoliciesSection, UserSection, MembershipsSection}

const excludeFix = "Conditional Access > Policies > the policy > Users > Exclude > add the account or its exclusion group; try it in report-only first if others are affected."

// does says what the policy does, when, and to whom.
func (v verdict) does() string {
	applies := "applies"
	if v.State != conditional.Enabled {
		applies = "would apply, once it is switched on,"
	}
	words := fmt.Sprintf("The policy %s %s to %s: %s.", quote(v.PolicyName, v.PolicyID), applies, v.account.label(), v.Because)
	switch v.Label {
	case conditional.ProtectedAction:
		words += " It guards protected actions, such as changing a policy, so that the account could sign in and mend nothing."
	case conditional.UserAction:
		words += " It guards the registration of security information or devices."
	case conditional.PlainSignIn:
	}
	if len(v.AppliesWhen) > 0 {
		words += " It applies " + strings.Join(v.AppliesWhen, ", ") + "."
	}
	if v.Objection != "" {
		words += " It is listed as a dedicated policy, but " + v.Objection + "."
	}
	return words
}

// mayDo is the same of a verdict that is not clear.
func (v verdict) mayDo() Finding {
	return Finding{
		Object: v.PolicyID, State: Unknown, Missing: "knowledge of all that the policy says",
		Observed: fmt.Sprintf("Whether the policy %s stands in the way of %s is not known: %s.", quote(v.PolicyName, v.PolicyID), v.account.label(), v.Because),
	}
}

// perPolicy judges all verdicts of a state; an account about which nothing was found gets good.
func perPolicy(state conditional.State, good string, judge func(verdict) (Finding, bool)) func(Snapshot, Policy) []Finding {
	return func(s Snapshot, p Policy) []Finding {
		of := map[string][]Finding{}
		for _, v := range s.verdicts(p, state) {
			if f, found := judge(v); found {
				f.Account, f.Object = v.account.ID, v.PolicyID
				of[v.account.ID] = append(of[v.account.ID], f)
			}
		}
		var all []Finding
		for n := range s.Accounts {
			a := &s.Accounts[n]
			if of[a.ID] == nil {
				all = append(all, Finding{Account: a.ID, State: Pass, Observed: strings.ReplaceAll(good, "{}", a.label())})
			}
			all = append(all, of[a.ID]...)
		}
		return all
	}
}

// targets finds the policies that apply to an account and may not.
func targets(bad State) func(verdict) (Finding, bool) {
	return func(v verdict) (Finding, bool) {
		switch {
		case v.Relation == conditional.Unclear:
			return v.mayDo(), true
		case v.Relation == conditional.Targeted && !v.Accepted:
			return Finding{State: bad, Observed: v.does()}, true
		}
		return Finding{}, false
	}
}

func excludedEverywhere() Check {
	return Check{
		ID: "CA-01", Title: "No policy that is on applies to the account.", Severity: Critical, Family: accessFamily,
		Why:    "A single policy without the exclusion can lock the account out in the very incident that it exists for.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: accessNeeds, Licence: P1, PerAccount: true,
		Mappings: Mappings{Microsoft: "Exclude emergency access accounts from Conditional Access", CIS: "1.1.2", NIST: "AC-3, CP-2"},
		Run:      perPolicy(conditional.Enabled, "No policy that is on applies to {}.", targets(Fail)),
	}
}

func neverBlocked() Check {
	return Check{
		ID: "CA-02", Title: "No policy blocks the account.", Severity: Critical, Family: accessFamily,
		Why:    "A policy that blocks leaves no way in, whatever key the custodian holds.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: reachNeeds, Licence: P1, PerAccount: true,
		Mappings: Mappings{Microsoft: "Exclude emergency access accounts from Conditional Access", CIS: "1.1.2", NIST: "AC-3, CP-2"},
		Run: perPolicy(conditional.Enabled, "No policy blocks {}.", func(v verdict) (Finding, bool) {
			switch {
			case v.Consequence != conditional.Block:
				return Finding{}, false
			case v.Relation == conditional.Unclear:
				return v.mayDo(), true
			case v.Certain:
				return Finding{State: Fail, Observed: v.does()}, true
			default:
				return Finding{State: Warn, Observed: v.does()}, true
			}
		}),
	}
}

func satisfiable() Check {
	return Check{
		ID: "CA-03", Title: "No policy asks the account for what it cannot give.", Severity: Critical, Family: accessFamily,
		Why:    "A compliant device or another model of key is not at hand in an emergency, and then the policy is a block.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: accessNeeds, Licence: P1, PerAccount: true,
		Mappings: Mappings{Microsoft: "Exclude emergency access accounts from Conditional Access", CIS: "1.1.2", NIST: "AC-3, CP-2"},
		Run: perPolicy(conditional.Enabled, "No policy asks {} for what it cannot give.", func(v verdict) (Finding, bool) {
			switch {
			case v.Consequence == conditional.Uncertain, v.Consequence == conditional.Unsatisfiable && v.Relation == conditional.Unclear:
				return v.mayDo(), true
			case v.Consequence == conditional.Unsatisfiable:
				return Finding{State: Fail, Observed: v.does()}, true
			}
			return Finding{}, false
		}),
	}
}

func reportOnlySpares() Check {
	return Check{
		ID: "CA-06", Title: "No policy in report-only mode would apply to the account.", Severity: Medium, Family: accessFamily,
		Why:    "A policy that only reports is switched on one day, and nobody thinks of the break-glass accounts then.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: accessNeeds, Licence: P1, PerAccount: true,
		Mappings: Mappings{Microsoft: "Exclude emergency access accounts from Conditional Access", NIST: "CM-4"},
		Run:      perPolicy(conditional.ReportOnly, "No policy in report-only mode would apply to {}.", targets(Fail)),
	}
}

func disabledSpares() Check {
	return Check{
		ID: "CA-09", Title: "No policy that is off would apply to the account.", Severity: Low, Family: accessFamily,
		Why:    "A policy that is off can be switched on in a hurry, in the middle of an incident.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: accessNeeds, Licence: P1, PerAccount: true,
		Mappings: Mappings{NIST: "CM-4"},
		Run:      perPolicy(conditional.Disabled, "No policy that is off would apply to {}.", targets(Note)),
	}
}

func excludedWell() Check {
	return Check{
		ID: "CA-07", Title: "Every policy excludes the account itself or the group that is there for that.", Severity: Medium, Family: accessFamily,
		Why:    "An exclusion by role, by a group for other ends or by luck is lost when somebody changes something that seems unrelated.",
		Source: emergencyPage, Portal: accessBlade,
		Fix:   "Conditional Access > Policies > the policy > Users > Exclude > add the account itself or its exclusion group, in place of the path named here.",
		Needs: reachNeeds, Licence: P1, PerAccount: true,
		Mappings: Mappings{Microsoft: "Exclude emergency access accounts from Conditional Access", NIST: "AC-3"},
		Run: func(s Snapshot, p Policy) []Finding {
			weak := map[conditional.Relation]string{
				conditional.NotIncluded:         "without naming it",
				conditional.ExcludedRole:        "by its role, like every other holder",
				conditional.ExcludedNestedGroup: "through a group in a group",
				conditional.ExcludedOtherGroup:  "through a group that is there for something else",
				conditional.ExcludedGuest:       "because it is a guest",
			}
			by := map[string]map[conditional.Relation][]string{}
			unclear := map[string][]string{}
			for _, v := range s.verdicts(p, conditional.Enabled) {
				id, name := v.account.ID, quote(v.PolicyName, v.PolicyID)
				if _, isWeak := weak[v.Relation]; isWeak {
					if by[id] == nil {
						by[id] = map[conditional.Relation][]string{}
					}
					by[id][v.Relation] = append(by[id][v.Relation], name)
				}
				if v.Relation == conditional.Unclear {
					unclear[id] = append(unclear[id], name)
				}
			}
			return perAccount(func(a *Account, _ Policy) []Finding {
				var clauses []string
				for _, r := range []conditional.Relation{conditional.NotIncluded, conditional.ExcludedRole, conditional.ExcludedNestedGroup, conditional.ExcludedOtherGroup, conditional.ExcludedGuest} {
					if names := by[a.ID][r]; len(names) > 0 {
						clauses = append(clauses, weak[r]+" ("+and(names)+")")
					}
				}
				switch {
				case len(clauses) > 0:
					return say(Warn, "Policies spare "+a.label()+" in a way that does not last: "+strings.Join(clauses, "; ")+".")
				case len(unclear[a.ID]) > 0:
					return []Finding{{State: Unknown, Missing: "knowledge of all that the policies say", Observed: "Whether " + and(unclear[a.ID]) + " exclude " + a.label() + " is not known."}}
				default:
					return say(Pass, "No policy spares "+a.label()+" by luck.")
				}
			})(s, p)
		},
	}
}
