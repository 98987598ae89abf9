package posture

import (
	"cmp"
	"fmt"
	"slices"

	"glasswatch/shared/conditional"
)

func oneSurvivesEach() Check {
	return Check{
		ID: "CA-04", Title: "Each policy leaves at least one break-glass account alone.", Severity: Critical, Family: accessFamily,
		Why:    "A policy that applies to every account can lock out all of them at one stroke.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: reachNeeds, Licence: P1,
		Mappings: Mappings{Microsoft: "Exclude at least one account from all policies", CIS: "1.1.2", NIST: "CP-2"},
		Run: func(s Snapshot, p Policy) []Finding {
			spared, unclear, names := map[string]bool{}, map[string]bool{}, map[string]string{}
			for _, v := range s.verdicts(p, conditional.Enabled) {
				names[v.PolicyID] = v.PolicyName
				switch {
				case v.Relation == conditional.Unclear:
					unclear[v.PolicyID] = true
				case v.Relation != conditional.Targeted:
					spared[v.PolicyID] = true
				}
			}
			var found []Finding
			for id, name := range names {
				switch {
				case spared[id]:
				case unclear[id]:
					found = append(found, Finding{Object: id, State: Unknown, Missing: "knowledge of all that the policy says", Observed: "Whether the policy " + quote(name, id) + " leaves any break-glass account alone is not known."})
				default:
					found = append(found, Finding{Object: id, State: Fail, Observed: "The policy " + quote(name, id) + " applies to every break-glass account."})
				}
			}
			if found == nil {
				return say(Pass, "Each policy that is on leaves at least one account alone.")
			}
			return found
		},
	}
}

func oneFreeOfAll() Check {
	return Check{
		ID: "CA-05", Title: "At least one break-glass account is free of every policy.", Severity: Critical, Family: accessFamily,
		Why:    "When policies fail or are turned against you, one account must not depend on any of them.",
		Source: exclusionPage, Portal: accessBlade, Fix: excludeFix, Needs: reachNeeds, Licence: P1,
		Mappings: Mappings{Microsoft: "Exclude at least one account from all policies", CIS: "1.1.2", NIST: "CP-2"},
		Run: func(s Snapshot, p Policy) []Finding {
			hit, unclear := map[string]int{}, map[string]bool{}
			for _, v := range s.verdicts(p, conditional.Enabled) {
				if v.Relation == conditional.Targeted {
					hit[v.account.ID]++
				}
				if v.Relation == conditional.Unclear {
					unclear[v.account.ID] = true
				}
			}
			var free, perhaps, words []string
			for n := range s.Accounts {
				a := &s.Accounts[n]
				switch {
				case hit[a.ID] > 0:
					words = append(words, a.label()+" by "+count(hit[a.ID], "policy"))
				case unclear[a.ID]:
					perhaps = append(perhaps, a.label())
				default:
					free = append(free, a.label())
				}
			}
			switch {
			case len(free) > 0:
				return say(Pass, "No policy that is on applies to "+and(free)+".")
			case len(perhaps) > 0:
				return []Finding{{State: Unknown, Missing: "knowledge of all that the policies say", Observed: "Whether " + and(perhaps) + " is free of every policy is not known."}}
			case len(words) == 0:
				return say(Fail, "There is no break-glass account that could be free of every policy.")
			default:
				return say(Fail, "Every break-glass account is met by a policy: "+and(words)+".")
			}
		},
	}
}

func whatIfAgrees() Check {
	return Check{
		ID: "CA-11", Title: "Microsoft's What If finds no policy that applies to the account.", Severity: High, Family: accessFamily,
		Why:    "It answers for sign-ins from managed and unmanaged devices each day without anybody signing in, and guards our own reading of the policies.",
		Source: whatIfPage, Portal: accessBlade,
		Fix:   "Conditional Access > What If: choose the account and the sign-in named here, and mend the policy that it shows.",
		Needs: slices.Concat([]SectionName{WhatIfSection}, accessNeeds), Licence: P1, PerAccount: true,
		Mappings: Mappings{Microsoft: "What If tool", NIST: "CA-7, CM-4"},
		Run: func(s Snapshot, p Policy) []Finding {
			ours := map[string][]verdict{}
			for _, v := range s.verdicts(p, conditional.Enabled) {
				ours[v.account.ID] = append(ours[v.account.ID], v)
			}
			return perAccount(func(a *Account, _ Policy) []Finding { return whatIf(a, ours[a.ID]) })(s, p)
		},
	}
}

