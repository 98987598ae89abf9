package posture_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

// world is a tenant under construction. What should be found is written down by hand from the
// posture catalogue when a fault is planted; nothing here asks a check or the evaluator.
type world struct {
	t        *testing.T
	rng      *rand.Rand
	s        posture.Snapshot
	expected map[string]bool         // "check account object" that must fail
	hit      map[string]map[int]bool // policy id -> accounts that it applies to, of policies that are on
	gone     map[int]bool            // deleted accounts
	unusable map[int]bool            // deleted or disabled
	unready  map[int]bool            // cannot pass Microsoft's own check
	next     int                     // number of the next policy
}

func (w *world) expect(check string, account int, object string) {
	id := ""
	if account >= 0 {
		id = w.s.Accounts[account].ID
	}
	w.expected[check+" "+id+" "+object] = true
}

// policy adds one that is on, and notes whom it applies to.
func (w *world) policy(users string, state conditional.State, conditions, grant string, applies ...int) string {
	w.next++
	id := policyID(100 + w.next)
	if conditions == "" {
		conditions = `"applications":{"includeApplications":["All"]}`
	}
	p := parsePolicy(w.t, fmt.Sprintf(`{"id":%q,"displayName":"Planted %d","state":%q,"conditions":{"users":{%s},%s},"grantControls":{%s}}`, id, w.next, state, users, conditions, grant))
	at := w.rng.IntN(len(w.s.Policies.Value) + 1)
	w.s.Policies.Value = slices.Insert(w.s.Policies.Value, at, p)
	if state == conditional.Enabled {
		w.hit[id] = map[int]bool{}
		for _, n := range applies {
			w.hit[id][n] = true
		}
	}
	return id
}

func (w *world) everyone() (list []int) {
	for n := range w.s.Accounts {
		if !w.gone[n] {
			list = append(list, n)
		}
	}
	return list
}

func (w *world) user(n int) *posture.User { return &w.s.Accounts[n].User.Value }

// decorate adds what a sound tenant may have, so that tenants differ.
func (w *world) decorate() {
	for range w.rng.IntN(8) {
		switch w.rng.IntN(6) {
		case 0: // for others, and excludes the group all the same
			w.policy(fmt.Sprintf(`"includeGroups":[%q],"excludeGroups":[%q]`, other, dedicated), conditional.Enabled, "", `"operator":"OR","builtInControls":["block"]`)
		case 1: // excludes each account by its id
			ids := ""
			for n, a := range w.s.Accounts {
				if n > 0 {
					ids += ","
				}
				ids += fmt.Sprintf("%q", a.ID)
			}
			w.policy(`"includeUsers":["All"],"excludeUsers":[`+ids+`]`, conditional.Enabled, "", `"operator":"OR","builtInControls":["block"]`)
		case 2: // for agents
			w.policy(`"includeUsers":["None"]`, conditional.Enabled, `"applications":{"includeApplications":["All"]},"clientApplications":{"includeAgentIdServicePrincipals":["All"]}`, `"operator":"OR","builtInControls":["block"]`)
		case 3: // at risk, on trial
			w.policy(fmt.Sprintf(`"includeUsers":["All"],"excludeGroups":[%q]`, dedicated), conditional.ReportOnly, `"applications":{"includeApplications":["All"]},"signInRiskLevels":["high"]`, `"operator":"OR","builtInControls":["block"]`)
		case 4: // keys are also allowed for everybody
			w.s.MethodPolicy.Value.FIDO2.Include = []string{posture.AllUsers}
		case 5: // an e-mail alias
			w.user(w.rng.IntN(len(w.s.Accounts))).Aliases = []string{"smtp:someone@contoso.com"}
		}
	}
}

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

