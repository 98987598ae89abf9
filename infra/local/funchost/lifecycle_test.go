package funchost_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/funchost"
)

func TestAnswersWithoutBodyHangUntilTheTimeout(t *testing.T) {
	for _, mode := range []string{"empty", "nothing", "null", "slow"} {
		t.Run(mode, func(t *testing.T) {
			h := startHub(t)
			appendEvents(t, h, "1")
			const limit = 700 * time.Millisecond
			began := time.Now()
			host, out := startHost(t, funchost.Options{
				Root: appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)}), FunctionTimeout: limit,
				Settings: hubSettings(t, h, map[string]string{"MODE": mode, "TIMES": "1"}),
			})
			waitIdle(t, host)
			if took := time.Since(began); took < limit {
				t.Errorf("the invocation ended after %s, want it to hang for %s", took, limit)
			}
			if diff := cmp.Diff([]string{"1", "1"}, out.events(t, 2)[:2]); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			// More than one kill on a machine so busy that the restart itself takes that long.
			if s := host.Stats().Instances["watch"]; s.Killed == 0 || s.Crashes != 0 || s.Starts != s.Killed+1 {
				t.Errorf("stats %+v, want one kill that is not held against the handler", s)
			}
			// Not the last failure: a call that meets the restart may fail after it.
			if !strings.Contains(out.String(), "exceeded by function watch") {
				t.Error("the host does not name the timeout")
			}
		})
	}
}

func TestThreeCrashesRecycleTheInstance(t *testing.T) {
	h := startHub(t)
	appendEvents(t, h, "1")
	host, out := startHost(t, funchost.Options{
		Root:     appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)}),
		Settings: hubSettings(t, h, map[string]string{"MODE": "exit3", "TIMES": "4"}),
	})
	waitIdle(t, host)
	if diff := cmp.Diff([]string{"1", "1", "1", "1", "1"}, out.events(t, 5)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s := host.Stats().Instances["watch"]; s.Recycles != 1 || s.Crashes != 4 || s.Starts != 5 {
		t.Errorf("stats %+v, want a recycle after the third of four crashes", s)
	}
	if !strings.Contains(out.String(), "starts anew") {
		t.Error("the recycle is not printed")
	}
}

func TestCrashesFarApartDoNotRecycle(t *testing.T) {
	host, _ := startHost(t, funchost.Options{
		Root:    appRoot(t, hostJSON, map[string]string{"tick": timed("0 0 0 1 1 *", "")}),
		Divisor: 18000, // 30 minutes become 100 ms
	})
	for range 5 {
		starts := host.Stats().Instances["tick"].Starts
		if err := host.Kill("tick"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the handler is back", func() bool {
			s := host.Stats().Instances["tick"]
			return s.Starts > starts && s.PID != 0
		})
		time.Sleep(150 * time.Millisecond)
	}
	if s := host.Stats().Instances["tick"]; s.Recycles != 0 || s.Crashes != 5 {
		t.Errorf("stats %+v", s)
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		name, mode            string
		starts, crashes, seen int
		answered              bool
	}{
		{"0 is never restarted and later calls are refused", "exit0", 1, 0, 1, false},
		{"200 is restarted freely", "exit200", 5, 0, 5, true},
		{"any other is counted", "exit1", 3, 2, 3, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			times := "4"
			if test.mode == "exit1" {
				times = "2"
			}
			host, out := startHost(t, funchost.Options{
				Root:       appRoot(t, hostJSON, map[string]string{"tick": timed("0 0 0 1 1 *", "")}),
				TimerEvery: map[string]time.Duration{"tick": 0},
				Settings:   map[string]string{"MODE": test.mode, "TIMES": times},
			})
			var err error
			for range 5 {
				starts := host.Stats().Instances["tick"].Starts
				if err = host.Fire(t.Context(), "tick"); err == nil {
					break
				}
				eventually(t, "the exit is noticed", func() bool {
					return host.Stats().Instances["tick"].Starts > starts || strings.Contains(out.String(), "exited with code 0")
				})
			}
			if (err == nil) != test.answered {
				t.Errorf("the last call ended with %v", err)
			}
			s, seen := host.Stats().Instances["tick"], len(out.requests(t, test.seen))
			if s.Starts != test.starts || s.Crashes != test.crashes || seen != test.seen {
				t.Errorf("starts %d, crashes %d, requests %d; want %d, %d, %d", s.Starts, s.Crashes, seen, test.starts, test.crashes, test.seen)
			}
		})
	}
}

