package posture

import (
	"fmt"
	"slices"
	"strings"

	"glasswatch/shared/conditional"
)

// allows says whether the rule lets the account use its method, and if not, why.
func (r MethodRule) allows(a *Account) (allowed bool, against string) {
	in := func(targets []string) (string, bool) {
		for _, g := range a.Memberships.Value.Groups {
			if slices.Contains(targets, g.ID) {
				return quote(g.Name, g.ID), true
			}
		}
		return "", false
	}
	if !r.Enabled {
		return false, "the method is off for everybody"
	}
	if group, excluded := in(r.Exclude); excluded {
		return false, "the group " + group + " is excluded from it"
	}
	if _, included := in(r.Include); included || slices.Contains(r.Include, AllUsers) {
		return true, ""
	}
	return false, "no group of the account is included"
}

// allowed says whether the account may use the strong methods that it has; without any, whether it
// may use keys.
func (a *Account) allowed(p MethodPolicy) (against []string) {
	for _, rule := range []struct {
		kind conditional.MethodKind
		what string
		MethodRule
	}{{conditional.FIDO2, "keys", p.FIDO2}, {conditional.X509, "certificates", p.Certificate}} {
		has := len(of(a.Methods.Value, rule.kind)) > 0
		none := rule.kind == conditional.FIDO2 && len(of(a.Methods.Value, conditional.FIDO2, conditional.X509)) == 0
		if !has && !none {
			continue
		}
		if ok, why := rule.allows(a); !ok {
			against = append(against, rule.what+": "+why)
		}
	}
	return against
}

func keysAllowed() Check {
	return Check{
		ID: "AUTH-09", Title: "The account may use its keys and certificates.", Severity: Critical, Family: methodFamily,
		Why:    "A registered key opens nothing while the tenant's rules do not allow keys for the account.",
		Source: keysPage, Portal: methodsBlade,
		Fix:   "Entra admin center > Authentication methods > Policies > Passkey (FIDO2) or Certificate-based authentication > Enable and target: include the accounts, and remove what excludes them.",
		Needs: []SectionName{MethodPolicySection, MethodsSection, MembershipsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Mandatory multifactor authentication", NIST: "IA-2(1), CM-6"},
		Run: func(s Snapshot, p Policy) []Finding {
			return perAccount(func(a *Account, _ Policy) []Finding {
				if against := a.allowed(s.MethodPolicy.Value); len(against) > 0 {
					return say(Fail, a.label()+" may not use "+and(against)+".")
				}
				return say(Pass, a.label()+" may use its keys and certificates.")
			})(s, p)
		},
	}
}

func modelsAllowed() Check {
	return Check{
		ID: "AUTH-10", Title: "The models of the account's keys are allowed.", Severity: Critical, Family: methodFamily,
		Why:    "A list of allowed or blocked models makes a registered key useless overnight.",
		Source: keysPage, Portal: methodsBlade,
		Fix:   "Entra admin center > Authentication methods > Policies > Passkey (FIDO2) > Configure: add the models of the keys to the allowed ones, or remove them from the blocked ones.",
		Needs: []SectionName{MethodPolicySection, MethodsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Key restrictions", NIST: "IA-5, CM-6"},
		Run: func(s Snapshot, p Policy) []Finding {
			return perAccount(func(a *Account, _ Policy) []Finding { return models(a, s.MethodPolicy.Value.FIDO2) })(s, p)
		},
	}
}

// models says which of the account's keys survive the restrictions.
func models(a *Account, rule MethodRule) []Finding {
	keys := of(a.Methods.Value, conditional.FIDO2)
	if len(keys) == 0 {
		return say(NotApplicable, a.label()+" has no key.")
	}
	if len(rule.Unknown) > 0 {
		return []Finding{{State: Unknown, Missing: "knowledge of all that the rule for keys says", Observed: fmt.Sprintf("The rule for keys holds something that Glasswatch does not know (%s), so that nobody can tell which models it allows.", and(rule.Unknown))}}
	}
	var refused, nameless []string
	for _, k := range keys {
		listed := slices.ContainsFunc(rule.AAGUIDs, func(id string) bool { return strings.EqualFold(id, k.AAGUID) })
		switch {
		case !rule.Enforced:
		case k.AAGUID == "":
			nameless = append(nameless, k.what())
		case listed == rule.Blocking:
			refused = append(refused, k.what())
		}
	}
	switch {
	case len(refused) == len(keys):
		return say(Fail, "None of the keys of "+a.label()+" is of an allowed model: "+and(refused)+".")
	case len(nameless) > 0:
		return []Finding{{State: Unknown, Missing: "the model of a key", Observed: "The model of " + and(nameless) + " of " + a.label() + " is not known."}}
	case len(refused) > 0:
		return say(Warn, "Not of an allowed model, on "+a.label()+": "+and(refused)+".")
	default:
		return say(Pass, "The models of the keys of "+a.label()+" are allowed.")
	}
}

func readyForMandatoryMFA() Check {
	return Check{
		ID: "TEN-02", Title: "At least two accounts can pass Microsoft's own multifactor check in its portals.", Severity: Critical, Family: tenantFamily,
		Why:    "The Azure, Entra and Microsoft 365 portals ask for multifactor authentication whatever Conditional Access says, and nobody is exempt.",
		Source: mandatoryPage, Portal: methodsBlade,
		Fix:      "Register two security keys for each account at https://mysignins.microsoft.com/security-info, and allow them under Authentication methods > Policies > Passkey (FIDO2).",
		Needs:    []SectionName{MethodPolicySection, MethodsSection, MembershipsSection},
		Mappings: Mappings{Microsoft: "Mandatory multifactor authentication", CISA: "MS.AAD.3.1v1", NIST: "IA-2(1), CP-2"},
		Run: func(s Snapshot, _ Policy) []Finding {
			var ready, perhaps []string
			for n := range s.Accounts {
				a := &s.Accounts[n]
				strong := slices.ContainsFunc(a.Methods.Value, func(m Method) bool { return m.Kind.PhishingResistant() })
				if !strong || len(a.allowed(s.MethodPolicy.Value)) > 0 {
					continue
				}
				switch models(a, s.MethodPolicy.Value.FIDO2)[0].State {
				case Fail:
				case Unknown:
					perhaps = append(perhaps, a.label())
				default:
					ready = append(ready, a.label())
				}
			}
			switch {
			case len(ready) >= 2:
				return say(Pass, and(ready)+" can pass it.")
			case len(ready)+len(perhaps) >= 2:
				return []Finding{{State: Unknown, Missing: "knowledge of the rule for keys", Observed: "Whether " + and(perhaps) + " can pass it is not known."}}
			case len(ready)+len(perhaps) == 1:
				return say(Fail, "Only "+and(append(ready, perhaps...))+" can pass it.")
			default:
				return say(Fail, "No break-glass account can pass it.")
			}
		},
	}
}
