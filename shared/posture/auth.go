package posture

import (
	"fmt"
	"slices"

	"glasswatch/shared/conditional"
)

const methodFamily = "authentication methods"

func of(methods []Method, kinds ...conditional.MethodKind) []Method {
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool { return !slices.Contains(kinds, m.Kind) })
}

func strongMethod() Check {
	return Check{
		ID: "AUTH-01", Title: "The account has a phishing-resistant method.", Severity: Critical, Family: methodFamily,
		Why:    "Microsoft asks every administrator for multifactor authentication in its portals, break-glass accounts too: without a key or certificate there is no way in.",
		Source: mandatoryPage, Portal: usersBlade,
		Fix:   "Sign in as the account at https://mysignins.microsoft.com/security-info on a secure workstation and add a security key.",
		Needs: []SectionName{MethodsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Mandatory multifactor authentication", CISA: "MS.AAD.3.1v1", NIST: "IA-2(1), IA-5"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			for _, m := range a.Methods.Value {
				if m.Kind.PhishingResistant() {
					return say(Pass, a.label()+" has "+m.what()+".")
				}
			}
			return say(Fail, a.label()+" has no key and no certificate.")
		}),
	}
}

func twoKeys() Check {
	return Check{
		ID: "AUTH-02", Title: "The account has two keys, or a key and a certificate.", Severity: High, Family: methodFamily,
		Why:    "One key that is lost or broken locks the account out.",
		Source: keysPage, Portal: usersBlade,
		Fix:   "Register a second security key at https://mysignins.microsoft.com/security-info, and keep it in another safe.",
		Needs: []SectionName{MethodsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Store credentials safely and apart", NIST: "IA-5, CP-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			keys := len(of(a.Methods.Value, conditional.FIDO2))
			certificate := min(1, len(of(a.Methods.Value, conditional.X509)))
			switch keys + certificate {
			case 0:
				return say(Fail, a.label()+" has no key and no certificate.")
			case 1:
				return say(Warn, a.label()+" has one key or certificate only.")
			default:
				return say(Pass, fmt.Sprintf("%s has %s and %s.", a.label(), count(keys, "key"), count(certificate, "certificate")))
			}
		}),
	}
}

func noWeakMethods() Check {
	return Check{
		ID: "AUTH-03", Title: "The account has no method besides keys and certificates.", Severity: Critical, Family: methodFamily,
		Why:    "A phone number, an app or an address belongs to a person, and is a weaker way into the most powerful account.",
		Source: emergencyPage, Portal: usersBlade,
		Fix:   "Entra admin center > Users > the account > Authentication methods > delete the method named, once the keys are proven.",
		Needs: []SectionName{MethodsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Not connected with employee-supplied devices", CISA: "MS.AAD.3.1v1", NIST: "IA-2(1), IA-5"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			var found []Finding
			for _, m := range a.Methods.Value {
				state := Fail
				switch {
				case m.Kind.PhishingResistant(), m.Kind == conditional.Password, m.Kind == conditional.TemporaryAccessPass: // AUTH-04 tells of passes
					continue
				case m.Kind == conditional.HardwareOath:
					state = Warn
				}
				found = append(found, Finding{Object: m.ID, State: state, Observed: a.label() + " can also be entered with " + m.what() + "."})
			}
			if found == nil {
				return say(Pass, a.label()+" has no weaker method.")
			}
			return found
		}),
	}
}

func noPass() Check {
	return Check{
		ID: "AUTH-04", Title: "The account has no Temporary Access Pass.", Severity: Critical, Family: methodFamily,
		Why:    "A Temporary Access Pass lets whoever holds it in, without any key: it is the classic way to take such an account over.",
		Source: secOpsPage, Portal: usersBlade,
		Fix:   "Delete it now: Entra admin center > Users > the account > Authentication methods; then revoke the sessions and find out who issued it.",
		Needs: []SectionName{MethodsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Monitor authentication method changes", NIST: "IA-5, SI-4"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			var found []Finding
			for _, m := range of(a.Methods.Value, conditional.TemporaryAccessPass) {
				words := "It is expired or not yet valid."
				if m.Usable {
					words = "It can be used right now."
				}
				found = append(found, Finding{Object: m.ID, State: Fail, Observed: a.label() + " has a Temporary Access Pass. " + words})
			}
			if found == nil {
				return say(Pass, a.label()+" has no Temporary Access Pass.")
			}
			return found
		}),
	}
}

