//go:build unix

package trial_test

import (
	"slices"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/sample"
)

const (
	alarmWithin  = 7 * time.Second // five to notice, two to send (design 5.4)
	notRecorded  = "not yet recorded"
	alreadySent  = "already sent"
	sentRepeated = "repeated"
)

// ownStore starts an emulator that can be stopped without losing what it holds.
func ownStore(t *testing.T) *azurite.Server {
	t.Helper()
	store, err := azurite.Start(t.Context(), azurite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Kill)
	return store
}

// outage is a stack whose storage is about to go.
type outage struct {
	*stack
	store *azurite.Server
	o     ordeal
}

// begin starts a stack, lets it handle something while all is well, and takes its storage away.
func begin(t *testing.T, divisor int, gone func(*azurite.Server) error) *outage {
	t.Helper()
	store := ownStore(t)
	s := start(t, options{divisor: divisor, settings: map[string]string{"EVIDENCE_TABLES": store.ConnectionString()}})
	x := &outage{stack: s, store: store, o: s.trouble(2)}
	s.sendAt(time.Now().Add(-5*time.Minute), "0", x.o.messages...)
	s.handled(30 * time.Second)
	if err := s.fire(); err != nil {
		t.Errorf("keepwatch while all is well: %v", err)
	}
	if err := gone(store); err != nil {
		t.Fatal(err)
	}
	return x
}

// signIn sends a successful sign-in of the account n into a partition and returns its record id.
func (x *outage) signIn(n int, partition string, enqueued time.Time) string {
	x.t.Helper()
	r := x.sample.SignIn(sample.SignIn{Who: x.watched[n], From: x.sample.Stranger(), Policies: 2})
	id := r.Text("properties.id")
	x.o.wanted[id] = []string{"account-" + x.watched[n].ID}
	x.sendAt(enqueued, partition, sample.Message(r))
	return id
}

// alarmed waits for the alarm of an account on both channels and says how long it took.
func (x *outage) alarmed(n int, began time.Time) {
	x.t.Helper()
	upn := x.watched[n].UPN
	alarm := func(list []arrival) []arrival { return saying(saying(list, notRecorded), upn) }
	x.until("an alarm about "+upn+" on both channels", 20*time.Second, func() bool {
		return len(alarm(x.teams())) > 0 && len(alarm(x.fallback())) > 0
	})
	for _, a := range []arrival{alarm(x.teams())[0], alarm(x.fallback())[0]} {
		took := a.at.Sub(began)
		x.t.Logf("alarm on %s after %s", a.channel, took.Round(time.Millisecond))
		if took > alarmWithin {
			x.t.Errorf("the alarm on %s came after %s, later than %s", a.channel, took, alarmWithin)
		}
	}
}

// refused waits until the host was told that the batch could not be taken.
func (x *outage) refused() {
	x.t.Helper()
	x.until("a failed call of watchlogs", 20*time.Second, func() bool { return x.host.Stats().Functions["watchlogs"].Failures > 0 })
	if said := x.host.Stats().Functions["watchlogs"].LastFailure; !slices.Contains([]string{
		"response status code does not indicate success: 500 (Internal Server Error)",
	}, said) {
		x.t.Errorf("the batch failed by %q instead of an answer with status 500", said)
	}
}

// back brings storage back and waits until all is recorded and told.
func (x *outage) back(restart func() error) {
	x.t.Helper()
	if err := restart(); err != nil {
		x.t.Fatal(err)
	}
	x.handled(time.Minute)
	x.recorded(x.o)
}

// entryOf finds where a record stands in the ledger.
func (x *outage) entryOf(record string) entry {
	x.t.Helper()
	for _, e := range x.events() {
		if e.RecordID == record {
			return entry{e.Stream, e.Sequence}
		}
	}
	x.t.Fatalf("record %s is not in the ledger", record)
	return entry{}
}

