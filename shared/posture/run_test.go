package posture_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

func TestTheSuiteIsValid(t *testing.T) {
	if err := posture.Validate(posture.Suite); err != nil {
		t.Error(err)
	}
	good := posture.Suite[0]
	for name, spoil := range map[string]func(*posture.Check){
		"an id of another form":       func(c *posture.Check) { c.ID = "inv1" },
		"no title":                    func(c *posture.Check) { c.Title = "" },
		"a reason without a stop":     func(c *posture.Check) { c.Why = "because" },
		"no fix":                      func(c *posture.Check) { c.Fix = "" },
		"no family":                   func(c *posture.Check) { c.Family = "" },
		"a source that is no link":    func(c *posture.Check) { c.Source = "Microsoft" },
		"a portal link without https": func(c *posture.Check) { c.Portal = "http://entra.microsoft.com" },
		"an unknown severity":         func(c *posture.Check) { c.Severity = "grave" },
		"no needs":                    func(c *posture.Check) { c.Needs = nil },
		"an unknown need":             func(c *posture.Check) { c.Needs = []posture.SectionName{"moon"} },
		"nothing to run":              func(c *posture.Check) { c.Run = nil },
	} {
		bad := good
		spoil(&bad)
		if posture.Validate([]posture.Check{bad}) == nil {
			t.Errorf("%s: nothing is reported", name)
		}
	}
	if posture.Validate([]posture.Check{good, good}) == nil {
		t.Error("twice the same: nothing is reported")
	}
}

func TestSectionsAndPermissions(t *testing.T) {
	used := map[string]bool{}
	for _, section := range posture.Sections {
		if section.Title == "" || len(section.Calls) == 0 && section.Notes == "" {
			t.Errorf("%s does not say what it holds or whence it comes", section.Name)
		}
		if len(section.Calls) > 0 && len(section.Permissions) == 0 {
			t.Errorf("%s calls Graph and names no permission", section.Name)
		}
		for _, p := range section.Permissions {
			used[p] = true
		}
	}
	seen := map[string]bool{}
	for _, p := range posture.Permissions {
		if !used[p.Name] || len(p.ID) != 36 || seen[p.ID] || !strings.HasSuffix(p.Lost, ".") || !strings.HasSuffix(p.Name, ".Read.All") && !strings.Contains(p.Name, ".Read.") {
			t.Errorf("%+v is not used, not new, not complete, or may write", p)
		}
		if len(posture.ChecksOf(posture.Suite, p.Name)) == 0 {
			t.Errorf("no check needs %s", p.Name)
		}
		seen[p.ID] = true
		delete(used, p.Name)
	}
	if len(used) > 0 {
		t.Errorf("not in the list of permissions: %v", used)
	}
}

// check makes a check that says what it is told.
func check(id string, severity posture.Severity, say func(posture.Snapshot) []posture.Finding) posture.Check {
	c := posture.Suite[1]
	c.ID, c.Severity, c.Needs, c.PerAccount, c.EvenGone = id, severity, []posture.SectionName{posture.LicencesSection}, false, false
	c.Run = func(s posture.Snapshot, _ posture.Policy) []posture.Finding { return say(s) }
	return c
}

func state(s posture.State) func(posture.Snapshot) []posture.Finding {
	return func(posture.Snapshot) []posture.Finding { return []posture.Finding{{State: s, Observed: "So it is."}} }
}

func TestABrokenCheckIsUnknown(t *testing.T) {
	s := soundTenant(t, 2)
	for name, c := range map[string]posture.Check{
		"it panics":           check("INV-90", posture.Low, func(posture.Snapshot) []posture.Finding { panic("index out of range") }),
		"it says nothing":     check("INV-90", posture.Low, func(posture.Snapshot) []posture.Finding { return nil }),
		"it panics for each":  perAccount(check("INV-90", posture.Low, func(posture.Snapshot) []posture.Finding { panic("nil map") })),
		"it forgets accounts": perAccount(check("INV-90", posture.Low, func(posture.Snapshot) []posture.Finding { return nil })),
	} {
		findings, tally := posture.Run([]posture.Check{c, posture.Suite[1]}, s, soundPolicy(), nil, nil, taken)
		want := 1
		if c.PerAccount {
			want = 2
		}
		if tally.Counts[posture.Unknown] != want || tally.Counts[posture.Pass] != 2 || !strings.Contains(findings[len(findings)-1].Observed, "fault of Glasswatch") {
			t.Errorf("%s: %+v %+v", name, tally.Counts, findings)
		}
	}
}

