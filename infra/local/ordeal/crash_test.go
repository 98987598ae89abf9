package ordeal_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
)

// kills is how often TestCrash kills the program: GLASSWATCH_CRASH_KILLS, or thirty.
func kills(t *testing.T) int {
	t.Helper()
	value := os.Getenv("GLASSWATCH_CRASH_KILLS")
	if value == "" {
		return 30
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		t.Fatalf("GLASSWATCH_CRASH_KILLS is %q", value)
	}
	return n
}

// TestCrash kills the program at random points while it works, as often as it is told, and holds
// it to its promise: every event in the ledger exactly once, every alert delivered at least once
// on each channel that it is routed to, and a second time only where a crash may have lost the
// first receipt.
func TestCrash(t *testing.T) {
	seed := seedOf(t)
	random := rand.New(rand.NewPCG(seed, 1))
	s := newStand(t, seed)
	s.startHost(nil)
	t.Logf("the host's own waits are divided by %d", divisor)
	sent := map[string]bool{}
	successes := 0
	deadly := kills(t)
	for killed := range deadly {
		for range 1 + random.IntN(3) {
			s.send(strconv.Itoa(random.IntN(2)), s.load(random, sent, &successes))
		}
		// Somewhere between the hand-over and the last receipt.
		time.Sleep(time.Duration(random.IntN(120)) * time.Millisecond)
		victim := "watchlogs"
		if killed%6 == 5 {
			victim = "keepwatch"
			go func() { _ = s.host.Fire(t.Context(), "keepwatch") }()
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
		}
		s.kill(victim)
	}
	s.idle(2 * time.Minute)
	s.sweep(3 * time.Minute)
	count := s.recorded()
	for id := range sent {
		if count[id] != 1 {
			t.Errorf("record %s is in the ledger %d times", id, count[id])
		}
	}
	s.told(deadly)
	s.whole()
	s.quiet()
	t.Logf("%d records, of which %d successes; %d kills; %d cards, %d messages on the fallback", len(sent), successes, deadly, len(s.page.Cards()), len(s.page.Messages()))
}

// kill kills the process that runs the function, as soon as there is one.
func (s *stand) kill(function string) {
	s.t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = s.host.Kill(function); err == nil {
			return
		}
	}
	s.t.Fatalf("there is no process to kill: %v", err)
}

// load makes a message with a few failures and, now and then, a success, and notes their ids.
func (s *stand) load(random *rand.Rand, sent map[string]bool, successes *int) []byte {
	accounts := s.sample.Tenant.BreakGlass
	var records []*sample.Object
	for n := range 1 + random.IntN(6) {
		attempt := sample.SignIn{Who: accounts[random.IntN(2)], At: time.Now().Add(-time.Minute), Code: 50126, Policies: 11}
		if n == 0 && random.IntN(2) == 0 {
			attempt.Code = 0
			*successes++
		}
		record := s.sample.SignIn(attempt)
		sent[record.Text("properties.id")] = true
		records = append(records, record)
	}
	return sample.Message(records...)
}

// told holds deliveries to their bounds. An alert's message carries its witness.
func (s *stand) told(crashes int) {
	s.t.Helper()
	cards, messages := map[string]int{}, map[string]int{}
	for _, c := range s.page.Cards() {
		for _, w := range c.Witnesses {
			cards[fmt.Sprintf("%s-%d", w.Stream, w.Sequence)]++
		}
	}
	for _, m := range s.page.Messages() {
		for _, w := range m.Witnesses {
			messages[fmt.Sprintf("%s-%d", w.Stream, w.Sequence)]++
		}
	}
	twice := 0
	for _, a := range s.lines("alerts") {
		id, _ := a["id"].(string)
		if a["state"] != "delivered" {
			s.t.Errorf("alert %s is %v", id, a["state"])
		}
		if a["rule"] == "fallback-test" {
			continue // for the fallback alone
		}
		if cards[id] < 1 {
			s.t.Errorf("alert %s (%v) has no card", id, a["headline"])
		}
		if a["severity"] == "critical" && messages[id] < 1 {
			s.t.Errorf("critical alert %s (%v) is not on the fallback", id, a["headline"])
		}
		twice += max(0, cards[id]-1) + max(0, messages[id]-1)
	}
	// Each crash may lose the receipts of what one invocation was sending, on both channels.
	if most := crashes * 2 * 12; twice > most {
		s.t.Errorf("%d deliveries too many after %d crashes, at most %d can be explained", twice, crashes, most)
	}
	s.t.Logf("%d deliveries repeated", twice)
}
