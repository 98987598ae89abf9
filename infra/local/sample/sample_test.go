package sample_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
)

type wire struct {
	Time       string          `json:"time"`
	Category   string          `json:"category"`
	Operation  string          `json:"operationName"`
	Correlate  string          `json:"correlationId"`
	Properties json.RawMessage `json:"properties"`
}

func read(t *testing.T, message []byte) []wire {
	t.Helper()
	var envelope struct {
		Records []wire `json:"records"`
	}
	if err := json.Unmarshal(message, &envelope); err != nil {
		t.Fatalf("not an envelope: %v", err)
	}
	return envelope.Records
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	everything := func(seed uint64) []byte {
		g := sample.New(seed)
		who := g.Tenant.BreakGlass[0]
		var b []byte
		for _, m := range sample.Messages(0, g.Quiet(300)...) {
			b = append(b, m...)
		}
		for _, v := range append(g.Irregular(who), g.Hostile(who)...) {
			b = append(append(b, v.Name...), v.Message...)
		}
		for _, a := range g.Spray(sample.Spray{Who: who, Failures: 50, Addresses: 7, Applications: 30, From: g.Now, Over: time.Minute}) {
			b = append(b, a.Record.JSON()...)
		}
		return b
	}
	one, two, other := everything(7), everything(7), everything(8)
	if !bytes.Equal(one, two) {
		t.Error("seed 7 gave different bytes the second time")
	}
	if bytes.Equal(one, other) {
		t.Error("seeds 7 and 8 gave the same bytes")
	}
}

func TestSignInsHaveRealSizes(t *testing.T) {
	t.Parallel()
	g := sample.New(3)
	smallest, largest := 1<<30, 0
	for range 1000 {
		r := g.SignIn(sample.SignIn{})
		n := len(r.JSON())
		smallest, largest = min(smallest, n), max(largest, n)
	}
	if smallest < 3_000 || smallest > 6_500 || largest < 17_000 || largest > 20_000 {
		t.Errorf("sign-ins are %d to %d bytes; captures have 3 to 19 KB", smallest, largest)
	}
	for _, policies := range []int{11, 55} {
		var p struct {
			Properties struct {
				Applied []struct {
					Result string `json:"result"`
				} `json:"appliedConditionalAccessPolicies"`
			} `json:"properties"`
		}
		who := g.Tenant.BreakGlass[1]
		if err := json.Unmarshal(g.SignIn(sample.SignIn{Who: who, Policies: policies}).JSON(), &p); err != nil {
			t.Fatal(err)
		}
		if len(p.Properties.Applied) != policies {
			t.Errorf("%d policies listed, want %d", len(p.Properties.Applied), policies)
		}
		for _, a := range p.Properties.Applied {
			if a.Result != "notApplied" {
				t.Errorf("a policy has result %q for an account that all policies exclude", a.Result)
			}
		}
	}
}

func TestEveryCategoryIsInvented(t *testing.T) {
	t.Parallel()
	g := sample.New(11)
	who := g.Tenant.BreakGlass[0]
	by := map[string]*sample.Object{
		sample.SignInLogs:                   g.SignIn(sample.SignIn{Who: who}),
		sample.NonInteractiveUserSignInLogs: g.NonInteractive(sample.SignIn{Who: who}),
		sample.ServicePrincipalSignInLogs:   g.ServicePrincipal(g.Now),
		sample.ManagedIdentitySignInLogs:    g.ManagedIdentity(g.Now),
		sample.AuditLogs:                    g.Audit(sample.Audit{By: who}),
		sample.RiskyUsers:                   g.RiskyUser(sample.Risk{Who: who}),
		sample.UserRiskEvents:               g.RiskEvent(sample.Risk{Who: who}),
		sample.MicrosoftGraphActivityLogs:   g.GraphActivity(sample.GraphCall{Who: who}),
		sample.AzureADGraphActivityLogs:     g.AADGraph(sample.GraphCall{Who: who}),
		sample.ProvisioningLogs:             g.Provisioning(who, g.Now),
		sample.Administrative:               g.Azure(sample.AzureAction{Who: who}),
	}
	for category, r := range by {
		raw := r.JSON()
		if !json.Valid(raw) {
			t.Errorf("%s: not JSON: %s", category, raw)
		}
		if got := r.Text("category"); got != category {
			t.Errorf("category is %q, want %q", got, category)
		}
		users := category != sample.ServicePrincipalSignInLogs && category != sample.ManagedIdentitySignInLogs
		if users != bytes.Contains(raw, []byte(who.ID)) {
			t.Errorf("%s: names the account: %v, want %v", category, !users, users)
		}
	}
	if !json.Valid(g.Canary("n", g.Now).JSON()) {
		t.Error("canary: not JSON")
	}
}

