//go:build unix

package trial_test

import (
	"testing"
	"time"

	"glasswatch/infra/local/sample"
)

// spray invents failed sign-ins of the first account over ten minutes, with one success in the middle.
func (s *stack) spray(failures, addresses, applications int, success bool) []*sample.Object {
	attempts := s.sample.Spray(sample.Spray{
		Who: s.watched[0], Failures: failures, Addresses: addresses, Applications: applications,
		From: time.Now().Add(-11 * time.Minute), Over: 10 * time.Minute, Success: success,
	})
	records := make([]*sample.Object, len(attempts))
	for n, a := range attempts {
		records[n] = a.Record
	}
	return records
}

func TestSpray(t *testing.T) {
	cases := []struct {
		name                    string
		addresses, applications int
	}{
		{"3,000 addresses", 3000, 1},
		{"500 applications", 1, 500},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			const failures, mostCards, aim, hang = 10_000, 12, time.Minute, 6 * time.Minute
			s := start(t, options{})
			messages := sample.Messages(0, s.spray(failures, c.addresses, c.applications, true)...)
			began := time.Now()
			s.send("0", messages...)
			s.handled(hang)
			took := time.Since(began)
			if took > aim {
				t.Logf("it took longer than %s: this machine is slow, or the program is", aim)
			}
			var stored int
			var success event
			for _, e := range s.events() {
				stored++
				if e.Outcome == "success" {
					success = e
				}
			}
			if stored != failures+1 {
				t.Errorf("%d events in the ledger instead of %d", stored, failures+1)
			}
			cards := about(s.teams(), entry{success.Stream, success.Sequence})
			if len(cards) != 1 || success.Severity != "critical" {
				t.Fatalf("the success among them (%+v) has %d cards instead of one", success, len(cards))
			}
			delay := cards[0].at.Sub(success.RecordedAt)
			if delay > 5*time.Second {
				t.Errorf("the success was alerted %s after it was recorded", delay)
			}
			s.settle(2 * time.Minute)
			all := s.teams()
			if len(all) > mostCards {
				t.Errorf("%d cards, at most %d are right", len(all), mostCards)
			}
			t.Logf("%d attempts in %d messages: handled in %s, %d cards, %d messages on the fallback channel; the success was on Teams %s after it was recorded, %s after it was sent",
				failures+1, len(messages), took.Round(time.Millisecond), len(all), len(s.fallback()), delay.Round(time.Millisecond), cards[0].at.Sub(began).Round(time.Millisecond))
			s.verify()
		})
	}
}
