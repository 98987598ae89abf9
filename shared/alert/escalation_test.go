package alert_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
)

func TestReminders(t *testing.T) {
	for _, test := range []struct {
		severity detect.Severity
		want     []time.Duration // after the alert
	}{
		{detect.Critical, []time.Duration{15 * time.Minute, 75 * time.Minute, 315 * time.Minute, 555 * time.Minute, 795 * time.Minute, 1035 * time.Minute, 1275 * time.Minute}},
		{detect.High, []time.Duration{15 * time.Minute}},
		{detect.Medium, nil},
	} {
		t.Run(string(test.severity), func(t *testing.T) {
			var e alert.Escalation
			e.Arm(test.severity, noon, 15*time.Minute)
			var got []time.Duration
			for !e.Next.IsZero() && len(got) < 20 {
				got = append(got, e.Next.Sub(noon))
				e.Advance(test.severity, e.Next)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// critical makes an incident with one alerted critical event and its reminders running.
func critical() alert.Incident {
	i := begin(success(1, noon))
	i.Admit(success(1, noon), noon)
	i.Escalation.Arm(detect.Critical, noon, 15*time.Minute)
	return i
}

func acknowledged(via string, through uint64) alert.Acknowledgement {
	return alert.Acknowledgement{By: "Ada", Via: via, Through: through, At: noon.Add(time.Minute)}
}

func TestTheTeamsLinkQuietsTeamsOnly(t *testing.T) {
	i := critical()
	if !i.Acknowledge(acknowledged(alert.ChannelTeams, 1), []string{alert.ChannelFallback}) {
		t.Fatal("the acknowledgement changed nothing")
	}
	if i.State != alert.Acknowledged || i.Escalation.Next.IsZero() {
		t.Errorf("state %s, next reminder %s: reminders must go on outside Teams", i.State, i.Escalation.Next)
	}
	if diff := cmp.Diff([]string{alert.ChannelTeams}, i.Escalation.Paused); diff != "" {
		t.Error(diff)
	}
	if !i.Acknowledge(acknowledged(alert.ChannelFallback, 1), []string{alert.ChannelFallback}) {
		t.Fatal("the fallback's acknowledgement changed nothing")
	}
	if !i.Escalation.Next.IsZero() {
		t.Error("reminders go on after the fallback's link was used")
	}
}

func TestWithoutAFallbackTheTeamsLinkIsTheOnlyLock(t *testing.T) {
	i := critical()
	i.Acknowledge(acknowledged(alert.ChannelTeams, 1), nil)
	if !i.Escalation.Next.IsZero() {
		t.Error("reminders go on although there is no other channel")
	}
}

func TestAnAcknowledgementCoversWhatWasSeen(t *testing.T) {
	i := critical()
	i.Admit(success(2, noon), noon)
	i.Acknowledge(acknowledged(alert.ChannelFallback, 1), []string{alert.ChannelFallback})
	if i.State != alert.Open || i.Escalation.Next.IsZero() {
		t.Errorf("state %s, next %s: the second sign-in was not seen", i.State, i.Escalation.Next)
	}
	i.Acknowledge(acknowledged(alert.ChannelFallback, 2), []string{alert.ChannelFallback})
	if i.State != alert.Acknowledged {
		t.Errorf("state %s", i.State)
	}
	i.Admit(success(3, noon), noon)
	i.Escalation.Arm(detect.Critical, noon.Add(time.Hour), 15*time.Minute)
	if i.State != alert.Open || !i.Escalation.Next.Equal(noon.Add(75*time.Minute)) {
		t.Errorf("state %s, next %s: a later sign-in must remind again", i.State, i.Escalation.Next)
	}
}

func TestARepeatedAcknowledgementChangesNothing(t *testing.T) {
	i := critical()
	i.Acknowledge(acknowledged(alert.ChannelFallback, 1), []string{alert.ChannelFallback})
	before := i
	again := acknowledged(alert.ChannelFallback, 1)
	again.By, again.At = "Eve", noon.Add(time.Hour)
	if i.Acknowledge(again, []string{alert.ChannelFallback}) {
		t.Error("it says that it changed something")
	}
	if diff := cmp.Diff(before, i); diff != "" {
		t.Error(diff)
	}
}

func TestAcknowledgingTheFutureCoversOnlyThePresent(t *testing.T) {
	i := critical()
	i.Acknowledge(acknowledged(alert.ChannelFallback, 1_000_000), []string{alert.ChannelFallback})
	if i.AcknowledgedThrough != 1 {
		t.Errorf("covers entries through %d, of which only 1 exists", i.AcknowledgedThrough)
	}
}

func TestCloseEndsReminders(t *testing.T) {
	i := critical()
	if !i.Close(alert.Misuse, "Ada", "not ours", noon) || i.State != alert.Closed || !i.Escalation.Next.IsZero() {
		t.Errorf("after closing: %+v", i)
	}
	if i.Close(alert.Misuse, "Ada", "not ours", noon.Add(time.Hour)) {
		t.Error("closing again with the same words changes something")
	}
	if i.Acknowledge(acknowledged(alert.ChannelFallback, 1), nil) {
		t.Error("a closed incident can be acknowledged")
	}
}