// conclude writes down what follows from all faults together.
func (w *world) conclude(changed bool) {
	usable, ready := 0, 0
	for n := range w.s.Accounts {
		if !w.unusable[n] {
			usable++
		}
		if !w.unready[n] {
			ready++
		}
	}
	if usable < 2 {
		w.expect("INV-01", -1, "")
	}
	if ready < 2 {
		w.expect("TEN-02", -1, "")
	}
	for _, n := range w.everyone() {
		if w.s.SecurityDefaults.Value.Enabled && len(w.s.Accounts[n].Methods.Value) == 0 {
			w.expect("TEN-01", -1, "")
		}
	}
	met := map[int]bool{}
	for id, applies := range w.hit {
		if len(applies) == len(w.everyone()) {
			w.expect("CA-04", -1, id)
		}
		for n := range applies {
			met[n] = true
		}
	}
	if len(met) == len(w.everyone()) {
		w.expect("CA-05", -1, "")
	}
	// What If, which is the truth, finds every policy that applies.
	for id, applies := range w.hit {
		for n := range applies {
			answer := &w.s.Accounts[n].WhatIf.Value[0]
			answer.Policies = append(answer.Policies, posture.WhatIfPolicy{ID: id, State: "enabled", Applies: true})
			w.expect("CA-11", n, id)
		}
	}
	w.s.Yesterday = posture.Got(posture.TakeFingerprint(w.s, soundPolicy()))
	if changed {
		n := w.everyone()[0]
		id := w.policy(fmt.Sprintf(`"includeUsers":[%q]`, w.s.Accounts[n].ID), conditional.Enabled, `"applications":{"includeApplications":["All"]},"clientAppTypes":["other"]`, `"operator":"OR","builtInControls":["block"]`)
		w.expect("CA-01", n, id)
		w.expect("CA-14", n, id)
		met[n] = true
		if len(w.everyone()) == 1 {
			w.expect("CA-04", -1, id)
		}
		if len(met) == len(w.everyone()) {
			w.expect("CA-05", -1, "")
		}
	}
}

// generate makes a tenant with planted faults from a seed.
func generate(t *testing.T, seed uint64) (*world, []string) {
	rng := rand.New(rand.NewPCG(seed, 2026))
	w := &world{
		t: t, rng: rng, s: soundTenant(t, 2+rng.IntN(3)), expected: map[string]bool{}, hit: map[string]map[int]bool{},
		gone: map[int]bool{}, unusable: map[int]bool{}, unready: map[int]bool{},
	}
	w.decorate()
	var names []string
	used := map[string]bool{}
	changed := false
	order := rng.Perm(len(faults))
	slices.SortStableFunc(order, func(a, b int) int { // what others build on comes first
		early := func(n int) int {
			switch faults[n].theme {
			case "user", "role", "method", "name":
				return 0
			}
			return 1
		}
		return early(a) - early(b)
	})
	planted := rng.IntN(10)
	for _, i := range order {
		f := faults[i]
		n := rng.IntN(len(w.s.Accounts))
		theme := f.theme
		if f.account {
			theme = fmt.Sprintf("%s %d", f.theme, n)
		}
		busy := used[theme] || f.account && w.gone[n] || f.theme == "user" && (len(w.everyone()) == 1 || len(names) > 0)
		if len(names) == planted || busy || rng.IntN(2) == 0 {
			continue
		}
		used[theme] = true
		names = append(names, f.name)
		if f.plant == nil {
			changed = true
			continue
		}
		f.plant(w, n)
	}
	w.conclude(changed)
	return w, names
}

func TestPlantedFaultsAreFoundAndNothingElse(t *testing.T) {
	const tenants = 40
	found, planted, reported := 0, 0, 0
	seen := map[string]bool{}
	for seed := range uint64(tenants) {
		w, names := generate(t, seed)
		for _, name := range names {
			seen[name] = true
		}
		findings, _ := posture.Run(posture.Suite, w.s, soundPolicy(), nil, nil, taken)
		failed := map[string]bool{}
		for _, f := range findings {
			switch f.State {
			case posture.Fail:
				failed[fmt.Sprintf("%s %s %s", f.Check, f.Account, f.Object)] = true
			case posture.Unknown:
				t.Errorf("tenant %d: unknown %s: %s", seed, f.Check, f.Observed)
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(w.expected)), slices.Sorted(maps.Keys(failed))); diff != "" {
			t.Errorf("tenant %d with %q: %s", seed, names, diff)
		}
		for key := range w.expected {
			planted++
			if failed[key] {
				found++
			}
		}
		reported += len(failed)
	}
	t.Logf("%d tenants, %d kinds of fault of %d planted: recall %d/%d, precision %d/%d", tenants, len(seen), len(faults), found, planted, found, reported)
	if len(seen) < len(faults)-2 {
		t.Errorf("only %d of %d kinds of fault were planted", len(seen), len(faults))
	}
}