func methodsApproved() Check {
	return Check{
		ID: "AUTH-08", Title: "The account's methods are those that were approved.", Severity: Critical, Family: methodFamily,
		Why:    "A method that was added belongs to an intruder until somebody says otherwise; one that was removed may be the one in the safe.",
		Source: secOpsPage, Portal: usersBlade,
		Fix:   "If it was not meant: Entra admin center > Users > the account > Authentication methods > delete it, then revoke the sessions and reset the password. If it was, run: glasswatch posture approve",
		Needs: []SectionName{MethodsSection, BaselineSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Monitor authentication method changes", NIST: "IA-5, CM-3, SI-7"},
		Run: func(s Snapshot, p Policy) []Finding {
			return perAccount(func(a *Account, _ Policy) []Finding { return methodDrift(a, s.Baseline.Value) })(s, p)
		},
	}
}

func methodDrift(a *Account, b Baseline) []Finding {
	was, approved := b.account(a.ID)
	if !approved {
		return []Finding{{State: Unknown, Missing: "an approved baseline", Observed: a.label() + " is not in the approved baseline yet."}}
	}
	var found []Finding
	for _, m := range a.Methods.Value {
		i := slices.IndexFunc(was.Methods, func(o MethodBaseline) bool { return o.ID == m.ID })
		switch {
		case i < 0:
			found = append(found, Finding{Object: m.ID, State: Fail, Observed: "Added to " + a.label() + " and not approved: " + m.what() + "."})
		case !same(was.Methods[i], m.baseline()):
			found = append(found, Finding{Object: m.ID, State: Fail, Observed: "Changed on " + a.label() + " since it was approved: " + m.what() + "."})
		}
	}
	for _, o := range was.Methods {
		if !slices.ContainsFunc(a.Methods.Value, func(m Method) bool { return m.ID == o.ID }) {
			gone := Method{Kind: conditional.MethodKind(o.Kind), Name: o.Name}
			found = append(found, Finding{Object: o.ID, State: Fail, Observed: "Removed from " + a.label() + " though approved: " + gone.what() + "."})
		}
	}
	if found == nil {
		return say(Pass, a.label()+" has the "+count(len(was.Methods), "approved method")+" and no other.")
	}
	return found
}

func same(a, b MethodBaseline) bool {
	return a.ID == b.ID && a.Kind == b.Kind && a.Name == b.Name && a.CreatedAt.Equal(b.CreatedAt)
}

func noPerUserMFA() Check {
	return Check{
		ID: "AUTH-13", Title: "The older per-user MFA is off for the account.", Severity: High, Family: methodFamily,
		Why:    "The older setting asks at sign-in to register a phone or an app, in the middle of the emergency.",
		Source: perUserPage, Portal: usersBlade,
		Fix:   "Entra admin center > Users > All users > Per-user MFA > the account > Disable.",
		Needs: []SectionName{PerUserMFASection}, PerAccount: true,
		Mappings: Mappings{CIS: "5.1.2.1", NIST: "IA-2(1)"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			switch state := a.PerUserMFA.Value.State; state {
			case "disabled":
				return say(Pass, "Per-user MFA is off for "+a.label()+".")
			case "enabled", "enforced":
				return say(Fail, "Per-user MFA is "+state+" for "+a.label()+".")
			default:
				return []Finding{{State: Unknown, Missing: "an answer that is known", Observed: "Per-user MFA has a state for " + a.label() + " that is not known (" + quote(state, "none") + ")."}}
			}
		}),
	}
}