func TestAHandlerThatDiesAtStartIsRecycledUntilTheCallerGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &transcript{}
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() {
		defer cancel()
		eventually(t, "the recycle is printed", func() bool { return strings.Contains(out.String(), "starts anew") })
	})
	_, err := funchost.Start(ctx, funchost.Options{
		Root:     appRoot(t, hostJSON, map[string]string{"tick": timed("0 0 0 1 1 *", "")}),
		Settings: map[string]string{"MODE": "dies"}, Divisor: 100, Output: out,
	})
	if err == nil || !strings.Contains(err.Error(), "tick") {
		t.Errorf("start ended with %v, want the function named", err)
	}
	if !strings.Contains(out.String(), "exit code 4), 3 of 3") {
		t.Errorf("no recycle after three deaths:\n%s", out)
	}
}

func TestAHandlerThatListensTooLateCountsAsACrash(t *testing.T) {
	hasty := strings.Replace(hostJSON, `"enableProxying`, `"initializationTimeout":"00:00:00.2","enableProxying`, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	out := &transcript{}
	host, err := funchost.Start(ctx, funchost.Options{
		Root:     appRoot(t, hasty, map[string]string{"tick": timed("0 0 0 1 1 *", "")}),
		Settings: map[string]string{"STARTS_AFTER": "1s"}, Divisor: 100, Output: out,
	})
	if err == nil {
		host.Stop()
		t.Fatal("a handler that listens after a second was ready within 0.2 s")
	}
	if !strings.Contains(out.String(), "does not listen") {
		t.Errorf("the reason is not printed:\n%s", out)
	}
}

func TestStandardErrorIsCounted(t *testing.T) {
	host, out := startHost(t, funchost.Options{
		Root:       appRoot(t, hostJSON, map[string]string{"tick": timed("0 0 0 1 1 *", "")}),
		TimerEvery: map[string]time.Duration{"tick": 0},
		Settings:   map[string]string{"MODE": "stderr", "TIMES": "1"},
	})
	if err := host.Fire(t.Context(), "tick"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both lines are counted", func() bool { return host.Stats().Instances["tick"].StderrLines == 2 })
	if !strings.Contains(out.String(), "[tick stderr] one\n[tick stderr] two\n") {
		t.Errorf("the lines are not passed on:\n%s", out)
	}
}

func TestTimersFireAndCarryTheirState(t *testing.T) {
	checkpoints, err := funchost.NewCheckpoints("")
	if err != nil {
		t.Fatal(err)
	}
	root := appRoot(t, hostJSON, map[string]string{
		"daily":  timed("0 0 6 * * *", ""),
		"often":  timed("* * * * * *", ""),
		"atOnce": timed("0 0 6 * * *", `,"runOnStartup":true,"useMonitor":false`),
	})
	host, out := startHost(t, funchost.Options{Root: root, Checkpoints: checkpoints, TimerEvery: map[string]time.Duration{"atOnce": 0}})
	for range 2 {
		if err := host.Fire(t.Context(), "daily"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the schedule fires", func() bool { return host.Stats().Functions["often"].Invocations > 0 })
	eventually(t, "the one at start-up ran", func() bool { return host.Stats().Functions["atOnce"].Invocations == 1 })
	var daily []string
	for _, r := range out.requests(t, 4) {
		switch r.URI {
		case "/daily":
			daily = append(daily, r.Body)
		default:
			if !strings.Contains(r.Body, `"ScheduleStatus":null`) {
				t.Errorf("%s: %s, want no status without a monitor", r.URI, r.Body)
			}
		}
	}
	if len(daily) != 2 || !strings.Contains(daily[0], `"Last":"0001-01-01T00:00:00+00:00"`) || strings.Contains(daily[1], "0001-01-01") {
		t.Errorf("bodies of two runs: %q; want the zero dates in the first only", daily)
	}
	if _, err := host.Invoke(t.Context(), "nobody", nil); err == nil {
		t.Error("a function that does not exist can be invoked")
	}
	answer, err := host.Invoke(t.Context(), "daily", []byte("not an envelope"))
	if err != nil || answer.Status != 200 || len(answer.Body) == 0 {
		t.Errorf("raw invocation: %+v, %v", answer, err)
	}
}
