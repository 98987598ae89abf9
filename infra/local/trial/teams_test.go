//go:build unix

package trial_test

import (
	"fmt"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

const (
	atOnce = 5 * time.Second
	// acknowledgeWithin is ten seconds for the sending and fifteen for the receipts (design 5.4).
	acknowledgeWithin = 25 * time.Second
)

// teamsTrouble is one way in which Teams fails, and the two alerts that it fails for.
type teamsTrouble struct {
	fault    teamspage.Fault
	critical sample.Person // signs in
	high     sample.Person // is tried with a wrong password
	first    state         // how the critical alert stood with Teams right after the first try
}

func teamsTroubles() []teamsTrouble {
	return []teamsTrouble{
		{fault: teamspage.Fault{Mode: teamspage.Broken}, first: state{State: "owed", Attempts: 1, Status: 500}},
		{fault: teamspage.Fault{Mode: teamspage.Throttled, RetryAfter: 4 * time.Second}, first: state{State: "owed", Attempts: 1, Status: 429}},
		{fault: teamspage.Fault{Mode: teamspage.Reset}, first: state{State: "owed", Attempts: 1}},
		{fault: teamspage.Fault{Mode: teamspage.Lost}, first: state{State: "owed", Attempts: 1}},
		{fault: teamspage.Fault{Mode: teamspage.Half}, first: state{State: "owed", Attempts: 1}},
		{fault: teamspage.Fault{Mode: teamspage.Hang}, first: state{State: "owed", Attempts: 1}},
		{fault: teamspage.Fault{Mode: teamspage.Gone}, first: state{State: "refused", Attempts: 1, Status: 404}},
		{fault: teamspage.Fault{Mode: teamspage.Well}, first: state{State: "delivered", Attempts: 1, Status: 202}},
	}
}

// people invents accounts beyond the three of the sample tenant.
func people(g *sample.Generator, n int) []sample.Person {
	list := make([]sample.Person, n)
	for i := range list {
		list[i] = sample.Person{
			ID: g.GUID(), Name: fmt.Sprintf("Emergency access %d", i), UPN: fmt.Sprintf("bg-%02d@%s", i, g.Tenant.Domain),
			Place: g.Tenant.Places[0], Device: g.Tenant.BreakGlass[0].Device,
		}
	}
	return list
}

func TestTroubledTeams(t *testing.T) {
	t.Parallel() // half of it is waiting
	troubles := teamsTroubles()
	watched := people(sample.New(shared.seed), 2*len(troubles))
	s := start(t, options{accounts: watched})
	for n := range troubles {
		x := &troubles[n]
		x.critical, x.high = watched[2*n], watched[2*n+1]
		s.page.SetFault(teamspage.Teams, x.fault)
		s.strain(x)
		switch x.fault.Mode {
		case teamspage.Broken:
			s.secondFailure(x)
		case teamspage.Throttled:
			s.leftAlone(x)
		default: // nothing more to see before recovery
		}
	}
	s.page.SetFault(teamspage.Teams, teamspage.Fault{})
	took := s.settle(3 * time.Minute)
	t.Logf("after recovery nothing was owed after %s", took.Round(time.Second))
	for _, x := range troubles {
		s.recovered(x)
	}
	s.verify()
}

// strain lets both things happen while Teams is in trouble, and looks at what was done at once.
func (s *stack) strain(x *teamsTrouble) {
	s.t.Helper()
	mode := x.fault.Mode
	began := time.Now()
	s.send("0", sample.Message(
		s.sample.SignIn(sample.SignIn{Who: x.critical, From: s.sample.Stranger(), Policies: 2}),
		s.sample.SignIn(sample.SignIn{Who: x.high, From: s.sample.Stranger(), Code: 50126, Policies: 2, Methods: []string{"Password"}}),
	))
	critical, high := entry{"account-" + x.critical.ID, 1}, entry{"account-" + x.high.ID, 1}
	s.until(fmt.Sprintf("the critical alert on the fallback channel while Teams is %s", mode), 20*time.Second, func() bool {
		return len(about(s.fallback(), critical)) > 0
	})
	onFallback := about(s.fallback(), critical)[0].at.Sub(began)
	s.handled(acknowledgeWithin + 10*time.Second)
	acknowledged := time.Since(began)
	s.t.Logf("Teams %-9s: on the fallback channel after %s, acknowledged after %s", mode, onFallback.Round(time.Millisecond), acknowledged.Round(time.Millisecond))
	if onFallback > atOnce {
		s.t.Errorf("Teams %s: the critical alert was on the fallback channel only after %s", mode, onFallback)
	}
	if acknowledged > acknowledgeWithin {
		s.t.Errorf("Teams %s: the batch was acknowledged only after %s", mode, acknowledged)
	}
	got := s.alert(critical).channel("teams")
	if got.State != x.first.State || got.Attempts != x.first.Attempts || got.Status != x.first.Status || (got.Error == "") != (mode == teamspage.Well) {
		s.t.Errorf("Teams %s: the alert stands with Teams as %+v, want %+v with an error in words", mode, got, x.first)
	}
	if want := mode == teamspage.Gone; (len(about(s.fallback(), high)) == 1) != want {
		s.t.Errorf("Teams %s: that the high alert is on the fallback channel at once should be %v", mode, want)
	}
}

// secondFailure sweeps after the first back-off: after two failures an alert that is not critical
// goes to the fallback channel.
func (s *stack) secondFailure(x *teamsTrouble) {
	s.t.Helper()
	high := entry{"account-" + x.high.ID, 1}
	s.until("the high alert on the fallback channel after the second failure", time.Minute, func() bool {
		if err := s.fire(); err != nil {
			s.t.Errorf("keepwatch: %v", err)
		}
		return len(about(s.fallback(), high)) == 1
	})
	if got := s.alert(high); got.State != "delivered" || got.channel("teams").Attempts != 2 || got.channel("fallback").State != "delivered" {
		s.t.Errorf("after two failures the high alert stands as %+v", got)
	}
}

// leftAlone sweeps at once: a channel that asked for time gets it.
func (s *stack) leftAlone(x *teamsTrouble) {
	s.t.Helper()
	if err := s.fire(); err != nil {
		s.t.Errorf("keepwatch: %v", err)
	}
	if got := s.alert(entry{"account-" + x.critical.ID, 1}).channel("teams"); got.Attempts != 1 {
		s.t.Errorf("Teams asked to be left alone for %s and was tried %d times", x.fault.RetryAfter, got.Attempts)
	}
}

// recovered looks at one trouble's alerts after everything owed was delivered.
func (s *stack) recovered(x teamsTrouble) {
	s.t.Helper()
	critical, high := entry{"account-" + x.critical.ID, 1}, entry{"account-" + x.high.ID, 1}
	want := 1
	switch x.fault.Mode {
	case teamspage.Gone:
		want = 0 // a channel that is gone is not tried again
		if got := s.alert(critical).channel("teams"); got.State != "refused" || got.Attempts != 1 {
			s.t.Errorf("after 404 the alert stands with Teams as %+v, want refused at the first try", got)
		}
	case teamspage.Lost, teamspage.Half:
		want = 2 // the one without an answer, and the one with
	default:
	}
	if n := len(about(s.teams(), critical)); n != want {
		s.t.Errorf("Teams %s: in the end it holds the critical alert %d times instead of %d", x.fault.Mode, n, want)
	}
	if n := len(about(s.fallback(), critical)); n != 1 {
		s.t.Errorf("Teams %s: in the end the fallback channel holds the critical alert %d times", x.fault.Mode, n)
	}
	if len(about(s.teams(), high))+len(about(s.fallback(), high)) == 0 {
		s.t.Errorf("Teams %s: the high alert is nowhere", x.fault.Mode)
	}
}

// alert finds the alert of an entry.
func (s *stack) alert(e entry) owing {
	s.t.Helper()
	for _, a := range s.alerts() {
		if a.Stream == e.stream && a.Sequence == e.sequence {
			return a
		}
	}
	s.t.Errorf("there is no alert for %s#%d", e.stream, e.sequence)
	return owing{}
}
