package siren_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/siren"
)

// rules judges by the outcome alone.
type rules struct{}

func (rules) Judge(e breakglass.Event, h detect.History) (detect.Verdict, detect.History) {
	v := detect.Verdict{HeadlineRule: "signin-failed", Severity: detect.High, Headline: "failed"}
	switch e.Outcome {
	case breakglass.OutcomeSuccess:
		v = detect.Verdict{HeadlineRule: "signin-success", Severity: detect.Critical, Headline: "succeeded"}
	case breakglass.OutcomeNone:
		v = detect.Verdict{HeadlineRule: "token-expired", Severity: detect.Info}
	case breakglass.OutcomeFailure, breakglass.OutcomeInterrupted, breakglass.OutcomeBlocked:
	}
	return v, h
}

type words struct{}

func (words) Describe(account string, _ breakglass.Event, v detect.Verdict) alert.Message {
	return alert.Message{Account: account, Rule: v.HeadlineRule, Severity: v.Severity, Headline: v.Headline}
}

// channel takes messages unless it is down.
type channel struct {
	down bool
	took []alert.Message
}

func (c *channel) Channels() []string { return []string{alert.ChannelTeams, alert.ChannelFallback} }

func (c *channel) Send(_ context.Context, alerts []*alert.Alert) []alert.Attempt {
	var attempts []alert.Attempt
	for _, a := range alerts {
		for _, name := range a.Due(a.OwedAt) {
			t := alert.Attempt{AlertID: a.ID, Channel: name, At: a.OwedAt}
			if c.down {
				t.Failure = "down"
			}
			a.Apply(t)
			attempts = append(attempts, t)
		}
		if !c.down {
			c.took = append(c.took, a.Message)
		}
	}
	return attempts
}

type bench struct {
	*siren.Siren
	channel *channel
	now     time.Time
}

func newBench() *bench {
	b := &bench{channel: &channel{}, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	b.Siren = siren.New(rules{}, words{}, b.channel, func() time.Time { return b.now })
	return b
}

func events(outcome breakglass.Outcome, account string, count int) []breakglass.Event {
	var list []breakglass.Event
	for n := range count {
		list = append(list, breakglass.Event{ID: fmt.Sprint(outcome, account, n), Account: account, Outcome: outcome})
	}
	return list
}

func TestOneAlarmPerAccountAndRuleInAQuarterOfAnHour(t *testing.T) {
	b := newBench()
	b.Raise(t.Context(), events(breakglass.OutcomeFailure, "a", 10_000), "not yet recorded")
	if len(b.channel.took) != 1 {
		t.Fatalf("%d alarms for 10,000 failures, want 1", len(b.channel.took))
	}
	if m := b.channel.took[0]; m.Mark != "not yet recorded" || m.Witness() != "unrecorded" {
		t.Errorf("the alarm is marked %q and its witness is %q", m.Mark, m.Witness())
	}
	b.Raise(t.Context(), events(breakglass.OutcomeSuccess, "a", 1), "")
	b.Raise(t.Context(), events(breakglass.OutcomeFailure, "b", 1), "")
	if len(b.channel.took) != 3 {
		t.Errorf("%d alarms: a success, and another account, each have their own", len(b.channel.took))
	}
	b.now = b.now.Add(14 * time.Minute)
	more := []breakglass.Event{{ID: "later", Account: "a", Outcome: breakglass.OutcomeFailure}}
	b.Raise(t.Context(), more, "")
	if len(b.channel.took) != 3 {
		t.Error("the kind is alarmed again within 15 minutes")
	}
	b.now = b.now.Add(2 * time.Minute)
	b.Raise(t.Context(), more, "")
	if len(b.channel.took) != 4 {
		t.Error("the kind is not alarmed again after 15 minutes")
	}
}

func TestAnAlarmThatNobodyTookIsRaisedAgainAtOnce(t *testing.T) {
	b := newBench()
	success := events(breakglass.OutcomeSuccess, "a", 1)
	b.channel.down = true
	if attempts := b.Raise(t.Context(), success, ""); len(attempts) != 2 {
		t.Errorf("%d attempts, want one on each channel", len(attempts))
	}
	if _, sent := b.Sent(success[0].ID); sent {
		t.Error("counts as sent although no channel took it")
	}
	b.channel.down = false
	b.Raise(t.Context(), success, "")
	if len(b.channel.took) != 1 {
		t.Errorf("%d alarms once the channel is back, want 1", len(b.channel.took))
	}
	if at, sent := b.Sent(success[0].ID); !sent || !at.Equal(b.now) {
		t.Errorf("sent %v at %s", sent, at)
	}
	b.now = b.now.Add(time.Hour)
	b.Raise(t.Context(), success, "")
	if len(b.channel.took) != 1 {
		t.Error("the same event is alarmed twice by one process")
	}
}

func TestInformationRaisesNothing(t *testing.T) {
	b := newBench()
	if attempts := b.Raise(t.Context(), events(breakglass.OutcomeNone, "a", 3), ""); len(attempts) != 0 {
		t.Errorf("%d attempts", len(attempts))
	}
}
