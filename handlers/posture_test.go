package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"glasswatch/handlers/approvebaseline"
	"glasswatch/handlers/checkposture"
	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/graph"
	"glasswatch/shared/posture"
)

// tenantApp is the app over a Graph stand-in and an emulator, with a channel that takes everything.
type tenantApp struct {
	t     *testing.T
	graph *graph.Server
	env   map[string]string
}

func newTenantApp(t *testing.T) *tenantApp {
	t.Helper()
	emulator, err := azurite.Start(context.WithoutCancel(t.Context()), azurite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Kill)
	tenant := graph.New(graph.Sound())
	server := httptest.NewServer(tenant)
	t.Cleanup(server.Close)
	return &tenantApp{t: t, graph: tenant, env: map[string]string{
		"EVIDENCE_TABLES": emulator.ConnectionString(), "GRAPH_ENDPOINT": server.URL,
		"BREAK_GLASS_ACCOUNTS": graph.Alpha + "=" + graph.AlphaName + "," + graph.Bravo + "=" + graph.BravoName,
		"EXCLUSION_GROUPS":     graph.ExclusionGroup, "TENANT_ID": "33333333-3333-4333-8333-333333333333",
	}}
}

func (a *tenantApp) lookup(name string) (string, bool) {
	v, ok := a.env[name]
	return v, ok
}

