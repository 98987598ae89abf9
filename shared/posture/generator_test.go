package posture_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

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
			if f.State == posture.Fail {
				failed[fmt.Sprintf("%s %s %s", f.Check, f.Account, f.Object)] = true
			}
			if f.State == posture.Unknown {
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
