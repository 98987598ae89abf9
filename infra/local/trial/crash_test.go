//go:build unix

package trial_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/teamspage"
)

const (
	crashDivisor = 100
	settleWithin = 4 * time.Minute
	// tolerance is how far a kill and an arrival may lie apart in our notes although one came after
	// the other: the page notes an arrival a moment before the sender learns of it.
	tolerance = 50 * time.Millisecond
	// flight is how long after its arrival a message may still be without its receipt.
	flight = 2 * time.Second
)

// killing is the part of the test that kills, and notes when it did.
type killing struct {
	s     *stack
	dice  *rand.Rand
	kills []time.Time
	who   map[string]int
}

// strike waits a random time and kills a process; now and then a channel loses an answer too. Some
// waits are long, so that there are messages whose coming again no crash could explain.
func (k *killing) strike(n int) {
	wait := time.Duration(k.dice.IntN(400)) * time.Millisecond
	if n%5 == 4 {
		wait += flight + 500*time.Millisecond
	}
	time.Sleep(wait)
	victim := "watchlogs"
	if n%6 == 5 {
		victim = "keepwatch"
	}
	switch k.dice.IntN(8) {
	case 0:
		k.s.page.SetFault(teamspage.Teams, teamspage.Fault{Mode: teamspage.Lost, Times: 1})
	case 1:
		k.s.page.SetFault(teamspage.Fallback, teamspage.Fault{Mode: teamspage.Half, Times: 1})
	}
	for k.s.host.Kill(victim) != nil { // it is being started anew
		time.Sleep(5 * time.Millisecond)
	}
	k.kills = append(k.kills, time.Now())
	k.who[victim]++
}

// strikeSweep kills keepwatch once more, as soon as a channel has what the crashes have left owed
// and before the receipt of it can be written: others must then wait until its claim has lapsed.
func (k *killing) strikeSweep() {
	time.Sleep(32*time.Second - time.Since(k.kills[len(k.kills)-1])) // it leaves new alerts alone for 30 s
	left := len(k.s.alerts("--owed"))
	before := len(k.s.page.Cards())
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		_ = k.s.fire() // it is killed in the middle
	}()
	for range 10_000 {
		if len(k.s.page.Cards()) > before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if k.s.host.Kill("keepwatch") == nil {
		k.kills = append(k.kills, time.Now())
		k.who["keepwatch"]++
	}
	<-swept
	k.s.t.Logf("the crashes left %d alerts owed; %d still are after a sweep that was killed", left, len(k.s.alerts("--owed")))
}

// killsAsked is GLASSWATCH_CRASH_KILLS, or thirty.
func killsAsked(t *testing.T) int {
	t.Helper()
	text := os.Getenv("GLASSWATCH_CRASH_KILLS")
	if text == "" {
		return 30
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GLASSWATCH_CRASH_KILLS is %q: set it to a number of kills", text)
	}
	return n
}

func TestCrash(t *testing.T) {
	t.Parallel() // the end of it is mostly waiting
	s := start(t, options{divisor: crashDivisor})
	k := killing{s: s, dice: rand.New(rand.NewPCG(shared.seed, 1)), who: map[string]int{}}
	o := ordeal{wanted: map[string][]string{}}
	stop := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() { s.load(t.Context(), &o, stop) })
	load.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
				_ = s.fire() // it may be killed in the middle
			}
		}
	})
	began := time.Now()
	for n := range killsAsked(t) {
		k.strike(n)
	}
	close(stop)
	load.Wait()
	killedFor := time.Since(began)
	s.page.SetFault(teamspage.Teams, teamspage.Fault{})
	s.page.SetFault(teamspage.Fallback, teamspage.Fault{})
	s.handled(2 * time.Minute)
	k.strikeSweep()
	took := s.settle(settleWithin)
	t.Logf("%d kills in %s (%v), then nothing owed after %s", len(k.kills), killedFor.Round(time.Second), k.who, took.Round(time.Second))
	if lost := s.host.Stats().Functions["watchlogs"].Lost; lost > 0 {
		t.Errorf("%d batches were given up by the host", lost)
	}
	s.recorded(o)
	k.told()
	s.verify()
}

// load sends messages about the accounts as fast as they are worth something: the hub always holds
// some that are still to be handled, and now and then one comes twice.
func (s *stack) load(ctx context.Context, o *ordeal, stop <-chan struct{}) {
	dice := rand.New(rand.NewPCG(shared.seed, 2))
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(20+dice.IntN(60)) * time.Millisecond):
		}
		o.add(s, n)
		message := o.messages[len(o.messages)-1]
		send := func() error {
			return shared.hub.Append(ctx, hubName(s.number), strconv.Itoa(dice.IntN(partitions)), time.Time{}, message)
		}
		err := send()
		if err == nil && dice.IntN(8) == 0 {
			err = send()
		}
		if err != nil {
			s.t.Errorf("send to the hub: %v", err)
			return
		}
	}
}

// told fails the test unless each alert came again only where a crash or a lost answer explains it:
// each of them at most once.
func (k *killing) told() {
	s := k.s
	s.t.Helper()
	s.toldAtLeastOnce()
	channels := map[string][]arrival{"teams": s.teams(), "fallback": s.fallback()}
	for _, a := range s.alerts() {
		for name, list := range channels {
			came := about(list, entry{a.Stream, a.Sequence})
			if why := k.unexplained(came); why != "" {
				s.t.Errorf("alert %s (%s) came to %s %d times: %s", a.ID, a.Rule, name, len(came), why)
			}
		}
	}
	if unrecorded := saying(slices.Concat(channels["teams"], channels["fallback"]), notRecorded); len(unrecorded) > 0 {
		s.t.Logf("%d alarms before recording", len(unrecorded))
	}
}

// unexplained says which repeat came although no answer was lost and no kill fell into the time
// between the arrival before and its receipt.
func (k *killing) unexplained(came []arrival) string {
	for n := 1; n < len(came); n++ {
		before, again := came[n-1], came[n]
		between := func(kill time.Time) bool {
			return kill.After(before.at.Add(-tolerance)) && kill.Before(again.at.Add(tolerance)) && kill.Before(before.at.Add(flight))
		}
		if !before.lost && !slices.ContainsFunc(k.kills, between) {
			return fmt.Sprintf("at %s and at %s, with no kill soon after the first", before.at.Format("15:04:05.000"), again.at.Format("15:04:05.000"))
		}
	}
	return ""
}