func perAccount(c posture.Check) posture.Check {
	c.PerAccount = true
	return c
}

func TestGapsAreTold(t *testing.T) {
	for _, tt := range []struct {
		gap     posture.Gap
		licence string
		state   posture.State
		missing string
		says    string
	}{
		{posture.Gap{Reason: posture.NoPermission}, "", posture.Unknown, "LicenseAssignment.Read.All", "lacks the permission"},
		{posture.Gap{Reason: posture.NoPermission, Missing: "X.Read.All"}, "", posture.Unknown, "X.Read.All", "lacks the permission X.Read.All"},
		{posture.Gap{Reason: posture.NoLicence, Missing: posture.P2}, "", posture.Unknown, posture.P2, "needs the licence"},
		{posture.Gap{Reason: posture.NoLicence}, posture.P1, posture.NotApplicable, posture.P1, "has no Entra ID P1"},
		{posture.Gap{Reason: posture.NoLicence, Missing: posture.P2}, posture.P1, posture.Unknown, posture.P2, "needs the licence"},
		{posture.Gap{Reason: posture.Throttled}, "", posture.Unknown, "an answer from Microsoft Graph", "left alone"},
		{posture.Gap{Reason: posture.Fault, Detail: "status 500\nand \u202eworse"}, "", posture.Unknown, "an answer from Microsoft Graph", "(status 500 and worse)"},
		{posture.Gap{}, "", posture.Unknown, "an answer from Microsoft Graph", "failed"},
		{posture.Gap{Reason: posture.TooLarge}, "", posture.Unknown, "a smaller snapshot", "too large"},
		{posture.Gap{Reason: posture.NotApproved}, "", posture.Unknown, "an approved baseline", "approved"},
		{posture.Gap{Reason: posture.FirstRun}, "", posture.NotApplicable, "", "first run"},
		{posture.Gap{Reason: "sunspots"}, "", posture.Unknown, "an answer", "Nobody could look"},
	} {
		s := soundTenant(t, 2)
		s.Licences = posture.Missed[posture.Licences](tt.gap)
		c := check("TEN-90", posture.High, state(posture.Pass))
		c.Licence = tt.licence
		findings, _ := posture.Run([]posture.Check{c}, s, soundPolicy(), nil, nil, taken)
		if f := findings[0]; len(findings) != 1 || f.State != tt.state || f.Missing != tt.missing || !strings.Contains(f.Observed, tt.says) {
			t.Errorf("%+v: %+v", tt.gap, findings)
		}
	}
}

func TestOneAccountInTheDark(t *testing.T) {
	s := soundTenant(t, 3)
	s.Accounts[1].Methods = posture.Missed[[]posture.Method](posture.Gap{Reason: posture.Throttled})
	findings, _ := posture.Run(posture.Suite, s, soundPolicy(), nil, nil, taken)
	for _, f := range findings {
		dark := f.Account == accountID(2)
		switch {
		case slices.Contains([]string{"AUTH-01", "AUTH-04", "AUTH-08", "CA-01"}, f.Check) && dark != (f.State == posture.Unknown):
			t.Errorf("%s of %s is %s", f.Check, f.Account, f.State)
		case slices.Contains([]string{"TEN-02", "CA-14"}, f.Check) && f.State != posture.Unknown:
			t.Errorf("%s is %s, though it hangs on every account", f.Check, f.State)
		case f.State == posture.Fail:
			t.Errorf("%s fails: %s", f.Check, f.Observed)
		}
	}
}

