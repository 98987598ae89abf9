package alert_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// channel answers as the test says, and remembers what it was asked to show.
type channel struct {
	name   string
	answer func(ctx context.Context, m alert.Message) error

	lock sync.Mutex
	sent []string
}

func (c *channel) Name() string { return c.name }

func (c *channel) Send(ctx context.Context, m alert.Message) (int, error) {
	c.lock.Lock()
	c.sent = append(c.sent, m.Headline)
	c.lock.Unlock()
	if c.answer == nil {
		return 202, nil
	}
	return 0, c.answer(ctx, m)
}

func owing(now time.Time, channels []string, severities ...detect.Severity) []*alert.Alert {
	var alerts []*alert.Alert
	for n, severity := range severities {
		m := alert.Message{ID: fmt.Sprint("tenant-", n+1), Severity: severity, Headline: fmt.Sprint(severity, " ", n+1), Stream: "tenant", Sequence: uint64(n + 1)}
		states, insistent := alert.Route(m, channels, false)
		alerts = append(alerts, &alert.Alert{ID: m.ID, Message: m, OwedAt: now.Add(time.Duration(n) * time.Second), Channels: states, Insistent: insistent})
	}
	return alerts
}

func answers(err error) func(context.Context, alert.Message) error {
	return func(context.Context, alert.Message) error { return err }
}

func hangs(ctx context.Context, _ alert.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

var bothChannels = []string{alert.ChannelTeams, alert.ChannelFallback}

func TestSend(t *testing.T) {
	refused, trouble := &alert.Refusal{Status: 404, Reason: "gone"}, errors.New("connection reset")
	for _, test := range []struct {
		name          string
		severity      detect.Severity
		teams         func(context.Context, alert.Message) error
		fallback      func(context.Context, alert.Message) error
		fallbackTried int
		told, done    bool
	}{
		{"critical goes to both", detect.Critical, nil, nil, 1, true, true},
		{"high goes to Teams only", detect.High, nil, nil, 0, true, true},
		{"high falls back at once when Teams refuses for good", detect.High, answers(refused), nil, 1, true, true},
		{"high waits when Teams has trouble", detect.High, answers(trouble), nil, 0, false, false},
		{"critical stays owed to a channel in trouble", detect.Critical, answers(trouble), nil, 1, true, false},
		{"critical is done when one took it and the other refused for good", detect.Critical, answers(refused), nil, 1, true, true},
		{"refused by all is never done", detect.Critical, answers(refused), answers(refused), 1, false, false},
		{"Teams hangs", detect.Critical, hangs, nil, 1, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				teams, fallback := &channel{name: alert.ChannelTeams, answer: test.teams}, &channel{name: alert.ChannelFallback, answer: test.fallback}
				d := alert.NewDispatcher([]alert.Sender{teams, fallback}, time.Now)
				alerts := owing(time.Now(), bothChannels, test.severity)
				start := time.Now()
				d.Send(t.Context(), alerts)
				if took := time.Since(start); took > alert.SendFor {
					t.Errorf("took %s", took)
				}
				if len(teams.sent) != 1 || len(fallback.sent) != test.fallbackTried {
					t.Errorf("Teams tried %d times, the fallback %d times; want 1 and %d", len(teams.sent), len(fallback.sent), test.fallbackTried)
				}
				if alerts[0].Told() != test.told || alerts[0].Done() != test.done {
					t.Errorf("told %v done %v, want %v %v: %+v", alerts[0].Told(), alerts[0].Done(), test.told, test.done, alerts[0].Channels)
				}
			})
		})
	}
}

func TestTheFallbackStepsInAfterTwoFailuresOrAMinute(t *testing.T) {
	trouble := alert.Attempt{AlertID: "tenant-1", Channel: alert.ChannelTeams, Failure: "reset"}
	for _, test := range []struct {
		name     string
		failures int
		after    time.Duration
		want     bool
	}{
		{"one failure", 1, 10 * time.Second, false},
		{"two failures", 2, 10 * time.Second, true},
		{"a minute", 0, time.Minute, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := owing(noon, bothChannels, detect.High)[0]
			for range test.failures {
				trouble.At = noon
				a.Apply(trouble)
			}
			if got := slices.Contains(a.Due(noon.Add(test.after)), alert.ChannelFallback); got != test.want {
				t.Errorf("fallback due %v, want %v", got, test.want)
			}
		})
	}
}