// whatIf compares Microsoft's answers for one account with our own verdicts.
func whatIf(a *Account, ours []verdict) []Finding {
	names, when := map[string]string{}, map[string][]string{}
	asked := false // a question that a policy for everything must show up in
	for _, answer := range a.WhatIf.Value {
		sc, _ := scenario(answer.Scenario)
		asked = asked || sc.certain()
		for _, hit := range answer.Policies {
			if hit.Applies && hit.State == string(conditional.Enabled) {
				names[hit.ID] = hit.Name
				when[hit.ID] = append(when[hit.ID], sc.Words)
			}
		}
	}
	if len(a.WhatIf.Value) < len(Scenarios) {
		return []Finding{{State: Unknown, Missing: "an answer from Microsoft Graph", Observed: fmt.Sprintf("What If answered %d of %s about %s.", len(a.WhatIf.Value), count(len(Scenarios), "question"), a.label())}}
	}
	var found []Finding
	for id, name := range names {
		i := slices.IndexFunc(ours, func(v verdict) bool { return v.PolicyID == id })
		if i >= 0 && ours[i].Accepted {
			continue
		}
		f := Finding{Object: id, State: Fail, Observed: fmt.Sprintf("What If says that the policy %s applies to %s when signing in %s.", quote(name, id), a.label(), and(when[id]))}
		if i < 0 || ours[i].Relation != conditional.Targeted && ours[i].Relation != conditional.Unclear {
			f.Observed += " Glasswatch itself finds that it does not: trust What If, and tell the makers."
		}
		found = append(found, f)
	}
	for _, v := range ours {
		if _, hit := names[v.PolicyID]; !hit && asked && v.Relation == conditional.Targeted && v.Certain {
			found = append(found, Finding{Object: v.PolicyID, State: Warn, Observed: fmt.Sprintf("Glasswatch finds that the policy %s applies to %s, and What If does not: one of them is wrong.", quote(v.PolicyName, v.PolicyID), a.label())})
		}
	}
	if found == nil {
		return say(Pass, fmt.Sprintf("What If finds no policy that applies to %s, in %s.", a.label(), count(len(a.WhatIf.Value), "imagined sign-in")))
	}
	return found
}

func nothingChanged() Check {
	return Check{
		ID: "CA-14", Title: "No policy and no exclusion group treats the accounts worse than a day ago.", Severity: High, Family: accessFamily,
		Why:    "A change of a policy is undone easily while somebody remembers it, and hard to find in the emergency.",
		Source: secOpsPage, Portal: "https://entra.microsoft.com/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/AuditLogs",
		Fix:   "Conditional Access > Audit logs: ask the person named whether the change was meant, and restore the exclusion if not.",
		Needs: slices.Concat([]SectionName{YesterdaySection, GroupsSection}, accessNeeds), Uses: []SectionName{RecentChangesSection}, Licence: P1,
		Mappings: Mappings{Microsoft: "Monitor changes to Conditional Access policies", NIST: "CM-3, AU-6"},
		Run:      changedSince,
	}
}

func changedSince(s Snapshot, p Policy) []Finding {
	was, now := s.Yesterday.Value, TakeFingerprint(s, p)
	if was.Blind {
		return []Finding{{State: Unknown, Missing: "yesterday's policies", Observed: "Yesterday not all policies and groups could be read, so that nobody can tell what has changed since."}}
	}
	by := func(object string) string {
		for _, c := range s.RecentChanges.Value {
			if c.Object == object && c.Actor != "" {
				return " It was changed by " + quote(c.Actor, "") + " on " + moment(c.At) + "."
			}
		}
		if !s.RecentChanges.Read {
			return " Who changed it could not be read."
		}
		return ""
	}
	var found []Finding
	var other []string
	for _, policy := range now.Policies {
		i := slices.IndexFunc(was.Policies, func(o PolicyPrint) bool { return o.ID == policy.ID })
		old := PolicyPrint{}
		if i >= 0 {
			old = was.Policies[i]
		}
		worse := false
		for _, a := range policy.Accounts {
			j := slices.IndexFunc(old.Accounts, func(o AccountPrint) bool { return o.ID == a.ID })
			before := AccountPrint{Because: "it was not on"}
			if j >= 0 {
				before = old.Accounts[j]
			}
			if a.Harm > before.Harm {
				account, _ := s.account(a.ID)
				worse = true
				found = append(found, Finding{Account: a.ID, Object: policy.ID, State: Fail, Observed: fmt.Sprintf("Since yesterday the policy %s treats %s worse: %s (before: %s).%s", quote(policy.Name, policy.ID), account.label(), a.Because, before.Because, by(policy.ID))})
			}
		}
		if !worse && policy.Hash != old.Hash {
			other = append(other, quote(policy.Name, policy.ID))
		}
	}
	for _, group := range now.Groups {
		i := slices.IndexFunc(was.Groups, func(o GroupPrint) bool { return o.ID == group.ID })
		if i >= 0 && !slices.Equal(group.Members, was.Groups[i].Members) {
			found = append(found, Finding{Object: group.ID, State: Fail, Observed: fmt.Sprintf("Since yesterday the members of the exclusion group %s have changed.%s", quote(s.groupName(group.ID), group.ID), by(group.ID))})
		}
	}
	switch {
	case found != nil:
		return found
	case len(other) > 0:
		return say(Note, "Since yesterday it was changed whom these policies are for, without harm to the accounts: "+and(other)+".")
	default:
		return say(Pass, "Nothing has changed for the accounts since "+moment(was.At)+".")
	}
}

func (s *Snapshot) groupName(id string) string {
	for _, g := range s.Groups.Value {
		if g.ID == id {
			return cmp.Or(g.Name, id)
		}
	}
	return id
}
