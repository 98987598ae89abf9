package posture

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const inventory = "inventory and identity"

func accountsExist() Check {
	return Check{
		ID: "INV-01", Title: "At least two break-glass accounts exist and are enabled.", Severity: Critical, Family: inventory,
		Why:    "With one account alone, a lost key or a mistake leaves no way into the tenant.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:      "Enable or restore the account that is missing (INV-03 and INV-04 name it), or create another: Entra admin center > Users > New user; then add its object id to BREAK_GLASS_ACCOUNTS.",
		Needs:    []SectionName{UserSection},
		EvenGone: true,
		Mappings: Mappings{Microsoft: "Create two or more emergency access accounts", CIS: "1.1.2", NIST: "CP-2, AC-2"},
		Run: func(s Snapshot, _ Policy) []Finding {
			switch usable := s.usable(); len(usable) {
			case 0:
				return say(Fail, "No break-glass account exists and is enabled.")
			case 1:
				return say(Fail, "Only "+usable[0].label()+" exists and is enabled.")
			default:
				return say(Pass, count(len(usable), "break-glass account")+" exist and are enabled.")
			}
		},
		Revise: func(s Snapshot, own, all []Finding) []Finding {
			usable := s.usable()
			if len(usable) != 2 {
				return own
			}
			for _, f := range all {
				ours := slices.ContainsFunc(usable, func(a *Account) bool { return a.ID == f.Account })
				if f.State == Fail && f.Severity == Critical && ours {
					return say(Warn, "Two break-glass accounts exist and are enabled, but something critical is wrong with one of them, so that only one can be counted on.")
				}
			}
			return own
		},
	}
}

// usable lists the accounts that exist and are enabled, each once.
func (s *Snapshot) usable() []*Account {
	var usable []*Account
	for n := range s.Accounts {
		a := &s.Accounts[n]
		twice := slices.ContainsFunc(usable, func(b *Account) bool { return b.ID == a.ID })
		if a.User.Value.Found && a.User.Value.Enabled && !twice {
			usable = append(usable, a)
		}
	}
	return usable
}

func accountFound() Check {
	return Check{
		ID: "INV-03", Title: "The account exists.", Severity: Critical, Family: inventory,
		Why:    "A deleted account is found missing in the emergency, and can be restored for 30 days only.",
		Source: emergencyPage, Portal: "https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserManagementMenuBlade/~/DeletedUsers",
		Fix:   "Restore it now: Entra admin center > Users > Deleted users > Restore; then find out who deleted it.",
		Needs: []SectionName{UserSection}, PerAccount: true, EvenGone: true,
		Mappings: Mappings{Microsoft: "Validate accounts regularly", CIS: "1.1.2", NIST: "AC-2, CP-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			u := a.User.Value
			switch {
			case u.Found:
				return say(Pass, a.label()+" exists.")
			case u.DeletedAt != nil:
				return say(Fail, fmt.Sprintf("%s was deleted on %s and can be restored until %s.", a.label(), moment(*u.DeletedAt), day(u.DeletedAt.Add(30*24*time.Hour))))
			default:
				return say(Fail, a.label()+" does not exist, and is not among the deleted users either.")
			}
		}),
	}
}

func accountEnabled() Check {
	return Check{
		ID: "INV-04", Title: "The account is enabled.", Severity: Critical, Family: inventory,
		Why:    "A disabled account cannot sign in, and whoever could enable it may be locked out.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:   "Enable it: Entra admin center > Users > the account > Properties > Account enabled; ask who disabled it.",
		Needs: []SectionName{UserSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Validate accounts regularly", CIS: "1.1.2", NIST: "AC-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			if a.User.Value.Enabled {
				return say(Pass, a.label()+" is enabled.")
			}
			return say(Fail, a.label()+" is disabled and cannot sign in.")
		}),
	}
}

func cloudOnly() Check {
	return Check{
		ID: "INV-05", Title: "The account lives in the cloud alone.", Severity: Critical, Family: inventory,
		Why:    "An account that is synchronised from an own directory fails with it, and falls with it when it is taken over.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:   "Create a new account that is not synchronised, move the role, the keys and the exclusions, run a drill, then delete this one.",
		Needs: []SectionName{UserSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Cloud-only accounts", CIS: "1.1.1, 1.1.2", CISA: "MS.AAD.7.3v1", NIST: "AC-6, CP-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			u := a.User.Value
			switch {
			case u.OnPremisesSync:
				return say(Fail, a.label()+" is synchronised from an own directory.")
			case u.OnPremisesImmutableID != "" || u.OnPremisesDomain != "":
				return say(Fail, a.label()+" is still tied to an own directory, though it is not synchronised at present.")
			case u.OnPremisesLastSync != nil:
				return say(Warn, a.label()+" used to be synchronised, the last time on "+day(*u.OnPremisesLastSync)+".")
			default:
				return say(Pass, a.label()+" lives in the cloud alone.")
			}
		}),
	}
}