func TestRisks(t *testing.T) {
	account := accountID(1)
	for _, tt := range []struct {
		name     string
		check    string
		risk     posture.AcceptedRisk
		want     posture.State
		problems int
	}{
		{"accepted", "AUTH-13", posture.AcceptedRisk{Account: account, Expires: taken.AddDate(0, 1, 0)}, posture.Accepted, 0},
		{"accepted for all accounts", "AUTH-13", posture.AcceptedRisk{Expires: taken.AddDate(0, 1, 0)}, posture.Accepted, 0},
		{"accepted for another", "AUTH-13", posture.AcceptedRisk{Account: accountID(2), Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 0},
		{"ended", "AUTH-13", posture.AcceptedRisk{Account: account, Expires: taken}, posture.Fail, 1},
		{"180 days", "AUTH-13", posture.AcceptedRisk{Account: account, Expires: taken.Add(posture.LongestAcceptance)}, posture.Accepted, 0},
		{"a second more", "AUTH-13", posture.AcceptedRisk{Account: account, Expires: taken.Add(posture.LongestAcceptance + time.Second)}, posture.Fail, 1},
		{"of a check that does not exist", "AUTH-13", posture.AcceptedRisk{Check: "AUTH-99", Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 1},
		{"CA-02", "CA-02", posture.AcceptedRisk{Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 1},
		{"INV-03", "INV-03", posture.AcceptedRisk{Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 1},
		{"INV-04", "INV-04", posture.AcceptedRisk{Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 1},
		{"AUTH-04", "AUTH-04", posture.AcceptedRisk{Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 1},
		{"the monitor itself", "PIPE-04", posture.AcceptedRisk{Expires: taken.AddDate(0, 1, 0)}, posture.Fail, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check(tt.check, posture.High, func(posture.Snapshot) []posture.Finding {
				return []posture.Finding{{Account: account, State: posture.Fail, Observed: "It fails."}}
			})
			if tt.risk.Check == "" {
				tt.risk.Check = tt.check
			}
			tt.risk.Owner, tt.risk.Reason = "Ann", "until the new keys are here"
			findings, tally := posture.Run([]posture.Check{c}, soundTenant(t, 2), soundPolicy(), nil, []posture.AcceptedRisk{tt.risk}, taken)
			if findings[0].State != tt.want || len(tally.Problems) != tt.problems || (findings[0].AcceptedBy != "") != (tt.want == posture.Accepted) {
				t.Errorf("%s %q %q", findings[0].State, findings[0].AcceptedBy, tally.Problems)
			}
		})
	}
	unknown := check("AUTH-13", posture.High, state(posture.Unknown))
	findings, _ := posture.Run([]posture.Check{unknown}, soundTenant(t, 2), soundPolicy(), nil, []posture.AcceptedRisk{{Check: "AUTH-13", Expires: taken.AddDate(0, 1, 0)}}, taken)
	if findings[0].State != posture.Unknown {
		t.Errorf("what nobody knows was accepted: %s", findings[0].State)
	}
}

func TestFirstSeenAndLastChanged(t *testing.T) {
	s := soundTenant(t, 2)
	day := func(n int) time.Time { return taken.AddDate(0, 0, n) }
	var previous []posture.Finding
	for n, step := range []struct {
		state                  posture.State
		firstSeen, lastChanged int
	}{{posture.Pass, 0, 0}, {posture.Pass, 0, 0}, {posture.Fail, 0, 2}, {posture.Fail, 0, 2}, {posture.Unknown, 0, 4}, {posture.Pass, 0, 5}} {
		findings, _ := posture.Run([]posture.Check{check("TEN-90", posture.High, state(step.state))}, s, soundPolicy(), previous, nil, day(n))
		f := findings[0]
		if !f.FirstSeen.Equal(day(step.firstSeen)) || !f.LastChanged.Equal(day(step.lastChanged)) || !f.Seen.Equal(day(n)) {
			t.Errorf("day %d: first seen %s, last changed %s", n, f.FirstSeen, f.LastChanged)
		}
		previous = findings
	}
}

func TestTheOrderOfPoliciesIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, _ := generate(t, rapid.Uint64Range(0, 500).Draw(r, "tenant"))
		before, _ := posture.Run(posture.Suite, w.s, soundPolicy(), nil, nil, taken)
		shuffled := w.s
		shuffled.Policies.Value = slices.Clone(w.s.Policies.Value)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "order"), 1))
		rng.Shuffle(len(shuffled.Policies.Value), func(i, j int) {
			p := shuffled.Policies.Value
			p[i], p[j] = p[j], p[i]
		})
		after, _ := posture.Run(posture.Suite, shuffled, soundPolicy(), nil, nil, taken)
		outcome := func(all []posture.Finding) (keys []string) {
			for _, f := range all {
				keys = append(keys, fmt.Sprint(f.Key(), f.State, f.Severity))
			}
			return keys
		}
		if diff := cmp.Diff(outcome(before), outcome(after)); diff != "" {
			r.Fatal(diff)
		}
	})
}

