package checkposture_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/handlers/checkposture"
	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/graph"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
	"glasswatch/shared/posture"
	"glasswatch/shared/teams"
)

var update = flag.Bool("update", false, "write the golden files anew")

// channel notes what people are told.
type channel struct{ told []alert.Message }

func (c *channel) Name() string { return alert.ChannelTeams }

func (c *channel) Send(_ context.Context, m alert.Message) (int, error) {
	c.told = append(c.told, m)
	return 202, nil
}

// bench is the function over a Graph stand-in, a ledger in memory, and a clock that the test sets.
type bench struct {
	t       *testing.T
	now     time.Time
	tenant  *standin.Server
	url     string
	journal *journal.Journal
	channel *channel
	risks   []posture.AcceptedRisk
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), tenant: standin.New(standin.Sound()), channel: &channel{}}
	server := httptest.NewServer(b.tenant)
	t.Cleanup(server.Close)
	b.url = server.URL
	accounts := breakglass.NewAccounts([]breakglass.Account{{ObjectID: standin.Alpha, UserPrincipalName: standin.AlphaName}, {ObjectID: standin.Bravo, UserPrincipalName: standin.BravoName}})
	clock := func() time.Time { return b.now }
	b.journal = journal.New(ledger.New(ledgertest.New(t), clock), journal.Options{
		Describer: journal.Describer{Accounts: accounts}, Judge: detect.NewDetector(detect.Setting{Accounts: accounts}),
		Channels: []string{alert.ChannelTeams}, AcknowledgeWithin: 15 * time.Minute, CommitWithin: 5 * time.Second, Now: clock,
	})
	return b
}

