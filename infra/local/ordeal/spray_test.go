package ordeal_test

import (
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// TestSpray stores ten thousand attempts, of which one succeeds, and tells of them in a few cards.
func TestSpray(t *testing.T) {
	for _, test := range []struct {
		name                    string
		addresses, applications int
	}{
		{"from 3,000 addresses", 3000, 1},
		{"at 500 applications", 50, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStand(t, seedOf(t))
			s.startHost(nil)
			var records []*sample.Object
			good := ""
			for _, a := range s.sample.Spray(sample.Spray{
				Who: s.sample.Tenant.BreakGlass[0], Failures: 10_000, Addresses: test.addresses, Applications: test.applications,
				From: time.Now().Add(-12 * time.Minute), Over: 10 * time.Minute, Success: true,
			}) {
				records = append(records, a.Record)
				if a.Success {
					good = a.Record.Text("properties.id")
				}
			}
			begun := time.Now()
			s.send("0", sample.Messages(0, records...)...)
			s.arrive(3*time.Minute, "the card of the success", func(cards []teamspage.Card, messages []teamspage.Message) bool {
				return cardsSaying(cards, "succeeded") > 0 && messagesSaying(messages, "succeeded") > 0
			})
			told := time.Since(begun)
			s.idle(5 * time.Minute)
			stored := time.Since(begun)
			s.sweep(2 * time.Minute)
			count := s.recorded()
			if len(count) != len(records) || count[good] != 1 {
				t.Errorf("%d of %d records in the ledger, the success %d times", len(count), len(records), count[good])
			}
			for id, n := range count {
				if n != 1 {
					t.Errorf("record %s is in the ledger %d times", id, n)
				}
			}
			if n := len(s.page.Cards()); n > 12 {
				t.Errorf("%d cards, want at most 12", n)
			}
			s.whole()
			t.Logf("%d records stored after %s (60 s are allowed on an idle machine), the success told after %s, %d cards",
				len(records), stored.Round(time.Second), told.Round(time.Second), len(s.page.Cards()))
		})
	}
}
