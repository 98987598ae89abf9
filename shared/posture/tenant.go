package posture

import (
	"slices"
	"strings"
)

const (
	tenantFamily     = "the tenant"
	passwordFamily   = "passwords"
	protectionFamily = "protection of accounts and exclusion groups"
)

func licencesKnown() Check {
	return Check{
		ID: "TEN-00", Title: "The tenant has Entra ID P1.", Severity: Info, Family: tenantFamily,
		Why:    "Without it there is no Conditional Access and no sign-in log in Graph, so that many checks do not apply.",
		Source: licencesPage, Portal: licencesBlade,
		Fix:      "Nothing needs to be mended. To see what is bought: Entra admin center > Billing > Licenses.",
		Needs:    []SectionName{LicencesSection},
		Mappings: Mappings{Microsoft: "Validate accounts when subscriptions change"},
		Run: func(s Snapshot, _ Policy) []Finding {
			switch l := s.Licences.Value; {
			case l.P2:
				return say(Pass, "The tenant has Entra ID P1 and P2.")
			case l.P1:
				return say(Pass, "The tenant has Entra ID P1, and not P2.")
			default:
				return say(Note, "The tenant has neither Entra ID P1 nor P2.")
			}
		},
	}
}

func noSecurityDefaults() Check {
	return Check{
		ID: "TEN-01", Title: "Security defaults do not stand in the accounts' way.", Severity: High, Family: tenantFamily,
		Why:    "Security defaults ask every administrator to register Microsoft Authenticator, and no account can be exempt.",
		Source: defaultsPage, Portal: tenantBlade,
		Fix:      "Register security keys for the accounts first; or replace security defaults by Conditional Access: Entra admin center > Overview > Properties > Manage security defaults.",
		Needs:    []SectionName{SecurityDefaultsSection, MethodsSection},
		Mappings: Mappings{Microsoft: "Security defaults", CISA: "MS.AAD.3.1v1", NIST: "IA-2(1), CP-2"},
		Run: func(s Snapshot, _ Policy) []Finding {
			if !s.SecurityDefaults.Value.Enabled {
				return say(Pass, "Security defaults are off.")
			}
			var weak []string
			for n := range s.Accounts {
				a := &s.Accounts[n]
				if !slices.ContainsFunc(a.Methods.Value, func(m Method) bool { return m.Kind.PhishingResistant() }) {
					weak = append(weak, a.label())
				}
			}
			if len(weak) > 0 {
				return []Finding{{Severity: Critical, State: Fail, Observed: "Security defaults are on, and " + and(weak) + " could not answer them with a key or certificate."}}
			}
			return say(Warn, "Security defaults are on; the accounts can answer them with their keys.")
		},
	}
}

func passwordStays() Check {
	return Check{
		ID: "PWD-01", Title: "The account's password does not expire.", Severity: High, Family: passwordFamily,
		Why:    "A password that expired in the safe has to be changed at sign-in, and the one in the safe is wrong from then on.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:   "Run: Update-MgUser -UserId <object id> -PasswordPolicies DisablePasswordExpiration",
		Needs: []SectionName{UserSection}, Uses: []SectionName{DomainsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "The credential must not expire", CIS: "1.3.1", CISA: "MS.AAD.6.1v1", NIST: "IA-5(1)"},
		Run: func(s Snapshot, p Policy) []Finding {
			return perAccount(func(a *Account, _ Policy) []Finding {
				own := slices.ContainsFunc(a.User.Value.PasswordPolicies, func(w string) bool { return strings.EqualFold(w, "DisablePasswordExpiration") })
				_, name, _ := strings.Cut(strings.ToLower(a.User.Value.UserPrincipalName), "@")
				i := slices.IndexFunc(s.Domains.Value, func(d Domain) bool { return d.Name == name })
				switch {
				case own:
					return say(Pass, "The password of "+a.label()+" is set to never expire.")
				case i >= 0 && s.Domains.Value[i].PasswordsNeverEnd:
					return say(Pass, "No password in the domain of "+a.label()+" expires.")
				case i >= 0 && s.Domains.Value[i].PasswordEndsInDays <= 0: // Graph's default holds where nothing is set
					return say(Fail, "The password of "+a.label()+" may expire: its domain does not say when, and the default is 90 days.")
				case i >= 0:
					return say(Fail, "The password of "+a.label()+" expires "+count(s.Domains.Value[i].PasswordEndsInDays, "day")+" after it was set.")
				default:
					return []Finding{{State: Unknown, Missing: "Domain.Read.All", Observed: "The password of " + a.label() + " is not set to never expire, and whether passwords in its domain do could not be read."}}
				}
			})(s, p)
		},
	}
}