// run lets the function run once, and returns what people were told by it.
func (b *bench) run() []alert.Message {
	b.t.Helper()
	clock := func() time.Time { return b.now }
	policy := posture.DefaultPolicy()
	policy.ExclusionGroups = []string{standin.ExclusionGroup}
	collector, err := graph.New(graph.Options{Endpoint: b.url, Policy: policy, Now: clock, Accounts: []graph.Account{
		{ID: standin.Alpha, Name: "bg-alpha", UserPrincipalName: standin.AlphaName}, {ID: standin.Bravo, Name: "bg-bravo", UserPrincipalName: standin.BravoName},
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.channel.told = nil
	c := checkposture.New(checkposture.Options{
		Collector: collector, Journal: b.journal, Sender: alert.NewDispatcher([]alert.Sender{b.channel}, clock),
		Policy: policy, Risks: b.risks, Now: clock, Log: slog.New(slog.DiscardHandler),
	})
	if _, err := c.Run(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return b.channel.told
}

// approve approves what the last run saw.
func (b *bench) approve() {
	b.t.Helper()
	stored, _, err := b.journal.LatestSnapshot(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	snapshot, err := posture.Decode(stored)
	if err != nil {
		b.t.Fatal(err)
	}
	baseline, err := posture.TakeBaseline(snapshot)
	if err != nil {
		b.t.Fatal(err)
	}
	content := must(b.t, baseline)
	owed, err := b.journal.Approve(b.t.Context(), "Ada", "as bought", content, alert.Message{Kind: alert.MessageNotice, Headline: "Approved"})
	if err != nil {
		b.t.Fatal(err)
	}
	attempts := alert.NewDispatcher([]alert.Sender{b.channel}, func() time.Time { return b.now }).Send(b.t.Context(), owed)
	if err := b.journal.Deliver(b.t.Context(), journal.StreamPosture, attempts); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) later(d time.Duration) { b.now = b.now.Add(d) }

// sound is a bench whose second run found everything well; its clock stands on the third day.
func sound(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.run()
	b.approve()
	b.later(24 * time.Hour)
	b.run()
	b.later(24 * time.Hour)
	return b
}

func (b *bench) disable(on bool) {
	b.tenant.Edit(func(t *standin.Tenant) { t.User(standin.Bravo)["accountEnabled"] = !on })
}

// said lists the beginnings of the headlines and the checks they are about.
func said(told []alert.Message) []string {
	var list []string
	for _, m := range told {
		list = append(list, fmt.Sprintf("%s %s %s: %s", m.Kind, m.Severity, m.Rule, m.Emphasis))
	}
	slices.Sort(list)
	return list
}

func (b *bench) expect(what string, want ...string) []alert.Message {
	b.t.Helper()
	told := b.run()
	if diff := cmp.Diff(want, said(told)); diff != "" {
		b.t.Errorf("%s: told (-want +got):\n%s", what, diff)
	}
	return told
}

func TestDigestOnceADay(t *testing.T) {
	b := newBench(t)
	b.expect("the very first run, without a baseline", "digest high digest: Not known")
	b.expect("the host calls again")
	b.approve()
	b.expect("after the approval", "digest info digest: All well")
	b.expect("and again")
	b.later(24 * time.Hour)
	b.expect("the next day", "digest info digest: All well")
}

func TestAChangeIsToldOnce(t *testing.T) {
	b := sound(t)
	b.disable(true)
	b.expect("disabled", "alert critical INV-01: Posture check failed", "alert critical INV-04: Posture check failed", "digest critical digest: Not well")
	b.later(24 * time.Hour)
	b.expect("still disabled: the digest alone", "digest critical digest: Not well")
	b.disable(false)
	b.later(24 * time.Hour)
	b.expect("enabled", "digest info digest: All well", "notice info INV-01: Mended", "notice info INV-04: Mended")
}

func TestOnTheFirstRunOnlyWhatIsCriticalAlerts(t *testing.T) {
	b := newBench(t)
	b.tenant.Edit(func(t *standin.Tenant) {
		t.User(standin.Bravo)["accountEnabled"] = false
		t.User(standin.Alpha)["userType"] = "Guest" // INV-08, high
	})
	told := b.run()
	for _, m := range told {
		if m.Rule == "INV-08" {
			t.Errorf("a lesser failure alerts on the first run: %s", m.Headline)
		}
	}
	if !slices.Contains(said(told), "alert critical INV-04: Posture check failed") {
		t.Errorf("a critical failure does not alert on the first run: %v", said(told))
	}
	digest := digestOf(t, told)
	if !slices.ContainsFunc(digest.Facts, func(f alert.Fact) bool { return strings.HasPrefix(f.Name, "INV-08") }) {
		t.Errorf("the digest does not tell of the lesser failure: %+v", digest.Facts)
	}
}

func TestUnknownForTwoDays(t *testing.T) {
	b := sound(t)
	b.tenant.Revoke("UserAuthenticationMethod.Read.All")
	b.expect("the first day", "digest high digest: Not known")
	b.later(24 * time.Hour)
	told := b.run()
	alerts := 0
	for _, m := range told {
		if m.Kind != alert.MessageAlert {
			continue
		}
		alerts++
		if m.Emphasis != "Unknown for two days" || !slices.Contains(m.Facts, alert.Fact{Name: "Missing", Value: "UserAuthenticationMethod.Read.All"}) || !strings.Contains(m.Actions[0], "UserAuthenticationMethod.Read.All") {
			t.Errorf("told %q, %+v, %v", m.Headline, m.Facts, m.Actions)
		}
	}
	if alerts == 0 {
		t.Errorf("nobody is told that critical checks are unknown for two days: %v", said(told))
	}
	b.later(24 * time.Hour)
	b.expect("the third day", "digest high digest: Not known")
}

func TestABlindDayIsNoRecovery(t *testing.T) {
	b := sound(t)
	b.disable(true)
	b.run()
	b.tenant.Revoke("User.Read.All")
	b.later(24 * time.Hour)
	for _, m := range b.run() {
		if m.Emphasis == "Mended" {
			t.Errorf("what nobody can see is called mended: %s", m.Headline)
		}
	}
}

func TestFirstSeenAndLastChangedSurvive(t *testing.T) {
	b := sound(t)
	first := b.now.Add(-48 * time.Hour)
	b.disable(true)
	b.run()
	changed := b.now
	b.later(24 * time.Hour)
	b.run()
	stored, err := b.journal.LatestPosture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range decode(t, stored.Findings) {
		want := first
		if f.State == posture.Fail {
			want = changed
		}
		settled := f.Check != "CA-14" && !strings.Contains("AUTH-08 INV-11 PWD-03", f.Check) // answered since the baseline
		if !f.FirstSeen.Equal(first) || settled && !f.LastChanged.Equal(want) {
			t.Errorf("%s of %q, %s: first seen %s, last changed %s; want %s and %s", f.Check, f.Account, f.State, f.FirstSeen, f.LastChanged, first, want)
		}
	}
}

func TestAcceptedRisk(t *testing.T) {
	b := sound(t)
	b.tenant.Edit(func(t *standin.Tenant) { t.User(standin.Alpha)["userType"] = "Guest" })
	b.risks = []posture.AcceptedRisk{{Check: "INV-08", Owner: "Grace", Reason: "until the migration", Expires: b.now.Add(36 * time.Hour)}, {Check: "INV-04", Owner: "Grace", Reason: "no", Expires: b.now.Add(time.Hour)}}
	told := b.run()
	for _, m := range told {
		if m.Rule == "INV-08" {
			t.Errorf("what somebody answers for alerts: %s", m.Headline)
		}
	}
	facts := fmt.Sprint(digestOf(t, told).Facts)
	if !strings.Contains(facts, "1 failure that somebody answers for") || !strings.Contains(facts, "nobody can answer for that check") {
		t.Errorf("the digest says of accepted risks: %s", facts)
	}
	b.later(48 * time.Hour)
	if told := said(b.run()); !slices.Contains(told, "alert high INV-08: Posture check failed") {
		t.Errorf("after the acceptance has ended nobody is told: %v", told)
	}
}

// TestDigestCards draws the digests that matter.
func TestDigestCards(t *testing.T) {
	for name, edit := range map[string]func(b *bench){
		"digest-well":     func(*bench) {},
		"digest-disabled": func(b *bench) { b.disable(true) },
		"digest-blind":    func(b *bench) { b.tenant.Revoke("UserAuthenticationMethod.Read.All") },
	} {
		t.Run(name, func(t *testing.T) {
			b := sound(t)
			edit(b)
			told := b.run()
			card := teams.Card(digestOf(t, told))
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, card, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(unhashed(string(want)), unhashed(string(card))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