func TestTheFallbackStaysOutWhenTeamsTakesTheAlertAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trouble := errors.New("connection reset")
		teams := &channel{name: alert.ChannelTeams, answer: func(context.Context, alert.Message) error { return trouble }}
		fallback := &channel{name: alert.ChannelFallback}
		d := alert.NewDispatcher([]alert.Sender{teams, fallback}, time.Now)
		alerts := owing(time.Now(), bothChannels, detect.High)
		d.Send(t.Context(), alerts)
		trouble = nil
		time.Sleep(5 * time.Second)
		d.Send(t.Context(), alerts) // the second try, and it is taken
		if len(teams.sent) != 2 || len(fallback.sent) != 0 || !alerts[0].Done() {
			t.Errorf("Teams was tried %d times and the fallback %d times, done: %v", len(teams.sent), len(fallback.sent), alerts[0].Done())
		}
		time.Sleep(time.Hour)
		if made := d.Send(t.Context(), alerts); len(made) != 0 {
			t.Errorf("an hour after its delivery it was sent again: %+v", made)
		}
	})
}

func TestRetriesWaitAsAskedAndNeverBeyondAMinute(t *testing.T) {
	a := owing(noon, []string{alert.ChannelTeams}, detect.Critical)[0]
	a.Apply(alert.Attempt{AlertID: a.ID, Channel: alert.ChannelTeams, At: noon, Failure: "429", Wait: 30 * time.Second})
	if len(a.Due(noon.Add(29*time.Second))) != 0 || len(a.Due(noon.Add(30*time.Second))) != 1 {
		t.Errorf("not tried when the channel asked: %+v", a.Channels)
	}
	for range 40 {
		a.Apply(alert.Attempt{AlertID: a.ID, Channel: alert.ChannelTeams, At: noon, Failure: "reset"})
	}
	if len(a.Due(noon.Add(time.Minute))) != 1 {
		t.Errorf("not tried after a minute: %+v", a.Channels)
	}
	if a.Done() {
		t.Error("forty failures end what is owed")
	}
}

func TestARefusalIsNotRetriedWhileAnotherChannelMayTakeIt(t *testing.T) {
	a := owing(noon, bothChannels, detect.Critical)[0]
	a.Apply(alert.Attempt{AlertID: a.ID, Channel: alert.ChannelTeams, At: noon, Failure: "gone", Refused: true})
	if slices.Contains(a.Due(noon.Add(24*time.Hour)), alert.ChannelTeams) {
		t.Error("a refusal is retried although the fallback may still take the alert")
	}
}

func TestBeyondTenTheRestGoesAsOneMessageTheWorstFirst(t *testing.T) {
	teams := &channel{name: alert.ChannelTeams}
	d := alert.NewDispatcher([]alert.Sender{teams}, func() time.Time { return noon })
	severities := slices.Repeat([]detect.Severity{detect.Medium}, 30)
	severities = append(severities, detect.Critical)
	alerts := owing(noon.Add(-time.Hour), []string{alert.ChannelTeams}, severities...)
	attempts := d.Send(t.Context(), alerts)
	if len(teams.sent) != 11 {
		t.Fatalf("%d messages for 31 alerts, want 11", len(teams.sent))
	}
	if !slices.Contains(teams.sent[:10], "critical 31") {
		t.Errorf("the critical alert is not among the single messages: %v", teams.sent)
	}
	if len(attempts) != 31 {
		t.Errorf("%d attempts reported for 31 alerts", len(attempts))
	}
	for _, a := range alerts {
		if !a.Done() {
			t.Errorf("%s is still owed", a.ID)
		}
	}
}

func TestAskedToWaitACriticalAlertIsStillSent(t *testing.T) {
	teams := &channel{name: alert.ChannelTeams, answer: func(_ context.Context, m alert.Message) error {
		if m.Severity == detect.Critical {
			return nil
		}
		return &alert.Later{After: time.Minute, Status: 429, Reason: "busy"}
	}}
	d := alert.NewDispatcher([]alert.Sender{teams}, func() time.Time { return noon })
	alerts := owing(noon.Add(-time.Hour), []string{alert.ChannelTeams}, detect.Medium, detect.Critical)
	d.Send(t.Context(), alerts)
	if alerts[0].Done() || !alerts[1].Done() {
		t.Errorf("medium done %v, critical done %v", alerts[0].Done(), alerts[1].Done())
	}
}
