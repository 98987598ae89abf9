package ordeal_test

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"glasswatch/infra/local/graph"
	"glasswatch/infra/local/sample"
)

// lookedAt is a stand over a tenant that was looked at by the daily check a moment ago.
func lookedAt(t *testing.T, seed uint64, edit func(*graph.Tenant)) *stand {
	t.Helper()
	s := newStand(t, seed)
	tenant := graph.Sound()
	of := s.sample.Tenant
	for _, r := range [][2]string{
		{graph.ExclusionGroup, of.ExclusionGroup.ID},
		{graph.Alpha, of.BreakGlass[0].ID},
		{graph.Bravo, of.BreakGlass[1].ID},
		{graph.AlphaName, of.BreakGlass[0].UPN},
		{graph.BravoName, of.BreakGlass[1].UPN},
	} {
		if err := tenant.Rename(r[0], r[1]); err != nil {
			t.Fatal(err)
		}
	}
	if edit != nil {
		edit(tenant)
	}
	server := httptest.NewServer(graph.New(tenant))
	t.Cleanup(server.Close)
	s.settings["GRAPH_ENDPOINT"] = server.URL
	s.settings["BREAK_GLASS_ACCOUNTS"] = of.BreakGlass[0].ID + "=" + of.BreakGlass[0].UPN + "," + of.BreakGlass[1].ID + "=" + of.BreakGlass[1].UPN
	s.startHost(nil)
	if err := s.host.Fire(t.Context(), "checkposture"); err != nil {
		t.Fatal(err)
	}
	return s
}

// rulesOf lists the rules of the event that holds a record.
func (s *stand) rulesOf(record *sample.Object) (headline, severity string, rules []string) {
	s.t.Helper()
	for _, e := range s.lines("events") {
		if e["recordId"] != record.Text("properties.id") {
			continue
		}
		headline, _ = e["headlineRule"].(string)
		severity, _ = e["severity"].(string)
		all, _ := e["rules"].([]any)
		for _, r := range all {
			name, _ := r.(string)
			rules = append(rules, name)
		}
		return headline, severity, rules
	}
	s.t.Fatalf("the record %s is not in the ledger", record.Text("properties.id"))
	return "", "", nil
}

// TestExclusionRemoved lets an administrator take the exclusion of one account out of a policy. The
// card is there when the batch has been answered: nobody had to sweep for it.
func TestExclusionRemoved(t *testing.T) {
	s := lookedAt(t, seedOf(t), nil)
	g := s.sample
	alpha, bravo, admin, policy := g.Tenant.BreakGlass[0], g.Tenant.BreakGlass[1], g.Tenant.Administrators[1], g.Tenant.Policies[7]
	before := sample.PolicyState{IncludeUsers: []string{"All"}, ExcludeUsers: []string{alpha.ID, bravo.ID}, Controls: []string{"block"}}
	after := before
	after.ExcludeUsers = []string{bravo.ID}
	record := g.PolicyChange(sample.Audit{At: time.Now().Add(-time.Minute), By: admin}, policy, before, after)[0]
	s.send("0", sample.Message(record))
	s.idle(30 * time.Second)

	headline, severity, _ := s.rulesOf(record)
	if headline != "policy-now-applies" || severity != "critical" {
		t.Errorf("headed by %s, %s", headline, severity)
	}
	found := 0
	for _, c := range s.page.Cards() {
		if !saying(policy.Name)(c) {
			continue
		}
		found++
		for _, words := range []string{"CRITICAL", "bg-alpha", admin.UPN, "account excluded", "account not excluded"} {
			if !saying(words)(c) {
				t.Errorf("the card does not say %q: %s", words, c.Body)
			}
		}
		if saying("bg-bravo")(c) {
			t.Errorf("the card names an account that is still excluded: %s", c.Body)
		}
	}
	if found != 1 || messagesSaying(s.page.Messages(), policy.Name) != 1 {
		t.Errorf("%d cards and %d messages name the policy, want one of each", found, messagesSaying(s.page.Messages(), policy.Name))
	}
	s.whole()
	s.quiet()
}

// TestPolicyChangedWithoutEffect changes policies in ways that leave the accounts alone.
func TestPolicyChangedWithoutEffect(t *testing.T) {
	s := lookedAt(t, seedOf(t), nil)
	g := s.sample
	group := []string{g.Tenant.ExclusionGroup.ID}
	for name, change := range map[string][2]sample.PolicyState{
		"another control": {
			{IncludeUsers: []string{"All"}, ExcludeGroups: group, Controls: []string{"mfa"}},
			{IncludeUsers: []string{"All"}, ExcludeGroups: group, Controls: []string{"block"}},
		},
		"other people": {
			{IncludeGroups: []string{g.Tenant.Groups[0].ID}, Controls: []string{"block"}},
			{IncludeGroups: []string{g.Tenant.Groups[0].ID, g.Tenant.Groups[1].ID}, Controls: []string{"block"}},
		},
		"an application's exclusion by one person more": {
			{IncludeUsers: []string{"All"}, ExcludeGroups: group, Controls: []string{"block"}},
			{IncludeUsers: []string{"All"}, ExcludeGroups: group, ExcludeUsers: []string{g.Tenant.People[0].ID}, Controls: []string{"block"}},
		},
	} {
		for n, record := range g.PolicyChange(sample.Audit{At: time.Now().Add(-time.Minute)}, g.Tenant.Policies[7], change[0], change[1]) {
			s.send("0", sample.Message(record))
			s.idle(30 * time.Second)
			headline, _, rules := s.rulesOf(record)
			if headline != "policy-changed" || slices.Contains(rules, "policy-now-applies") {
				t.Errorf("%s (record %d): headed by %s, rules %v", name, n, headline, rules)
			}
		}
	}
	s.whole()
}

// TestWhatLockedYouOut lets an account sign in after an administrator has shut all others out.
func TestWhatLockedYouOut(t *testing.T) {
	const policyName = "CA099 Administrators: nobody"
	s := lookedAt(t, seedOf(t), func(tenant *graph.Tenant) {
		blocking := tenant.Policy(graph.Multifactor)
		blocking["displayName"] = policyName
		blocking["grantControls"] = map[string]any{"operator": "OR", "builtInControls": []any{"block"}, "customAuthenticationFactors": []any{}, "termsOfUse": []any{}, "authenticationStrength": nil}
	})
	g := s.sample
	admin, policy := g.Tenant.Administrators[2], g.Tenant.Policies[9]
	state := sample.PolicyState{IncludeUsers: []string{"All"}, ExcludeGroups: []string{g.Tenant.ExclusionGroup.ID}, Controls: []string{"mfa"}}
	blocks := state
	blocks.Controls = []string{"block"}
	s.send("0", sample.Message(g.PolicyChange(sample.Audit{At: time.Now().Add(-20 * time.Minute), By: admin}, policy, state, blocks)[0]))
	s.idle(30 * time.Second)
	body, _ := s.success(0)
	s.send("0", body)
	s.idle(30 * time.Second)
	found := 0
	for _, c := range s.page.Cards() {
		if !saying("sign-in succeeded")(c) {
			continue
		}
		found++
		for _, words := range []string{"If you are locked out", policy.Name, admin.UPN, policyName, "Global Administrator"} {
			if !saying(words)(c) {
				t.Errorf("the sign-in's card does not say %q: %s", words, c.Body)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d cards of the sign-in", found)
	}
}
