//go:build unix

package trial_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
)

// ordeal is a few messages with everything that makes an event, and what must come of them.
type ordeal struct {
	messages [][]byte
	wanted   map[string][]string // record id -> the streams that must hold it, once each
}

// trouble invents n messages about the watched accounts, with everyday records between them.
func (s *stack) trouble(n int) ordeal {
	o := ordeal{wanted: map[string][]string{}}
	for i := range n {
		o.add(s, i)
	}
	return o
}

func (o *ordeal) add(s *stack, i int) {
	g, who := s.sample, s.watched[i%len(s.watched)]
	other := s.watched[(i+1)%len(s.watched)]
	stream := "account-" + who.ID
	records := g.Quiet(2)
	take := func(r *sample.Object, streams ...string) {
		records = append(records, r)
		o.wanted[r.Text("properties.id")] = streams
	}
	take(g.SignIn(sample.SignIn{Who: who, Code: 50126, From: g.Stranger(), Policies: 2, Methods: []string{"Password"}}), stream)
	switch i % 4 {
	case 0:
		take(g.SignIn(sample.SignIn{Who: who, From: g.Stranger(), Policies: 3}), stream)
	case 1:
		take(g.NonInteractive(sample.SignIn{Who: who, Policies: 2}), stream)
	case 2:
		take(g.Audit(sample.Audit{Activity: sample.ActivityNamed("Add member to role"), By: who, Targets: []sample.Target{sample.UserTarget(other)}}),
			stream, "account-"+other.ID)
	default:
		take(g.SecurityInfo(sample.Audit{}, who, "Passkey"), stream)
	}
	o.messages = append(o.messages, sample.Message(records...))
}

// recorded fails the test unless each event is in the ledger once, and nothing else is.
func (s *stack) recorded(o ordeal) {
	s.t.Helper()
	found := map[string]map[string]int{}
	for _, e := range s.events() {
		if found[e.RecordID] == nil {
			found[e.RecordID] = map[string]int{}
		}
		found[e.RecordID][e.Stream]++
		if !slices.Contains(o.wanted[e.RecordID], e.Stream) {
			s.t.Errorf("the ledger holds a record that should not be there: %s in %s, %s", e.RecordID, e.Stream, e.HeadlineRule)
		}
	}
	total := 0
	for id, streams := range o.wanted {
		for _, stream := range streams {
			total++
			if n := found[id][stream]; n != 1 {
				s.t.Errorf("record %s is in %s %d times instead of once", id, stream, n)
			}
		}
	}
	s.t.Logf("%d messages, %d events in the ledger", len(o.messages), total)
}

// toldOnce fails the test unless every alert is on its channels exactly once.
func (s *stack) toldOnce() {
	s.t.Helper()
	teams, fallback := s.teams(), s.fallback()
	alerts := s.alerts()
	for _, a := range alerts {
		e := entry{a.Stream, a.Sequence}
		onTeams, onFallback := len(about(teams, e)), len(about(fallback, e))
		wantTeams, wantFallback := 1, 0
		switch {
		case a.Rule == "fallback-test":
			wantTeams, wantFallback = 0, 1
		case a.Severity == "critical":
			wantFallback = 1
		}
		if onTeams != wantTeams || onFallback != wantFallback {
			s.t.Errorf("alert %s (%s, %s) has %d cards and %d messages on the fallback channel instead of %d and %d; the ledger says %+v",
				a.ID, a.Rule, a.Severity, onTeams, onFallback, wantTeams, wantFallback, a.Channels)
		}
		if a.State != "delivered" {
			s.t.Errorf("alert %s (%s) is %s", a.ID, a.Rule, a.State)
		}
	}
	for _, c := range slices.Concat(teams, fallback) {
		if len(c.names) == 0 {
			s.t.Errorf("message %d on %s names no entry of the ledger: %q", c.number, c.channel, c.texts)
		}
	}
	s.t.Logf("%d alerts, %d cards, %d messages on the fallback channel", len(alerts), len(teams), len(fallback))
}

// toldAtLeastOnce fails the test unless each alert is on every channel that it was routed to. It asks
// the channels, not the ledger.
func (s *stack) toldAtLeastOnce() {
	s.t.Helper()
	alerts, repeats := s.alerts(), 0
	channels := map[string][]arrival{"teams": s.teams(), "fallback": s.fallback()}
	for _, a := range alerts {
		reached := 0
		for name, list := range channels {
			came := len(about(list, entry{a.Stream, a.Sequence}))
			repeats += max(0, came-1)
			if came > 0 {
				reached++
			} else if a.Severity == "critical" {
				s.t.Errorf("critical alert %s (%s) never came to %s; the ledger says %+v", a.ID, a.Rule, name, a.channel(name))
			}
		}
		if reached == 0 || a.State != "delivered" {
			s.t.Errorf("alert %s (%s) came to %d channels and is %s", a.ID, a.Rule, reached, a.State)
		}
	}
	s.t.Logf("%d alerts, %d cards, %d messages on the fallback channel, %d repeats",
		len(alerts), len(channels["teams"]), len(channels["fallback"]), repeats)
}

func TestSameBatchFiveTimes(t *testing.T) {
	s := start(t, options{})
	o := s.trouble(16)
	for range 5 {
		if err := s.deliver(t.Context(), o.messages...); err != nil {
			t.Fatal(err)
		}
	}
	s.recorded(o)
	s.toldOnce()
	s.verify()
}

func TestOverlappingBatches(t *testing.T) {
	s := start(t, options{})
	o := s.trouble(32)
	for first := 0; first < len(o.messages); first += 4 { // each message comes in up to four batches
		if err := s.deliver(t.Context(), o.messages[first:min(first+16, len(o.messages))]...); err != nil {
			t.Fatal(err)
		}
	}
	s.recorded(o)
	s.toldOnce()
	s.verify()
}

func TestFourProcessesAtOnce(t *testing.T) {
	all := siblings(t, 4, options{})
	first := all[0]
	o := first.trouble(48)
	began := time.Now()
	var work sync.WaitGroup
	for n, s := range all {
		work.Go(func() {
			dice := rand.New(rand.NewPCG(shared.seed, uint64(n)))
			for range 3 {
				for _, at := range dice.Perm(6) { // the same six batches for each process, in an order of its own
					if err := s.deliver(t.Context(), o.messages[at*8:at*8+8]...); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	work.Wait()
	t.Logf("four processes took the same 48 messages three times each in %s", time.Since(began).Round(time.Millisecond))
	first.recorded(o)
	first.toldOnce()
	first.verify()
}
