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
