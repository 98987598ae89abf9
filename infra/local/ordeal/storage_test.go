package ordeal_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// success makes a message with one successful sign-in of the account.
func (s *stand) success(account int) (body []byte, id string) {
	record := s.sample.SignIn(sample.SignIn{Who: s.sample.Tenant.BreakGlass[account], At: time.Now().Add(-time.Minute), Policies: 11})
	return sample.Message(record), record.Text("properties.id")
}

// arrive waits until the channels have what is asked for.
func (s *stand) arrive(limit time.Duration, what string, done func(cards []teamspage.Card, messages []teamspage.Message) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if err := s.page.Wait(ctx, done); err != nil {
		s.t.Fatalf("%s has not come within %s", what, limit)
	}
}

func saying(words string) func(teamspage.Card) bool {
	return func(c teamspage.Card) bool { return bytes.Contains(c.Body, []byte(words)) }
}

func cardsSaying(cards []teamspage.Card, words string) int {
	n := 0
	for _, c := range cards {
		if saying(words)(c) {
			n++
		}
	}
	return n
}

func messagesSaying(messages []teamspage.Message, words string) int {
	n := 0
	for _, m := range messages {
		if bytes.Contains(m.Body, []byte(words)) {
			n++
		}
	}
	return n
}

const unrecorded = "not yet recorded"