// check runs the function once, as the timer does.
func (a *tenantApp) check() {
	a.t.Helper()
	if _, err := checkposture.New(build(a.lookup, discard()).checking()).Run(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// approve posts to the function.
func (a *tenantApp) approve() (status int, body string) {
	a.t.Helper()
	p := build(a.lookup, discard())
	f := approvebaseline.Function(approvebaseline.Options{Journal: p.journal, Sender: p.dispatcher, Principal: p.principal, Now: p.now, Log: p.log})
	r := httptest.NewRequestWithContext(a.t.Context(), "POST", "/api/posture/approve", strings.NewReader(`{"by":"Ada","note":"keys as bought"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.Handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// sound is an app over a sound tenant that has run once and whose baseline is approved.
func soundApp(t *testing.T) *tenantApp {
	t.Helper()
	a := newTenantApp(t)
	a.check()
	if status, body := a.approve(); status != 200 {
		t.Fatalf("approve: %d %s", status, body)
	}
	return a
}

// findings runs the verb with --json.
func (a *tenantApp) findings(args ...string) (exit int, list []posture.Finding, tally map[string]json.RawMessage, lines []map[string]json.RawMessage) {
	a.t.Helper()
	exit, stdout, stderr := call(a.t, a.env, append([]string{"posture", "--json"}, args...)...)
	if exit == exitFailed || stderr != "" {
		a.t.Fatalf("exit %d, stderr %q", exit, stderr)
	}
	for line := range strings.Lines(stdout) {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			a.t.Fatalf("%v in %s", err, line)
		}
		if string(fields["type"]) == `"run"` {
			tally = fields
			continue
		}
		var f posture.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			a.t.Fatal(err)
		}
		list, lines = append(list, f), append(lines, fields)
	}
	return exit, list, tally, lines
}

func TestPostureOfASoundTenant(t *testing.T) {
	a := soundApp(t)
	exit, stdout, stderr := call(t, a.env, "posture")
	if exit != exitGood || stderr != "" {
		t.Errorf("exit %d, stderr %q, want 0:\n%s", exit, stderr, stdout)
	}
	golden(t, "posture", stdout)
	exit, list, tally, lines := a.findings("--strict")
	if exit != exitGood {
		t.Errorf("strictly: exit %d", exit)
	}
	for _, f := range list {
		if f.State == posture.Fail || f.State == posture.Unknown || f.State == posture.Warn {
			t.Errorf("%s of %s is %s: %s %s", f.Check, f.Account, f.State, f.Observed, f.Missing)
		}
	}
	for _, line := range lines {
		for name := range strings.FieldsSeq("v type check severity account object state observed expected missing fix source firstSeen lastChanged") {
			if _, there := line[name]; !there {
				t.Errorf("no field %s in %v", name, line["check"])
			}
		}
	}
	for name := range strings.FieldsSeq("v type at snapshotAt counts graphCalls") {
		if _, there := tally[name]; !there {
			t.Errorf("the last line has no field %s", name)
		}
	}
	var counts map[posture.State]int
	if err := json.Unmarshal(tally["counts"], &counts); err != nil || counts[posture.Pass] < 40 {
		t.Errorf("counts %s: %v", tally["counts"], err)
	}
}

// TestPostureWithoutAPermission takes each permission away: what needs it is unknown and names it.
func TestPostureWithoutAPermission(t *testing.T) {
	a := soundApp(t)
	// With this set, the domains say whether the password expires.
	a.graph.Edit(func(tenant *graph.Tenant) {
		tenant.User(graph.Alpha)["passwordPolicies"] = nil
		tenant.Domains[0]["passwordValidityPeriodInDays"] = 2147483647
	})
	for _, p := range posture.Permissions {
		t.Run(p.Name, func(t *testing.T) {
			a.graph.Revoke(p.Name)
			defer a.graph.Mend()
			exit, list, _, _ := a.findings()
			// Who changed a policy is a detail of an answer: without it the answer stands.
			detail := p.Name == "AuditLog.Read.All"
			if p.Core && !detail && exit != exitFindings {
				t.Errorf("exit %d without a permission that critical checks need", exit)
			}
			blind := 0
			for _, f := range list {
				named := f.State == posture.Unknown && strings.Contains(f.Missing, p.Name)
				if named {
					blind++
				}
				if f.State == posture.Fail {
					t.Errorf("%s fails for want of a permission: %s", f.Check, f.Observed)
				}
				if needs(f.Check, p.Name) && !named && f.State != posture.NotApplicable {
					t.Errorf("%s of %q is %s, and is not unknown for want of %s: %s %s", f.Check, f.Account, f.State, p.Name, f.Observed, f.Missing)
				}
			}
			if (blind == 0) != detail {
				t.Errorf("%d findings are unknown for want of it", blind)
			}
		})
	}
}

// needs says whether a check cannot answer at all without the permission.
func needs(check, permission string) bool {
	for _, c := range posture.Suite {
		for _, info := range posture.Sections {
			// The first permission is the one that Graph asks for; others matter to some tenants only.
			if c.ID == check && slices.Contains(c.Needs, info.Name) && len(info.Permissions) > 0 && info.Permissions[0] == permission {
				return true
			}
		}
	}
	return false
}

// TestPostureOfAPlantedFault plants one fault at a time.
func TestPostureOfAPlantedFault(t *testing.T) {
	a := soundApp(t)
	a.graph.Edit(func(tenant *graph.Tenant) { tenant.User(graph.Bravo)["accountEnabled"] = false })
	exit, stdout, _ := call(t, a.env, "posture")
	if exit != exitFindings || !strings.Contains(stdout, "NOT well") {
		t.Errorf("exit %d for a disabled account:\n%s", exit, stdout)
	}
	golden(t, "posture-disabled", stdout)
	_, list, _, _ := a.findings()
	var failed []string
	for _, f := range list {
		if f.State == posture.Fail {
			failed = append(failed, f.Check+" "+f.Account)
		}
	}
	if diff := cmp.Diff([]string{"INV-01 ", "INV-04 " + graph.Bravo}, failed); diff != "" {
		t.Errorf("what fails: %s", diff)
	}
}

func TestPostureApproveNeedsTheApp(t *testing.T) {
	exit, stdout, stderr := call(t, map[string]string{"BREAK_GLASS_ACCOUNTS": alpha}, "posture", "approve", "--by", "Ada", "--note", "first")
	if exit != exitFailed || stdout != "" || !strings.Contains(stderr, "GLASSWATCH_URL") {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, stdout, stderr)
	}
}

// golden compares what a person reads, but for what depends on the clock.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = regexp.MustCompile(`\d+ calls to Graph`).ReplaceAllString(got, "N calls to Graph")
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
	for line := range strings.Lines(got) {
		if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 100 {
			t.Errorf("%d columns: %s", width, line)
		}
	}
}
