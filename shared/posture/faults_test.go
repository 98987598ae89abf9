package posture_test

import (
	"fmt"
	"slices"
	"time"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

// fault is one thing that can be wrong. Faults with the same theme are not planted together, on
// one account if they are about an account.
type fault struct {
	name, theme string
	account     bool
	plant       func(w *world, n int)
}

var faults = []fault{
	{"deleted", "user", true, func(w *world, n int) {
		deleted := taken.Add(-30 * time.Hour)
		a := &w.s.Accounts[n]
		a.User = posture.Got(posture.User{DeletedAt: &deleted})
		a.Memberships, a.Methods = posture.Missed[posture.Memberships](posture.Gap{Reason: posture.Gone}), posture.Missed[[]posture.Method](posture.Gap{Reason: posture.Gone})
		a.Roles, a.Eligible = posture.Missed[[]posture.RoleHeld](posture.Gap{Reason: posture.Gone}), posture.Missed[[]posture.RoleHeld](posture.Gap{Reason: posture.Gone})
		w.s.Groups.Value[0].Members = slices.DeleteFunc(w.s.Groups.Value[0].Members, func(m posture.Member) bool { return m.ID == a.ID })
		w.gone[n], w.unusable[n], w.unready[n] = true, true, true
		w.expect("INV-03", n, "")
	}},
	{"disabled", "enabled", true, func(w *world, n int) { w.user(n).Enabled = false; w.unusable[n] = true; w.expect("INV-04", n, "") }},
	{"synchronised", "sync", true, func(w *world, n int) { w.user(n).OnPremisesSync = true; w.expect("INV-05", n, "") }},
	{"own domain", "name", true, func(w *world, n int) {
		w.user(n).UserPrincipalName = "bg@contoso.com"
		w.expect("INV-06", n, "")
		w.expect("INV-11", n, "")
	}},
	{"renamed", "name", true, func(w *world, n int) { w.user(n).DisplayName = "Scanner"; w.expect("INV-11", n, "") }},
	{"federated identity", "name", true, func(w *world, n int) {
		w.user(n).Identities = append(w.user(n).Identities, posture.Identity{SignInType: "federated", Issuer: "idp", IssuedID: "x"})
		w.expect("INV-08", n, "")
		w.expect("INV-11", n, "")
	}},
	{"no role", "role", true, func(w *world, n int) {
		w.s.Accounts[n].Roles.Value, w.s.Accounts[n].Memberships.Value.Roles = nil, nil
		w.expect("ROL-01", n, "")
	}},
	{"role for a time", "role", true, func(w *world, n int) {
		end := taken.AddDate(0, 2, 0)
		w.s.Accounts[n].Roles.Value[0].EndsAt = &end
		w.expect("ROL-02", n, "")
	}},
	{"role for a unit", "role", true, func(w *world, n int) {
		w.s.Accounts[n].Roles.Value[0].Scope = "/administrativeUnits/1"
		w.s.Accounts[n].Memberships.Value.Roles = nil
		w.expect("ROL-01", n, "")
		w.expect("ROL-03", n, "")
	}},
	{"another role", "other role", true, func(w *world, n int) {
		const reader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
		w.s.Accounts[n].Eligible.Value = append(w.s.Accounts[n].Eligible.Value, posture.RoleHeld{Role: reader, Scope: "/"})
		w.expect("ROL-05", n, reader)
	}},
	{"too many administrators", "administrators", false, func(w *world, _ int) {
		for i := range 8 {
			w.s.Administrators.Value = append(w.s.Administrators.Value, posture.Administrator{ID: fmt.Sprintf("33333333-0000-4000-8000-%012d", i), Kind: "user"})
		}
		w.expect("ROL-07", -1, "")
	}},
	{"MFA for all without the exclusion", "policy 1", false, func(w *world, _ int) {
		id := w.policy(`"includeUsers":["All"]`, conditional.Enabled, "", `"operator":"OR","builtInControls":["mfa"]`, w.everyone()...)
		for _, n := range w.everyone() {
			w.expect("CA-01", n, id)
			if len(w.s.Accounts[n].Methods.Value) == 0 { // a fault planted before: nothing to answer with
				w.expect("CA-03", n, id)
			}
		}
	}},
	{"everything blocked for one", "policy 2", true, func(w *world, n int) {
		id := w.policy(fmt.Sprintf(`"includeUsers":[%q]`, w.s.Accounts[n].ID), conditional.Enabled, "", `"operator":"OR","builtInControls":["block"]`, n)
		w.expect("CA-01", n, id)
		w.expect("CA-02", n, id)
	}},
	{"devices for administrators", "policy 3", false, func(w *world, _ int) {
		var applies []int
		for _, n := range w.everyone() {
			if slices.Contains(w.s.Accounts[n].Memberships.Value.Roles, admin) {
				applies = append(applies, n)
			}
		}
		id := w.policy(fmt.Sprintf(`"includeRoles":[%q]`, admin), conditional.Enabled, `"applications":{"includeApplications":["MicrosoftAdminPortals"]}`, `"operator":"AND","builtInControls":["compliantDevice"]`, applies...)
		for _, n := range applies {
			w.expect("CA-01", n, id)
			w.expect("CA-03", n, id)
		}
	}},
	{"protected actions for one", "policy 4", true, func(w *world, n int) {
		id := w.policy(fmt.Sprintf(`"includeUsers":[%q]`, w.s.Accounts[n].ID), conditional.Enabled, `"applications":{"includeAuthenticationContextClassReferences":["c2"]}`, `"operator":"OR","builtInControls":["domainJoinedDevice"]`, n)
		w.expect("CA-01", n, id)
		w.expect("CA-03", n, id)
	}},
	{"a trial without the exclusion", "policy 5", false, func(w *world, _ int) {
		id := w.policy(`"includeUsers":["All"]`, conditional.ReportOnly, "", `"operator":"OR","builtInControls":["mfa"]`)
		for _, n := range w.everyone() {
			w.expect("CA-06", n, id)
		}
	}},
	{"What If finds more", "what if", true, func(w *world, n int) {
		w.s.Accounts[n].WhatIf.Value[3].Policies = []posture.WhatIfPolicy{{ID: policyID(1), State: "enabled", Applies: true}}
		w.expect("CA-11", n, policyID(1))
	}},
	{"phone added", "method", true, func(w *world, n int) {
		w.s.Accounts[n].Methods.Value = append(w.s.Accounts[n].Methods.Value, posture.Method{ID: "phone", Kind: conditional.Phone})
		w.expect("AUTH-03", n, "phone")
		w.expect("AUTH-08", n, "phone")
	}},
	{"pass issued", "method", true, func(w *world, n int) {
		w.s.Accounts[n].Methods.Value = append(w.s.Accounts[n].Methods.Value, posture.Method{ID: "pass", Kind: conditional.TemporaryAccessPass, Usable: true})
		w.expect("AUTH-04", n, "pass")
		w.expect("AUTH-08", n, "pass")
	}},
	{"all keys removed", "method", true, func(w *world, n int) {
		for _, m := range w.s.Accounts[n].Methods.Value {
			w.expect("AUTH-08", n, m.ID)
		}
		w.s.Accounts[n].Methods.Value = nil
		w.unready[n] = true
		w.expect("AUTH-01", n, "")
		w.expect("AUTH-02", n, "")
	}},
	{"keys off", "rule", false, func(w *world, _ int) {
		w.s.MethodPolicy.Value.FIDO2.Enabled = false
		for _, n := range w.everyone() {
			w.unready[n] = true
			w.expect("AUTH-09", n, "")
		}
	}},
	{"model blocked", "rule", false, func(w *world, _ int) {
		w.s.MethodPolicy.Value.FIDO2.Blocking = true
		for _, n := range w.everyone() {
			w.unready[n] = true
			if len(w.s.Accounts[n].Methods.Value) > 0 {
				w.expect("AUTH-10", n, "")
			}
		}
	}},
	{"per-user MFA", "mfa", true, func(w *world, n int) { w.s.Accounts[n].PerUserMFA.Value.State = "enforced"; w.expect("AUTH-13", n, "") }},
	{"password expires", "expiry", true, func(w *world, n int) {
		w.user(n).PasswordPolicies = nil
		if w.user(n).UserPrincipalName != "bg@contoso.com" { // no password in that domain expires
			w.expect("PWD-01", n, "")
		}
	}},
	{"password changed", "password", true, func(w *world, n int) { w.user(n).LastPasswordChange = taken.Add(-time.Hour); w.expect("PWD-03", n, "") }},
	{"stranger in the group", "group", false, func(w *world, _ int) {
		w.s.Groups.Value[0].Members = append(w.s.Groups.Value[0].Members, posture.Member{ID: "33333333-0000-4000-8000-999999999999", Name: "Eve", Kind: "user"})
		w.expect("PROT-03", -1, dedicated)
	}},
	{"ordinary group", "protection", false, func(w *world, _ int) { w.s.Groups.Value[0].Assignable = false; w.expect("PROT-04", -1, dedicated) }},
	{"security defaults", "defaults", false, func(w *world, _ int) { w.s.SecurityDefaults.Value.Enabled = true }},
	{"changed since yesterday", "yesterday", false, nil}, // planted last
}