// TestStorageStopped takes storage away while a break-glass account signs in.
func TestStorageStopped(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	first, _ := s.success(0)
	s.send("0", first)
	s.idle(30 * time.Second)
	before := len(s.page.Cards())

	if err := s.tables.Stop(); err != nil {
		t.Fatal(err)
	}
	body, id := s.success(1)
	begun := time.Now()
	s.send("0", body)
	s.arrive(20*time.Second, "the alarm", func(cards []teamspage.Card, messages []teamspage.Message) bool {
		return cardsSaying(cards, unrecorded) > 0 && messagesSaying(messages, unrecorded) > 0
	})
	t.Logf("with storage gone the alarm was on both channels after %s (7 s are allowed)", time.Since(begun).Round(time.Millisecond))
	time.Sleep(3 * time.Second) // several tries of the host
	if n := cardsSaying(s.page.Cards(), unrecorded); n != 1 {
		t.Errorf("%d cards for one sign-in that cannot be recorded", n)
	}
	if s.host.Stats().Functions["watchlogs"].Failures == 0 {
		t.Error("the batch was acknowledged although nothing was recorded")
	}

	if err := s.tables.Restart(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	s.idle(time.Minute)
	s.sweep(3 * time.Minute)
	if n := s.recorded()[id]; n != 1 {
		t.Errorf("the sign-in is in the ledger %d times", n)
	}
	cards := s.page.Cards()[before:]
	if n := cardsSaying(cards, "already sent"); n != 1 {
		t.Errorf("%d corrections, want one from the process that alarmed", n)
	}
	if len(cards) != 2 {
		t.Errorf("%d cards for one sign-in, want the alarm and the correction", len(cards))
	}
	s.whole()
	s.quiet()
}

// TestAnotherProcessRepeats kills the process that alarmed: the next one cannot know, and says so.
func TestAnotherProcessRepeats(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	if err := s.tables.Stop(); err != nil {
		t.Fatal(err)
	}
	body, id := s.success(0)
	s.send("0", body)
	s.arrive(20*time.Second, "the alarm", func(cards []teamspage.Card, _ []teamspage.Message) bool { return cardsSaying(cards, unrecorded) > 0 })
	time.Sleep(time.Second)
	if err := s.tables.Restart(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	s.kill("watchlogs")
	s.idle(time.Minute)
	s.sweep(3 * time.Minute)
	if n := s.recorded()[id]; n != 1 {
		t.Errorf("the sign-in is in the ledger %d times", n)
	}
	if n, m := cardsSaying(s.page.Cards(), "already sent"), cardsSaying(s.page.Cards(), "repeated"); n+m != 1 {
		t.Errorf("%d corrections and %d repeated alerts: one of them, depending on who was faster", n, m)
	}
	s.whole()
}

// TestFloodWithoutStorage sends ten thousand failures while nothing can be recorded.
func TestFloodWithoutStorage(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	if err := s.tables.Stop(); err != nil {
		t.Fatal(err)
	}
	var records []*sample.Object
	for _, a := range s.sample.Spray(sample.Spray{Who: s.sample.Tenant.BreakGlass[0], Failures: 10_000, Addresses: 500, From: time.Now().Add(-10 * time.Minute), Over: 10 * time.Minute}) {
		records = append(records, a.Record)
	}
	s.send("0", sample.Messages(0, records...)...)
	s.arrive(30*time.Second, "the alarm", func(cards []teamspage.Card, _ []teamspage.Message) bool { return cardsSaying(cards, unrecorded) > 0 })
	time.Sleep(10 * time.Second)
	if n := len(s.page.Cards()); n > 4 {
		t.Errorf("%d cards for 10,000 failures without storage, want at most 4", n)
	}
	t.Logf("%d cards for 10,000 failures while storage is gone", len(s.page.Cards()))
}

// TestReadingAhead lets a success wait in the hub behind a batch that cannot be recorded.
func TestReadingAhead(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	opening, _ := s.success(2)
	s.send("0", opening)
	s.idle(30 * time.Second)
	if err := s.host.Fire(t.Context(), "keepwatch"); err != nil { // learns how far the partition is
		t.Fatal(err)
	}
	if err := s.tables.Stop(); err != nil {
		t.Fatal(err)
	}
	// The hub took them two minutes ago: what waits must have waited for more than one.
	earlier := time.Now().Add(-2 * time.Minute)
	var stuck [][]byte
	for range 40 { // more than two batches, so that the success is in none that was tried
		record := s.sample.SignIn(sample.SignIn{Who: s.sample.Tenant.BreakGlass[1], At: earlier, Code: 50126, Policies: 11})
		stuck = append(stuck, sample.Message(record))
	}
	waiting, _ := s.success(0)
	if err := s.hub.Append(t.Context(), hubName, "0", earlier, append(stuck, waiting)...); err != nil {
		t.Fatal(err)
	}
	s.arrive(20*time.Second, "the alarm of the stuck batch", func(cards []teamspage.Card, _ []teamspage.Message) bool { return cardsSaying(cards, unrecorded) > 0 })
	label, _, _ := strings.Cut(s.sample.Tenant.BreakGlass[0].UPN, "@")
	ahead := func(cards []teamspage.Card, messages []teamspage.Message) bool {
		for _, c := range cards {
			if saying("held up")(c) && saying(label)(c) && saying("succeeded")(c) {
				return messagesSaying(messages, "held up") > 0
			}
		}
		return false
	}
	if ahead(s.page.Cards(), s.page.Messages()) {
		t.Fatal("alarmed before anybody looked ahead: the test does not test it")
	}
	if err := s.host.Fire(t.Context(), "keepwatch"); err != nil {
		t.Logf("keepwatch, without storage: %v", err)
	}
	s.arrive(20*time.Second, "the alarm of what waits behind", ahead)
}

// TestPausedStorage lets storage hang instead of refusing: the batch is answered in time all the same.
func TestPausedStorage(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	first, _ := s.success(0)
	s.send("0", first)
	s.idle(30 * time.Second)
	if err := s.tables.Pause(); err != nil {
		t.Fatal(err)
	}
	body, id := s.success(1)
	begun := time.Now()
	s.send("0", body)
	s.arrive(20*time.Second, "the alarm", func(cards []teamspage.Card, messages []teamspage.Message) bool {
		return cardsSaying(cards, unrecorded) > 0 && messagesSaying(messages, unrecorded) > 0
	})
	t.Logf("with storage hanging the alarm was on both channels after %s (7 s are allowed)", time.Since(begun).Round(time.Millisecond))
	if err := s.tables.Resume(); err != nil {
		t.Fatal(err)
	}
	s.idle(time.Minute)
	s.sweep(3 * time.Minute)
	if n := s.recorded()[id]; n != 1 {
		t.Errorf("the sign-in is in the ledger %d times", n)
	}
	s.whole()
}

// TestHealthWithoutStorage asks for the app's health while storage is gone.
func TestHealthWithoutStorage(t *testing.T) {
	s := newStand(t, seedOf(t))
	s.startHost(nil)
	if got := s.health(); got != `{"status":"ok"}` {
		t.Errorf("at first: %s", got)
	}
	if err := s.tables.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := s.health(); got != `{"status":"degraded"}` {
		t.Errorf("without storage: %s", got)
	}
}

func (s *stand) health() string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.host.URL()+"/api/health", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		s.t.Errorf("health: status %d, %v", answer.StatusCode, err)
	}
	return strings.TrimSpace(body.String())
}
