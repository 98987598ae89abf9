//go:build unix

package trial_test

import (
	"maps"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/teamspage"
)

// siblings starts n stacks with the settings of the first: the same accounts, tables and channels.
func siblings(t *testing.T, n int, first options) []*stack {
	t.Helper()
	all := []*stack{start(t, first)}
	same := map[string]string{}
	for _, name := range []string{
		"BREAK_GLASS_ACCOUNTS", "EVIDENCE_TABLES", "TEAMS_WEBHOOK_URL", "FALLBACK_WEBHOOK_URL", "FALLBACK_WEBHOOK_SECRET", "LINK_SIGNING_KEYS",
	} {
		same[name] = all[0].settings[name]
	}
	for range n - 1 {
		all = append(all, start(t, options{settings: same}))
	}
	return all
}

// sweepAll runs keepwatch of all stacks at the same time.
func sweepAll(t *testing.T, all []*stack) {
	var work sync.WaitGroup
	for _, s := range all {
		work.Go(func() {
			if err := s.fire(); err != nil {
				t.Errorf("keepwatch: %v", err)
			}
		})
	}
	work.Wait()
}

// Sweeps that run while an alert is being sent, and beside one another, send nothing that another
// is sending: not while a slow channel takes what was just recorded, and not what all find owed.
func TestSweepsAtOnce(t *testing.T) {
	all := siblings(t, 3, options{adjust: func(s *stack) {
		slow := between(t, hostOf(t, s.page.WebhookURL()), toxic{latency: 300 * time.Millisecond})
		for _, name := range []string{"TEAMS_WEBHOOK_URL", "FALLBACK_WEBHOOK_URL"} {
			s.settings[name] = slow.through(s.settings[name])
		}
	}})
	first := all[0]
	sweepAll(t, all) // the weekly test of the fallback channel is told now, and not in between
	o := first.trouble(12)
	sent := make(chan error, 1)
	go func() { sent <- first.deliver(t.Context(), o.messages...) }()
	for sending := true; sending; {
		select {
		case err := <-sent:
			if err != nil {
				t.Fatal(err)
			}
			sending = false
		default:
			sweepAll(t, all)
		}
	}
	first.recorded(o)
	first.toldOnce()

	first.page.SetFault(teamspage.Teams, teamspage.Fault{Mode: teamspage.Broken})
	later := first.trouble(12)
	maps.Copy(o.wanted, later.wanted)
	if err := first.deliver(t.Context(), later.messages...); err != nil {
		t.Fatal(err)
	}
	owed := len(first.alerts("--owed"))
	if owed == 0 {
		t.Error("nothing is owed although Teams took nothing")
	}
	first.page.SetFault(teamspage.Teams, teamspage.Fault{})
	time.Sleep(2500 * time.Millisecond) // the first back-off
	sweepAll(t, all)
	first.settle(2 * time.Minute)
	t.Logf("%d alerts were owed when three sweeps began at the same time", owed)
	first.recorded(o)
	first.toldOnce()
	first.verify()
}