func TestFindingJSON(t *testing.T) {
	f := posture.Finding{
		Check: "CA-01", Title: "T.", Severity: posture.Critical, Account: accountID(1), State: posture.Fail, Observed: "O.", Expected: "E.",
		Fix: "F.", Source: "https://s", Portal: "https://p", FirstSeen: taken, LastChanged: taken, Seen: taken,
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"type":"finding","check":"CA-01","title":"T.","severity":"critical","account":"` + accountID(1) + `","object":null,"state":"fail","observed":"O.","expected":"E.","missing":null,"fix":"F.","source":"https://s","portal":"https://p","acceptedBy":null,"firstSeen":"2026-03-02T06:00:00Z","lastChanged":"2026-03-02T06:00:00Z","seen":"2026-03-02T06:00:00Z"}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	var again posture.Finding
	if err := json.Unmarshal(data, &again); err != nil || !cmp.Equal(f, again) {
		t.Errorf("%v: %s", err, cmp.Diff(f, again))
	}
	_, tally := posture.Run(nil, posture.Snapshot{At: taken}, soundPolicy(), nil, nil, taken)
	data, err = json.Marshal(tally)
	if err != nil {
		t.Fatal(err)
	}
	want = `{"v":1,"type":"run","at":"2026-03-02T06:00:00Z","snapshotAt":"2026-03-02T06:00:00Z","counts":{"accepted":0,"fail":0,"info":0,"notApplicable":0,"pass":0,"unknown":0,"warn":0},"graphCalls":0,"problems":[]}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}

func TestSound(t *testing.T) {
	for _, tt := range []struct {
		severity          posture.Severity
		state             posture.State
		sound, atAllCosts bool
	}{
		{posture.Critical, posture.Fail, false, false},
		{posture.Critical, posture.Unknown, false, false},
		{posture.Critical, posture.Accepted, true, true},
		{posture.High, posture.Fail, true, false},
		{posture.Info, posture.Unknown, true, false},
		{posture.Critical, posture.Warn, true, true},
	} {
		list := []posture.Finding{{Severity: tt.severity, State: tt.state}}
		if posture.Sound(list, false) != tt.sound || posture.Sound(list, true) != tt.atAllCosts {
			t.Errorf("%s %s: %t, strictly %t", tt.severity, tt.state, posture.Sound(list, false), posture.Sound(list, true))
		}
	}
}

func BenchmarkRun500Policies8AccountsIn2000Groups(b *testing.B) {
	s := soundTenant(b, 2)
	s.Accounts = nil
	for n := range 8 {
		a := soundAccount(n + 1)
		for g := range 2000 {
			a.Memberships.Value.Groups = append(a.Memberships.Value.Groups, posture.Membership{ID: fmt.Sprintf("d1000000-0000-4000-8000-%012d", g), Name: "Group"})
		}
		s.Accounts = append(s.Accounts, a)
	}
	var list []conditional.Policy
	for n := range 500 {
		list = append(list, parsePolicy(b, fmt.Sprintf(`{"id":%q,"displayName":"Policy","state":"enabled","conditions":{"users":{"includeUsers":["All"],"excludeGroups":["d1000000-0000-4000-8000-%012d",%q]},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, policyID(n), n*5, other)))
	}
	s.Policies = posture.Got(list)
	for b.Loop() {
		posture.Run(posture.Suite, s, soundPolicy(), nil, nil, taken)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/run")
}
