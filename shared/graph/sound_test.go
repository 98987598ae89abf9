package graph_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/graph"
	"glasswatch/shared/posture"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestASoundTenantIsReadWhole(t *testing.T) {
	s, url := tenant(t)
	s.Edit(func(tenant *standin.Tenant) {
		tenant.DirectoryAudits = []standin.Object{
			audit("2026-11-22T17:00:00Z", "success", "Update conditional access policy"),
			audit("2026-11-22T16:00:00Z", "failure", "Delete conditional access policy"),
			audit("2026-11-20T16:00:00Z", "success", "Add conditional access policy"), // before the last 24 hours
		}
	})
	snapshot := collect(t, options(url))
	if missed := gaps(snapshot); len(missed) > 0 {
		t.Errorf("sections were not read: %v", missed)
	}
	snapshot.GraphCalls = 0 // counted in a test of its own
	got := indented(t, snapshot)
	golden := filepath.Join("testdata", "sound.json")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

// indented is a snapshot as JSON, which is how it is stored.
func indented(t *testing.T, s posture.Snapshot) string {
	t.Helper()
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw) + "\n"
}

func audit(at, result, activity string) standin.Object {
	return standin.Object{
		"id": "audit-" + at, "category": "Policy", "loggedByService": "Conditional Access", "result": result,
		"activityDateTime": at, "activityDisplayName": activity,
		"initiatedBy":     map[string]any{"app": nil, "user": map[string]any{"id": standin.Ines, "displayName": nil, "userPrincipalName": "ines.okafor@harbourlight.onmicrosoft.com"}},
		"targetResources": []any{map[string]any{"id": standin.Multifactor, "displayName": "CA001 Everybody: multifactor", "type": "Policy"}},
	}
}

func TestNoCheckFailsOnASoundTenant(t *testing.T) {
	_, url := tenant(t)
	o := options(url)
	o.Policy = posture.DefaultPolicy()
	o.Policy.ExclusionGroups = []string{standin.ExclusionGroup}
	snapshot := collect(t, o)
	baseline, err := posture.TakeBaseline(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	snapshot.Baseline = posture.Got(baseline)
	snapshot.Yesterday = posture.Got(posture.TakeFingerprint(snapshot, o.Policy))
	findings, _ := posture.Run(posture.Suite, snapshot, o.Policy, nil, nil, now)
	for _, f := range findings {
		if f.State != posture.Pass {
			t.Errorf("%s on a sound tenant: %s (%s)", f.Check, f.Observed, f.State)
		}
	}
}

func TestTheNumberOfCallsGrowsWithAccountsPlusPages(t *testing.T) {
	s, url := tenant(t)
	calls := func(o graph.Options) int {
		t.Helper()
		s.Forget()
		snapshot := collect(t, o)
		if sent := len(s.Requests()); snapshot.GraphCalls != sent {
			t.Errorf("the snapshot counts %d calls, and %d came", snapshot.GraphCalls, sent)
		}
		return snapshot.GraphCalls
	}
	o := options(url)
	none, one, two := o, o, o
	none.Accounts, one.Accounts = nil, o.Accounts[:1]
	zero, first, both := calls(none), calls(one), calls(two)
	t.Logf("calls: %d without accounts, %d with one, %d with two", zero, first, both)
	// One account brings the exclusion group (three calls) and the named locations (one).
	perAccount := both - first
	if want := zero + perAccount + 4; first != want {
		t.Errorf("%d calls with one account, want %d", first, want)
	}
	if len(posture.Scenarios)+8 != perAccount {
		t.Errorf("%d calls for each account, want one for each of %d scenarios and 8 more", perAccount, len(posture.Scenarios))
	}
	s.PageBy(1)
	paged := calls(two)
	s.Edit(func(tenant *standin.Tenant) { tenant.Policies = append(tenant.Policies, tenant.Policies...) })
	if more := calls(two) - paged; more != len(standin.Sound().Policies) {
		t.Errorf("%d more calls for %d more pages of policies", more, len(standin.Sound().Policies))
	}
}

func TestNothingIsWrittenAndNothingIsSignedOnLoopback(t *testing.T) {
	s, url := tenant(t)
	o := options(url)
	o.Credential = credential("a secret token")
	collect(t, o)
	for _, r := range s.Requests() {
		if r.Prefer != "include-unknown-enum-members" {
			t.Fatalf("%s did not ask for values that are new", r.Path)
		}
		if r.Authorization != "" {
			t.Fatalf("a credential was sent over plain http to %s", r.Path)
		}
		if r.Method != "GET" && (r.Method != "POST" || !strings.HasSuffix(r.Path, "/identity/conditionalAccess/evaluate")) {
			t.Errorf("%s %s would change something", r.Method, r.Path)
		}
	}
}