func TestAuditActivitiesOfEveryGroup(t *testing.T) {
	t.Parallel()
	g := sample.New(5)
	groups := map[string]int{}
	for _, a := range sample.Activities {
		groups[a.Group]++
		recs := read(t, sample.Message(g.Audit(sample.Audit{Activity: a})))
		if len(recs) != 1 || recs[0].Operation != a.Name {
			t.Errorf("%s: read back as %+v", a.Name, recs)
		}
	}
	for _, want := range []string{"password", "account", "sessions", "credentials", "methods", "access", "roles", "groups", "federation", "risk"} {
		if groups[want] == 0 {
			t.Errorf("no activity of the group %s", want)
		}
	}
}

func TestAPolicyChangeIsLoggedTwiceWithinASecond(t *testing.T) {
	t.Parallel()
	g := sample.New(5)
	group := g.Tenant.ExclusionGroup.ID
	before := sample.PolicyState{IncludeUsers: []string{"All"}, ExcludeGroups: []string{group}, Controls: []string{"block"}}
	after := before
	after.ExcludeGroups = nil
	pair := g.PolicyChange(sample.Audit{}, g.Tenant.Policies[0], before, after)

	const change = "properties.targetResources.0.modifiedProperties.0."
	for i, r := range pair {
		old, now := r.Text(change+"oldValue"), r.Text(change+"newValue")
		if !json.Valid([]byte(old)) || !json.Valid([]byte(now)) {
			t.Errorf("record %d: a value is not JSON text: %s, %s", i, old, now)
		}
		if !strings.Contains(old, group) || strings.Contains(now, group) {
			t.Errorf("record %d: the exclusion group is to stand in the old value only", i)
		}
	}
	if pair[0].Text("properties.loggedByService") != "Conditional Access" || pair[1].Text("properties.loggedByService") != "Core Directory" {
		t.Error("the services are not Conditional Access and Core Directory")
	}
	if pair[0].Text("properties.id") == pair[1].Text("properties.id") || pair[0].Text("correlationId") == pair[1].Text("correlationId") {
		t.Error("the two records share an id or a correlation")
	}
	if a, b := pair[0].Text("time")[:16], pair[1].Text("time")[:16]; a != b {
		t.Errorf("logged at %s and %s", a, b)
	}
}

func TestAQuietTenantDoesNotNameTheAccounts(t *testing.T) {
	t.Parallel()
	g := sample.New(21)
	seen := map[string]int{}
	for _, m := range sample.Messages(0, g.Quiet(2000)...) {
		if len(m) > 1<<20 {
			t.Errorf("a message of %d bytes", len(m))
		}
		for _, b := range g.Tenant.BreakGlass {
			if bytes.Contains(m, []byte(b.ID)) || bytes.Contains(m, []byte(b.UPN)) {
				t.Errorf("quiet traffic names %s", b.UPN)
			}
		}
		if bytes.Contains(m, []byte(g.Tenant.ExclusionGroup.ID)) {
			t.Error("quiet traffic names the exclusion group")
		}
		recs := read(t, m)
		for _, r := range recs {
			seen[r.Category]++
		}
	}
	if len(seen) < 10 {
		t.Errorf("only these categories: %v", seen)
	}
}

