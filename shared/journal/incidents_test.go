package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/journal"
)

func TestASprayIsCollectedAndASuccessBreaksThrough(t *testing.T) {
	b := newBench(t)
	var alerts []*alert.Alert
	for batch := range 20 {
		var events []breakglass.Event
		for n := range 50 {
			code := 50126
			if batch == 10 && n == 25 {
				code = 0
			}
			id := fmt.Sprintf("s-%d-%d", batch, n)
			events = append(events, b.signIn(id, b.now, code, map[string]any{"ipAddress": fmt.Sprintf("198.51.%d.%d", batch, n)}))
		}
		alerts = append(alerts, b.record(events...).Alerts...)
		b.now = b.now.Add(30 * time.Second)
	}
	var told []string
	for _, a := range alerts {
		told = append(told, a.Message.Rule)
	}
	if len(told) > 6 || !slices.ContainsFunc(alerts, func(a *alert.Alert) bool { return a.Message.Severity == detect.Critical }) {
		t.Errorf("%d cards for 1,000 attempts: %v", len(told), told)
	}
	if n := len(b.events()); n != 1000 {
		t.Errorf("%d of 1,000 events in the ledger", n)
	}
	b.deliver(alerts)
	summaries := 0
	for range 300 { // five hours of sweeps
		b.now = b.now.Add(time.Minute)
		settled, err := b.Settle(t.Context(), journal.AccountStream(alpha))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range settled {
			if a.Message.Kind == alert.MessageSummary {
				summaries++
			}
		}
		b.deliver(settled)
	}
	if summaries == 0 || summaries > 3 {
		t.Errorf("%d summaries in five hours", summaries)
	}
	b.verify()
}

func TestHistoricEventsAreToldInOneMessage(t *testing.T) {
	b := newBench(t)
	b.record(b.signIn("now", noon, 0, nil)) // installs
	for n := range 5 {
		if r := b.record(b.signIn(fmt.Sprint("old", n), noon.Add(-time.Duration(48+n)*time.Hour), 0, nil)); len(r.Alerts) != 0 {
			t.Errorf("an event from two days before the installation was alerted on its own")
		}
	}
	if r := b.record(b.signIn("late", noon.Add(-23*time.Hour), 0, nil)); len(r.Alerts) != 1 || !strings.Contains(r.Alerts[0].Message.Mark, "late") {
		t.Errorf("an event from within a day before the installation: %d alerts", len(r.Alerts))
	}
	told := 0
	for range 60 {
		b.now = b.now.Add(time.Minute)
		settled, err := b.Settle(t.Context(), journal.AccountStream(alpha))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range settled {
			if a.Message.Rule == "history" {
				told++
				if answered(a.Answers) != 6 {
					t.Errorf("the summary answers for %v", a.Answers)
				}
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

func TestRemindersComeUntilSomebodyAcknowledges(t *testing.T) {
	b := newBench(t)
	r := b.record(b.signIn("one", noon, 0, nil))
	b.deliver(r.Alerts)
	id := r.Alerts[0].Message.Incident
	reminders := func(minutes int) int {
		n := 0
		for range minutes {
			b.now = b.now.Add(time.Minute)
			settled, err := b.Settle(t.Context(), journal.AccountStream(alpha))
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range settled {
				if a.Message.Kind == alert.MessageEscalation {
					n++
				}
			}
			b.deliver(settled)
		}
		return n
	}
	if n := reminders(14); n != 0 {
		t.Errorf("%d reminders within a quarter of an hour", n)
	}
	if n := reminders(2); n != 1 {
		t.Errorf("%d reminders after a quarter of an hour, want 1", n)
	}
	ack := func(via string) (alert.Incident, []*alert.Alert) {
		i, notices, err := b.Acknowledge(t.Context(), id, alert.Acknowledgement{By: "Ada", Via: via, Through: 1})
		if err != nil {
			t.Fatal(err)
		}
		b.deliver(notices)
		return i, notices
	}
	if i, notices := ack(alert.ChannelTeams); i.State != alert.Acknowledged || len(notices) != 1 {
		t.Errorf("acknowledged: %s, %d notices", i.State, len(notices))
	}
	if n := reminders(120); n != 1 {
		t.Errorf("%d reminders in two hours after the Teams link was used, want 1 outside Teams", n)
	}
	if _, notices := ack(alert.ChannelTeams); len(notices) != 0 {
		t.Error("a repeated acknowledgement is told again")
	}
	ack(alert.ChannelFallback)
	if n := reminders(600); n != 0 {
		t.Errorf("%d reminders after both links were used", n)
	}
	if later := b.record(b.signIn("two", b.now, 0, nil)); len(later.Alerts) != 1 {
		t.Fatal("a later sign-in is not alerted")
	} else {
		b.deliver(later.Alerts)
	}
	if n := reminders(20); n != 1 {
		t.Errorf("%d reminders for a sign-in after the acknowledgement, want 1", n)
	}
	b.verify()
}

func TestClosing(t *testing.T) {
	b := newBench(t)
	r := b.record(b.signIn("one", noon, 0, nil))
	id := r.Alerts[0].Message.Incident
	i, notices, err := b.Close(t.Context(), id, alert.Drill, "Ada", "the quarterly drill")
	if err != nil || i.State != alert.Closed || len(notices) != 1 {
		t.Fatalf("closed: %+v, %d notices, %v", i, len(notices), err)
	}
	if _, again, err := b.Close(t.Context(), id, alert.Drill, "Ada", "the quarterly drill"); err != nil || len(again) != 0 {
		t.Errorf("closing twice: %d notices, %v", len(again), err)
	}
	if later := b.record(b.signIn("two", noon.Add(time.Minute), 0, nil)); later.Alerts[0].Message.Incident == id {
		t.Error("a later event joins the closed incident")
	}
	for _, wrong := range []string{"", "x", "account-" + alpha + "-99", "tenant-1", "../head", "ACCOUNT-" + alpha + "-1", "register-1", id + "0"} {
		if _, _, err := b.Close(t.Context(), wrong, alert.Drill, "Ada", "note"); !errors.Is(err, journal.ErrNoIncident) {
			t.Errorf("closing %q: %v", wrong, err)
		}
	}
	streams, err := b.Streams(t.Context())
	if err != nil || !slices.Equal(streams, []string{journal.AccountStream(alpha)}) {
		t.Errorf("asking for incidents made streams: %v, %v", streams, err)
	}
}

func TestAnnouncementsAreMadeOncePerKey(t *testing.T) {
	b := newBench(t)
	m := alert.Message{Kind: alert.MessageNotice, Severity: detect.Info, Headline: "Test"}
	first, err := b.Announce(t.Context(), "pulse", "week 1", m)
	if err != nil || len(first) != 1 {
		t.Fatalf("%d announced: %v", len(first), err)
	}
	if again, err := b.another(nil).Announce(t.Context(), "pulse", "week 1", m); err != nil || len(again) != 0 {
		t.Errorf("another process announced %d: %v", len(again), err)
	}
	if next, err := b.Announce(t.Context(), "pulse", "week 2", m); err != nil || len(next) != 1 {
		t.Errorf("the next week: %d, %v", len(next), err)
	}
}

func answered(ranges []alert.Range) uint64 {
	var n uint64
	for _, r := range ranges {
		n += r.Last - r.First + 1
	}
	return n
}
