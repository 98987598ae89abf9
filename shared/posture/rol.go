package posture

import (
	"fmt"
	"slices"
)

const roleFamily = "roles"

// held lists the account's active assignments of Global Administrator, whatever their scope.
func (a *Account) held() []RoleHeld {
	var held []RoleHeld
	for _, r := range a.Roles.Value {
		if r.Role == GlobalAdministrator {
			held = append(held, r)
		}
	}
	return held
}

func isAdministrator() Check {
	return Check{
		ID: "ROL-01", Title: "The account is Global Administrator now.", Severity: Critical, Family: roleFamily,
		Why:    "In the emergency nobody may be left who could give it the role.",
		Source: emergencyPage, Portal: rolesBlade,
		Fix:   "Entra admin center > Roles & admins > Global Administrator > Add assignments > Active, permanent, the account itself.",
		Needs: []SectionName{RolesSection, MembershipsSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Global Administrator role assignment", CIS: "1.1.2", NIST: "AC-6, CP-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			switch {
			case slices.ContainsFunc(a.held(), func(r RoleHeld) bool { return r.Scope == "/" }):
				return say(Pass, a.label()+" is Global Administrator.")
			case slices.Contains(a.Memberships.Value.Roles, GlobalAdministrator):
				return say(Pass, a.label()+" is Global Administrator through a group.")
			default:
				return say(Fail, a.label()+" is not Global Administrator now.")
			}
		}),
	}
}

func permanently() Check {
	return Check{
		ID: "ROL-02", Title: "The account is Global Administrator for good, not for a time.", Severity: Critical, Family: roleFamily,
		Why:    "A role that has to be activated, or that ends, is missing on the day when activation does not work.",
		Source: emergencyPage, Portal: rolesBlade,
		Fix:   "Entra admin center > Roles & admins > Global Administrator > Assignments > the account > Update > Permanently assigned.",
		Needs: []SectionName{RolesSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Active permanent rather than eligible", CISA: "MS.AAD.7.4v1 (the exception for emergency accounts)", NIST: "AC-6, CP-2"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			held := a.held()
			if len(held) == 0 {
				return say(NotApplicable, a.label()+" has no assignment of its own as Global Administrator; ROL-01 says whether it has the role.")
			}
			for _, r := range held {
				if !r.Activated && r.EndsAt == nil {
					return say(Pass, a.label()+" is Global Administrator for good.")
				}
			}
			if end := held[0].EndsAt; end != nil {
				return say(Fail, fmt.Sprintf("%s is Global Administrator until %s only.", a.label(), moment(*end)))
			}
			return say(Fail, a.label()+" has only activated the role for a time.")
		}),
	}
}

func directly() Check {
	return Check{
		ID: "ROL-03", Title: "The account holds the role itself and for the whole tenant.", Severity: High, Family: roleFamily,
		Why:    "A role that comes through a group hangs on its owners and members; one for a part of the tenant does not reach the rest.",
		Source: emergencyPage, Portal: rolesBlade,
		Fix:   "Entra admin center > Roles & admins > Global Administrator > Add assignments > the account itself, scope Directory.",
		Needs: []SectionName{RolesSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Global Administrator role assignment", NIST: "AC-6"},
		Run: perAccount(func(a *Account, _ Policy) []Finding {
			held := a.held()
			wide := slices.ContainsFunc(held, func(r RoleHeld) bool { return r.Scope == "/" })
			switch {
			case len(held) == 0:
				return say(NotApplicable, a.label()+" has no assignment of its own as Global Administrator; ROL-01 says whether it has the role.")
			case !wide:
				return say(Fail, a.label()+" holds the role for a part of the tenant only.")
			case slices.ContainsFunc(held, func(r RoleHeld) bool { return r.Scope == "/" && !r.ViaGroup }):
				return say(Pass, a.label()+" holds the role itself, for the whole tenant.")
			default:
				return say(Warn, a.label()+" holds the role through a group, so that whoever manages the group decides over it.")
			}
		}),
	}
}

func noOtherRoles() Check {
	return Check{
		ID: "ROL-05", Title: "The account holds no role besides Global Administrator.", Severity: Medium, Family: roleFamily,
		Why:    "Every further role is one more thing that a policy can aim at and an attacker can use, and adds nothing to a Global Administrator.",
		Source: rolesPage, Portal: rolesBlade,
		Fix:   "Entra admin center > Users > the account > Assigned roles > remove the role named; or list it in POSTURE_POLICY as an allowed role.",
		Needs: []SectionName{RolesSection, EligibleSection}, PerAccount: true,
		Mappings: Mappings{Microsoft: "Least privilege", NIST: "AC-6(5)"},
		Run: perAccount(func(a *Account, p Policy) []Finding {
			var found []Finding
			for _, r := range slices.Concat(a.Roles.Value, a.Eligible.Value) {
				seen := slices.ContainsFunc(found, func(f Finding) bool { return f.Object == r.Role })
				if r.Role != GlobalAdministrator && !slices.Contains(p.AllowedRoles, r.Role) && !seen {
					found = append(found, Finding{Object: r.Role, State: Fail, Observed: a.label() + " holds, or could activate, the role " + r.role() + "."})
				}
			}
			if found == nil {
				return say(Pass, a.label()+" holds no other role.")
			}
			return found
		}),
	}
}

func administratorsFew() Check {
	return Check{
		ID: "ROL-07", Title: "The tenant has few Global Administrators, and more than one.", Severity: Medium, Family: roleFamily,
		Why:    "Each Global Administrator can take the break-glass accounts over; with fewer than two nobody can help the other.",
		Source: rolesPage, Portal: rolesBlade,
		Fix:      "Entra admin center > Roles & admins > Global Administrator > Assignments: leave fewer than five, and make the others eligible in Privileged Identity Management.",
		Needs:    []SectionName{AdministratorsSection},
		Mappings: Mappings{Microsoft: "Fewer than five Global Administrators", CIS: "1.1.3", CISA: "MS.AAD.7.1v1", NIST: "AC-6(5)"},
		Run: func(s Snapshot, p Policy) []Finding {
			people := map[string]bool{}
			ours := 0
			for _, a := range s.Administrators.Value {
				if a.Kind != "user" || people[a.ID] {
					continue
				}
				people[a.ID] = true
				if _, watched := s.account(a.ID); watched {
					ours++
				}
			}
			words := fmt.Sprintf("%s: %s and %d for every day.", count(len(people), "Global Administrator"), count(ours, "break-glass account"), len(people)-ours)
			switch n := len(people); {
			case n < p.FewestAdministrators || n > p.MostAdministrators:
				return say(Fail, words)
			case n >= p.ManyAdministrators:
				return say(Warn, words)
			default:
				return say(Pass, words)
			}
		},
	}
}