func TestStorageStopped(t *testing.T) {
	gone := []struct {
		name    string
		stop    func(*azurite.Server) error
		restart func(*outage) func() error
	}{
		{"stopped", (*azurite.Server).Stop, func(x *outage) func() error {
			return func() error { return x.store.Restart(x.t.Context()) }
		}},
		{"hanging", (*azurite.Server).Pause, func(x *outage) func() error { return x.store.Resume }},
	}
	for _, c := range gone {
		t.Run(c.name, func(t *testing.T) {
			x := begin(t, 4, c.stop)
			began := time.Now()
			id := x.signIn(0, "0", time.Time{})
			x.alarmed(0, began)
			x.refused()
			x.until("the host has tried again", time.Minute, func() bool { return x.host.Stats().Functions["watchlogs"].Retries > 0 })
			x.back(c.restart(x))

			e := x.entryOf(id)
			for _, list := range [][]arrival{x.teams(), x.fallback()} {
				if n := len(saying(saying(list, notRecorded), x.watched[0].UPN)); n != 1 {
					t.Errorf("%d alarms on %s from one process", n, list[0].channel)
				}
				correction := about(list, e)
				if len(correction) != 1 || len(saying(correction, alreadySent)) != 1 {
					t.Errorf("%d messages on %s about the entry instead of one correction: %v", len(correction), list[0].channel, correction)
				}
			}
			x.settle(2 * time.Minute)
			x.verify()
		})
	}
}

func TestAnotherProcessAfterTheOutage(t *testing.T) {
	x := begin(t, 1, (*azurite.Server).Stop)
	began := time.Now()
	id := x.signIn(0, "0", time.Time{})
	x.alarmed(0, began)
	x.refused()
	// The one that has alarmed is gone before the host tries again, some ten seconds after the second failure.
	x.until("a second failure", 20*time.Second, func() bool { return x.host.Stats().Functions["watchlogs"].Failures > 1 })
	if err := x.host.Kill("watchlogs"); err != nil {
		t.Fatal(err)
	}
	x.back(func() error { return x.store.Restart(t.Context()) })
	e := x.entryOf(id)
	for _, list := range [][]arrival{x.teams(), x.fallback()} {
		again := about(list, e)
		if len(again) != 1 || len(saying(again, sentRepeated)) != 1 {
			t.Errorf("%d messages on %s about the entry instead of one marked repeated: %v", len(again), list[0].channel, again)
		}
	}
	x.settle(2 * time.Minute)
	x.verify()
}

// spray invents failed sign-ins of the first account over ten minutes.
func (s *stack) spray(failures, addresses int) []*sample.Object {
	attempts := s.sample.Spray(sample.Spray{
		Who: s.watched[0], Failures: failures, Addresses: addresses, From: time.Now().Add(-11 * time.Minute), Over: 10 * time.Minute,
	})
	records := make([]*sample.Object, len(attempts))
	for n, a := range attempts {
		records[n] = a.Record
	}
	return records
}

// Ten thousand failures while storage is dead must not drown the one alarm that counts.
func TestFloodWithoutStorage(t *testing.T) {
	x := begin(t, 20, (*azurite.Server).Stop)
	before := len(x.teams())
	flood := sample.Messages(0, x.spray(10_000, 3000)...)
	began := time.Now()
	for first := 0; first < len(flood); first += 16 {
		answer, err := x.hand(t.Context(), encode(first/16, flood[first:min(first+16, len(flood))]...))
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != 500 {
			t.Errorf("a batch is answered %d while storage is dead", answer.Status)
		}
	}
	cards := len(x.teams()) - before
	t.Logf("10,000 failures in %d messages: %d cards in %s", len(flood), cards, time.Since(began).Round(time.Millisecond))
	if cards < 1 || cards > 4 {
		t.Errorf("10,000 failures made %d cards: at least one and at most four are right", cards)
	}
}

// A success that waits behind a stuck batch is found by reading ahead of it.
func TestReadingAheadOfAStuckBatch(t *testing.T) {
	x := begin(t, 20, (*azurite.Server).Stop)
	waiting := time.Now().Add(-3 * time.Minute) // so that nobody has to wait until it counts as held up
	x.signIn(0, "0", waiting)
	x.refused()
	before := len(x.teams())
	began := time.Now()
	id := x.signIn(1, "0", waiting)
	for range 3 {
		_ = x.fire() // it says that storage is gone
	}
	x.alarmed(1, began)
	if n := len(saying(x.teams()[before:], x.watched[1].UPN)); n != 1 {
		t.Errorf("three looks ahead made %d cards about the sign-in that waits", n)
	}
	x.back(func() error { return x.store.Restart(t.Context()) })
	if n := len(about(x.teams(), x.entryOf(id))); n != 1 {
		t.Errorf("%d cards about the recorded sign-in instead of one", n)
	}
	x.settle(2 * time.Minute)
	x.verify()
}