func passwordUnchanged() Check {
	return Check{
		ID: "PWD-03", Title: "The account's password is the one that was approved.", Severity: Critical, Family: passwordFamily,
		Why:    "A password that was changed by surprise is no longer the one in the safe, and somebody knows it.",
		Source: secOpsPage, Portal: usersBlade,
		Fix:   "Ask the custodians. If none of them did it: Entra admin center > Users > the account > Reset password and Revoke sessions, and treat it as an attack. If it was meant, run: glasswatch posture approve",
		Needs: []SectionName{UserSection, BaselineSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Monitor account password changes", NIST: "IA-5, SI-4"},
		Run: func(s Snapshot, p Policy) []Finding {
			return perAccount(func(a *Account, _ Policy) []Finding {
				was, approved := s.Baseline.Value.account(a.ID)
				now := a.User.Value.LastPasswordChange
				switch {
				case !approved:
					return []Finding{{State: Unknown, Missing: "an approved baseline", Observed: a.label() + " is not in the approved baseline yet."}}
				case now.Equal(was.LastPasswordChange):
					return say(Pass, "The password of "+a.label()+" is the one that was approved.")
				default:
					return say(Fail, "The password of "+a.label()+" was changed on "+moment(now)+", after it was approved.")
				}
			})(s, p)
		},
	}
}

func groupHoldsAccounts() Check {
	return Check{
		ID: "PROT-03", Title: "The groups that exclude the accounts hold the accounts and nobody else.", Severity: Critical, Family: protectionFamily,
		Why:    "Whoever is in such a group is exempt from Conditional Access without anybody noticing; an account that is missing is locked out.",
		Source: emergencyPage, Portal: groupsBlade,
		Fix:      "Entra admin center > Groups > the group > Members: remove everybody who is no break-glass account, and add the accounts that are missing.",
		Needs:    []SectionName{GroupsSection, PoliciesSection, MembershipsSection},
		Mappings: Mappings{Microsoft: "Exclusion groups", NIST: "AC-2, AC-6"},
		Run:      members,
	}
}

func members(s Snapshot, p Policy) []Finding {
	ids := ExclusionGroups(s, p)
	if len(ids) == 0 {
		return say(NotApplicable, "No group excludes the accounts.")
	}
	var found []Finding
	held := map[string]bool{}
	for _, id := range ids {
		i := slices.IndexFunc(s.Groups.Value, func(g Group) bool { return g.ID == id })
		if i < 0 {
			found = append(found, notRead(id))
			continue
		}
		g := s.Groups.Value[i]
		if !g.Found {
			found = append(found, Finding{Object: id, State: Fail, Observed: "The exclusion group " + quote(g.Name, id) + " does not exist any more."})
			continue
		}
		var extra []string
		for _, m := range g.Members {
			if _, ours := s.account(m.ID); ours {
				held[m.ID] = true
			} else {
				extra = append(extra, quote(m.Name, m.ID))
			}
		}
		if len(extra) > 0 {
			found = append(found, Finding{Object: id, State: Fail, Observed: "Also exempt through the group " + quote(g.Name, id) + ": " + and(extra) + "."})
		}
	}
	for n := range s.Accounts {
		if a := &s.Accounts[n]; !held[a.ID] && len(p.ExclusionGroups) > 0 {
			found = append(found, Finding{Account: a.ID, State: Fail, Observed: a.label() + " is in none of the exclusion groups."})
		}
	}
	if found == nil {
		return say(Pass, "The exclusion groups hold the accounts and nobody else.")
	}
	return found
}

func groupProtected() Check {
	return Check{
		ID: "PROT-04", Title: "Only the highest administrators can change the groups that exclude the accounts.", Severity: High, Family: protectionFamily,
		Why:    "Any groups administrator, or an owner, can put himself into an ordinary group and is exempt from Conditional Access.",
		Source: groupsPage, Portal: groupsBlade,
		Fix:      "Create a new group with Microsoft Entra roles can be assigned to the group = Yes (it cannot be changed later), move the accounts and the exclusions, and delete the old one; or put the group into a restricted management administrative unit.",
		Needs:    []SectionName{GroupsSection, PoliciesSection, MembershipsSection},
		Mappings: Mappings{Microsoft: "Protect groups that exclude from policies", NIST: "AC-6, AC-5"},
		Run: func(s Snapshot, p Policy) []Finding {
			ids := ExclusionGroups(s, p)
			var found []Finding
			for _, id := range ids {
				i := slices.IndexFunc(s.Groups.Value, func(g Group) bool { return g.ID == id })
				if i < 0 {
					found = append(found, notRead(id))
					continue
				}
				if g := s.Groups.Value[i]; g.Found && !g.Assignable && !g.Restricted {
					found = append(found, Finding{Object: g.ID, State: Fail, Observed: "The exclusion group " + quote(g.Name, g.ID) + " is an ordinary group."})
				}
			}
			switch {
			case found != nil:
				return found
			case len(ids) == 0:
				return say(NotApplicable, "No group excludes the accounts.")
			default:
				return say(Pass, "The exclusion groups are protected.")
			}
		},
	}
}

// notRead is what is said of a group that excludes an account and is not in the snapshot.
func notRead(group string) Finding {
	return Finding{Object: group, State: Unknown, Missing: "the group", Observed: "The group " + group + " excludes an account, and was not read."}
}