var tenantDomains = []string{".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"}

func ownDomain() Check {
	return Check{
		ID: "INV-06", Title: "The account's user name ends in the tenant's own onmicrosoft.com domain.", Severity: High, Family: inventory,
		Why:    "A name in a domain of your own stops working when that domain is federated, expires or is hijacked.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:   "Change the user name: Entra admin center > Users > the account > Edit properties > User principal name; then update BREAK_GLASS_ACCOUNTS.",
		Needs: []SectionName{UserSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Use the *.onmicrosoft.com domain", CIS: "1.1.2", NIST: "CP-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			_, domain, _ := strings.Cut(strings.ToLower(a.User.Value.UserPrincipalName), "@")
			if slices.ContainsFunc(tenantDomains, func(suffix string) bool { return strings.HasSuffix(domain, suffix) }) {
				return say(Pass, a.label()+" is named in "+domain+".")
			}
			return say(Fail, a.label()+" is named in the domain "+quote(domain, "without a name")+".")
		}),
	}
}

func internalMember() Check {
	return Check{
		ID: "INV-08", Title: "The account is an ordinary member, no guest and without an identity elsewhere.", Severity: High, Family: inventory,
		Why:    "A guest signs in at another organisation, which may be unreachable or hostile in the emergency.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:   "Replace it by an internal member: Entra admin center > Users > New user > Create new user.",
		Needs: []SectionName{UserSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Cloud-only accounts", NIST: "AC-2, IA-8"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			u := a.User.Value
			federated := slices.ContainsFunc(u.Identities, func(i Identity) bool { return strings.EqualFold(i.SignInType, "federated") })
			switch {
			case !strings.EqualFold(u.UserType, "Member"):
				return say(Fail, a.label()+" is a guest.")
			case u.ExternalState != "" || strings.Contains(strings.ToUpper(u.UserPrincipalName), "#EXT#"):
				return say(Fail, a.label()+" was invited from another organisation.")
			case federated:
				return say(Fail, a.label()+" signs in with an identity of another provider.")
			default:
				return say(Pass, a.label()+" is an ordinary member.")
			}
		}),
	}
}

func identityUnchanged() Check {
	return Check{
		ID: "INV-11", Title: "The account is who it was when it was approved.", Severity: High, Family: inventory,
		Why:    "An account that was renamed, converted or made anew under the same name may belong to somebody else.",
		Source: secOpsPage, Portal: usersBlade,
		Fix:   "Ask who changed it and why: Entra admin center > Users > the account > Audit logs. If it was meant, run: glasswatch posture approve",
		Needs: []SectionName{UserSection, BaselineSection}, PerAccount: true, EvenGone: true,
		Mappings: Mappings{Microsoft: "Monitor sign-in and audit logs", NIST: "AC-2, CM-3, SI-7"},
		Run: func(s Snapshot, p Policy) []Finding {
			return perAccount(func(a *Account, _ Policy) []Finding { return drift(a, s.Baseline.Value) })(s, p)
		},
	}
}

func drift(a *Account, b Baseline) []Finding {
	u, now := a.User.Value, a.baseline()
	if u.NameHolder != "" && u.NameHolder != a.ID {
		return []Finding{{State: Fail, Severity: Critical, Observed: fmt.Sprintf("The user name of %s leads to another account today, with the object id %s: it was made anew.", a.label(), u.NameHolder)}}
	}
	if !u.Found {
		return say(NotApplicable, a.label()+" does not exist, so there is nothing to compare.")
	}
	was, approved := b.account(a.ID)
	if !approved {
		return []Finding{{State: Unknown, Missing: "an approved baseline", Observed: a.label() + " is not in the approved baseline yet."}}
	}
	var changed []string
	for _, c := range []struct{ what, was, now string }{
		{"its user name", was.UserPrincipalName, now.UserPrincipalName},
		{"its display name", was.DisplayName, now.DisplayName},
		{"whether it is a member or a guest", was.UserType, now.UserType},
		{"when it was created", moment(was.CreatedAt), moment(now.CreatedAt)},
		{"its identities", identities(was), identities(now)},
	} {
		if c.was != c.now {
			changed = append(changed, fmt.Sprintf("%s (was %s, is %s)", c.what, quote(c.was, "empty"), quote(c.now, "empty")))
		}
	}
	if len(changed) > 0 {
		return say(Fail, "Changed on "+a.label()+" since it was approved: "+and(changed)+".")
	}
	return say(Pass, a.label()+" is as approved.")
}

func identities(b AccountBaseline) string {
	var words []string
	for _, i := range b.Identities {
		words = append(words, i.SignInType+" "+i.IssuedID+" at "+i.Issuer)
	}
	return strings.Join(words, ", ")
}