func TestMessagesKeepEveryRecordInOrder(t *testing.T) {
	t.Parallel()
	g := sample.New(2)
	records := g.Quiet(400)
	var got []string
	for _, m := range sample.Messages(200_000, records...) {
		if len(m) > 200_000 {
			t.Errorf("a message of %d bytes", len(m))
		}
		for _, r := range read(t, m) {
			got = append(got, r.Operation+r.Correlate)
		}
	}
	for i, r := range records {
		if i >= len(got) || got[i] != r.Text("operationName")+r.Text("correlationId") {
			t.Fatalf("record %d of %d is lost or moved", i, len(records))
		}
	}
}

func TestASignInMessageIsAsLargeAsAsked(t *testing.T) {
	t.Parallel()
	m := sample.New(9).SignInMessage(sample.MaxMessage)
	if len(m) > sample.MaxMessage || len(m) < sample.MaxMessage-20_000 {
		t.Errorf("%d bytes", len(m))
	}
	if n := len(read(t, m)); n < 50 || n > 500 {
		t.Errorf("%d records in 1 MB; real messages hold 50 to 500", n)
	}
}

func TestASprayIsWhatWasAsked(t *testing.T) {
	t.Parallel()
	g := sample.New(4)
	who := g.Tenant.BreakGlass[0]
	attempts := g.Spray(sample.Spray{Who: who, Failures: 1200, Addresses: 1000, Applications: 50, From: g.Now, Over: 10 * time.Minute, Success: true})
	addresses, apps, ids, successes := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
	for i, a := range attempts {
		addresses[a.Record.Text("properties.ipAddress")] = true
		apps[a.Record.Text("properties.appId")] = true
		ids[a.Record.Text("properties.id")] = true
		if (a.Record.Text("resultType") == "0") != a.Success {
			t.Errorf("attempt %d: success %v, result %s", i, a.Success, a.Record.Text("resultType"))
		}
		if a.Success {
			successes++
		}
	}
	if len(attempts) != 1201 || len(ids) != 1201 || len(addresses) != 1000 || len(apps) != 50 || successes != 1 {
		t.Errorf("%d attempts with %d ids from %d addresses at %d applications, %d successes",
			len(attempts), len(ids), len(addresses), len(apps), successes)
	}
}

func TestVariantsHaveNamesOfTheirOwnAndFitTheHub(t *testing.T) {
	t.Parallel()
	g := sample.New(6)
	names := map[string]bool{}
	for _, v := range append(g.Irregular(g.Tenant.BreakGlass[0]), g.Hostile(g.Tenant.BreakGlass[0])...) {
		if names[v.Name] {
			t.Errorf("two variants are called %q", v.Name)
		}
		names[v.Name] = true
		if len(v.Message) > 1<<20 {
			t.Errorf("%s: %d bytes", v.Name, len(v.Message))
		}
		if !v.MayBeUnparsed && !v.Unparsed && v.Name != "records one to a line" && v.Name != "byte order mark" && !json.Valid(v.Message) {
			t.Errorf("%s: the message is not JSON though it must be readable", v.Name)
		}
	}
	if len(names) < 100 {
		t.Errorf("only %d variants", len(names))
	}
}

func TestTokenIdentifierMatchesTheReference(t *testing.T) {
	t.Parallel()
	const id, token = "58f8ce73-9fc8-4f02-8ea8-1908964f842e", "c874WMifAk-OqBkIlk-ELg"
	r := sample.New(1).SignIn(sample.SignIn{ID: id})
	if got := r.Text("properties.uniqueTokenIdentifier"); got != token {
		t.Errorf("got %s, want %s", got, token)
	}
}
