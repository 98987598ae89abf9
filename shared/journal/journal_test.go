package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

const (
	alpha = "11111111-1111-4111-8111-111111111111"
	bravo = "22222222-2222-4222-8222-222222222222"
)

var errTrouble = errors.New("connection reset")

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// bench is a journal on a table in memory, with a clock that the test moves.
type bench struct {
	*journal.Journal
	t        *testing.T
	store    *ledgertest.Store
	accounts breakglass.Accounts
	now      time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, store: ledgertest.New(t), now: noon}
	b.accounts = breakglass.NewAccounts([]breakglass.Account{
		{ObjectID: alpha, UserPrincipalName: "bg-alpha@contoso.example"}, {ObjectID: bravo, UserPrincipalName: "bg-bravo@contoso.example"},
	})
	b.Journal = b.another([]string{alert.ChannelTeams, alert.ChannelFallback})
	return b
}

// another is a journal of another process on the same table.
func (b *bench) another(channels []string) *journal.Journal {
	now := func() time.Time { return b.now }
	return journal.New(ledger.New(b.store, now), journal.Options{
		Describer: journal.Describer{Accounts: b.accounts, Portal: "https://entra.microsoft.com"},
		Judge:     detect.NewDetector(detect.Setting{Accounts: b.accounts}), Channels: channels,
		AcknowledgeWithin: 15 * time.Minute, CommitWithin: 5 * time.Second, Now: now,
	})
}

// signIn makes a sign-in of bg-alpha; the id tells records apart, more what is in the record.
func (b *bench) signIn(id string, at time.Time, code int, more map[string]any) breakglass.Event {
	properties := map[string]any{
		"id": id, "createdDateTime": at.Format(time.RFC3339Nano), "userId": alpha, "userPrincipalName": "bg-alpha@contoso.example",
		"appId": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "appDisplayName": "Azure Portal", "ipAddress": "203.0.113.7",
		"clientAppUsed": "Browser", "status": map[string]any{"errorCode": code}, "correlationId": "c-" + id,
	}
	maps.Copy(properties, more)
	raw, err := json.Marshal(map[string]any{"records": []any{map[string]any{
		"time": at.Add(time.Minute).Format(time.RFC3339Nano), "category": "SignInLogs", "tenantId": "t", "properties": properties,
	}}})
	if err != nil {
		b.t.Fatal(err)
	}
	records, damaged := entra.Parse(raw)
	if len(records) != 1 || len(damaged) != 0 {
		b.t.Fatalf("parsed %d records, %d damaged", len(records), len(damaged))
	}
	e, ok := b.accounts.Event(records[0], breakglass.Arrival{ReachedAt: b.now, Source: breakglass.SourceHub})
	if !ok {
		b.t.Fatal("the record names no account")
	}
	return e
}

func (b *bench) record(events ...breakglass.Event) journal.Recorded {
	b.t.Helper()
	r, err := b.Record(b.t.Context(), journal.AccountStream(alpha), intake(events), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func intake(events []breakglass.Event) []journal.Intake {
	list := make([]journal.Intake, len(events))
	for n, e := range events {
		list[n].Event = e
	}
	return list
}

func (b *bench) events() []journal.Recording {
	b.t.Helper()
	var list []journal.Recording
	for r, err := range b.Events(b.t.Context(), journal.AccountStream(alpha)) {
		if err != nil {
			b.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func (b *bench) verify() {
	b.t.Helper()
	problems, verdict := ledger.Verify(b.t.Context(), b.store, ledger.VerifyOptions{Now: b.now, Deep: true})
	for p, err := range problems {
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Errorf("verify: %+v", p)
	}
	if !verdict.OK {
		b.t.Error("the ledger is not whole")
	}
}

// deliver pretends that every channel took the alerts.
func (b *bench) deliver(alerts []*alert.Alert) {
	b.t.Helper()
	for _, a := range alerts {
		var attempts []alert.Attempt
		for _, c := range a.Channels {
			attempts = append(attempts, alert.Attempt{AlertID: a.ID, Channel: c.Name, At: b.now, Status: 202})
		}
		if err := b.Deliver(b.t.Context(), a.Message.Stream, attempts); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestTheSameRecordIsRecordedOnceHoweverItComes(t *testing.T) {
	b := newBench(t)
	one := b.signIn("one", noon, 0, nil)
	if r := b.record(one, one, one); r.Stored != 1 || len(r.Alerts) != 1 {
		t.Fatalf("stored %d, %d alerts: want one of each", r.Stored, len(r.Alerts))
	}
	if r := b.record(one); r.Stored != 0 || r.Duplicates != 1 || len(r.Alerts) != 0 {
		t.Errorf("the second delivery stored %d, %d alerts", r.Stored, len(r.Alerts))
	}
	if r, err := b.another(nil).Record(t.Context(), journal.AccountStream(alpha), intake([]breakglass.Event{one}), nil); err != nil || r.Stored != 0 {
		t.Errorf("another process stored %d: %v", r.Stored, err)
	}
	b.verify()
}

func TestARevisionIsStoredAndAlertedOnlyIfWorse(t *testing.T) {
	for _, test := range []struct {
		name   string
		codes  []int // of one record, as its revisions come
		alerts int
	}{
		{"interrupted, then more detail", []int{50074, 50074}, 1},
		{"interrupted, then success", []int{50074, 0}, 2},
		{"success, then failure", []int{0, 50126}, 1},
		{"failure, right password, success", []int{50126, 50074, 0}, 3},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, together %v", test.name, together), func(t *testing.T) {
				b := newBench(t)
				var events []breakglass.Event
				for n, code := range test.codes {
					events = append(events, b.signIn("one", noon, code, map[string]any{"detail": n}))
				}
				alerts := 0
				if together {
					alerts = len(b.record(events...).Alerts)
				} else {
					for _, e := range events {
						alerts += len(b.record(e).Alerts)
					}
				}
				if alerts != test.alerts {
					t.Errorf("%d alerts, want %d", alerts, test.alerts)
				}
				var revisions []int
				for _, e := range b.events() {
					revisions = append(revisions, e.Revision)
				}
				if want := []int{1, 2, 3}[:len(test.codes)]; !slices.Equal(revisions, want) {
					t.Errorf("revisions %v, want %v", revisions, want)
				}
				if again := b.record(events...); again.Stored != 0 {
					t.Errorf("delivered again, %d are stored once more", again.Stored)
				}
				b.verify()
			})
		}
	}
}

func TestALostAnswerCostsNothing(t *testing.T) {
	b := newBench(t)
	lost := 0
	b.store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
		if strings.HasPrefix(partition, "account-") && lost < 1 {
			lost++
			return true, errTrouble
		}
		return true, nil
	})
	r := b.record(b.signIn("one", noon, 0, nil))
	if r.Stored != 1 || len(r.Alerts) != 1 {
		t.Errorf("stored %d, %d alerts: the commit had gone through, so its alert is still to be sent", r.Stored, len(r.Alerts))
	}
	if n := len(b.events()); n != 1 || lost != 1 {
		t.Errorf("%d events in the ledger after %d lost answers", n, lost)
	}
	b.verify()
}

func TestFortyEightDuplicatesInOneBatch(t *testing.T) {
	b := newBench(t)
	var events []breakglass.Event
	for n := range 48 {
		events = append(events, b.signIn(fmt.Sprint("r", n), noon, 50126, nil))
	}
	b.record(events...)
	if r := b.record(append(events, b.signIn("new", noon, 0, nil))...); r.Stored != 1 || r.Duplicates != 48 || len(r.Alerts) != 1 {
		t.Errorf("stored %d, %d duplicates, %d alerts; want 1, 48, 1", r.Stored, r.Duplicates, len(r.Alerts))
	}
	b.verify()
}

func TestWhatStorageRefusesGoesToTheUnparsedStream(t *testing.T) {
	b := newBench(t)
	b.store.OnCommit(func(partition string, ops []ledger.Op) (bool, error) {
		for n, op := range ops {
			if length, _ := op.Row.Columns["PayloadLength"].(int64); strings.HasPrefix(partition, "account-") && length > 1500 {
				return false, &ledger.RefusedError{Op: n, Code: "PropertyValueTooLarge"}
			}
		}
		return true, nil
	})
	var events []breakglass.Event
	for n := range 10 {
		more := map[string]any{}
		if n == 4 {
			for k := range 200 { // does not compress away
				more[fmt.Sprint("noise", k*7919)] = fmt.Sprint(k * 104729 * 31)
			}
		}
		events = append(events, b.signIn(fmt.Sprint("r", n), noon, 50126, more))
	}
	b.record(events...)
	if n := len(b.events()); n != 9 {
		t.Errorf("%d events in the account's stream, want 9", n)
	}
	diverted := 0
	for r, err := range b.Events(t.Context(), journal.StreamUnparsed) {
		if err != nil {
			t.Fatal(err)
		}
		diverted++
		if !strings.Contains(r.Raw, "noise0") || r.Alert == "" {
			t.Errorf("the refused record is not whole or not alerted: alert %q, %d bytes", r.Alert, len(r.Raw))
		}
	}
	if diverted != 1 {
		t.Errorf("%d events diverted, want 1", diverted)
	}
}

func TestDeliveryEndsWhatIsOwedAndLeavesAReceipt(t *testing.T) {
	b := newBench(t)
	r := b.record(b.signIn("one", noon, 0, nil))
	stream := journal.AccountStream(alpha)
	if owed, err := b.Owed(t.Context(), stream, "sweep", 10); err != nil || len(owed) != 0 {
		t.Errorf("a sweep takes %d alerts that were recorded just now: %v", len(owed), err)
	}
	b.now = noon.Add(31 * time.Second)
	owed, err := b.Owed(t.Context(), stream, "sweep", 10)
	if err != nil || len(owed) != 1 {
		t.Fatalf("after 31 s a sweep takes %d alerts: %v", len(owed), err)
	}
	if again, err := b.another(nil).Owed(t.Context(), stream, "other", 10); err != nil || len(again) != 0 {
		t.Errorf("another sweep takes %d that are claimed: %v", len(again), err)
	}
	partly := []alert.Attempt{
		{AlertID: owed[0].ID, Channel: alert.ChannelTeams, At: b.now, Status: 202},
		{AlertID: owed[0].ID, Channel: alert.ChannelFallback, At: b.now, Failure: "connection reset"},
	}
	if err := b.Deliver(t.Context(), stream, partly); err != nil {
		t.Fatal(err)
	}
	alerts, err := b.Alerts(t.Context(), stream)
	if err != nil || len(alerts) != 1 || alerts[0].Delivered {
		t.Fatalf("a critical alert is done before the fallback has it: %+v %v", alerts, err)
	}
	b.deliver(r.Alerts)
	b.deliver(r.Alerts) // a second sender with the same
	alerts, err = b.Alerts(t.Context(), stream)
	if err != nil || !alerts[0].Delivered || alerts[0].Channels[1].Attempts != 2 {
		t.Errorf("after delivery: %+v %v", alerts, err)
	}
	if rows, err := b.AllOwed(t.Context(), stream); err != nil || len(rows) != 0 {
		t.Errorf("%d rows are still owed: %v", len(rows), err)
	}
	b.now = noon.Add(time.Hour)
	b.verify()
}

func TestAnEventOfTwoAccountsIsInBothStreamsAndToldOnce(t *testing.T) {
	b := newBench(t)
	e := b.signIn("one", noon, 0, nil)
	e.Accounts = []string{alpha, bravo}
	first := b.record(e)
	second, err := b.Record(t.Context(), journal.AccountStream(bravo), []journal.Intake{{Event: e, ToldElsewhere: true}}, nil)
	if err != nil || len(first.Alerts) != 1 || len(second.Alerts) != 0 || second.Stored != 1 {
		t.Errorf("alerts %d and %d, stored %d: %v", len(first.Alerts), len(second.Alerts), second.Stored, err)
	}
	b.now = noon.Add(time.Hour)
	b.deliver(first.Alerts)
	b.verify()
}

func TestFailuresLeaveTheRest(t *testing.T) {
	b := newBench(t)
	commits := 0
	b.store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
		if strings.HasPrefix(partition, "account-") {
			if commits++; commits > 1 {
				return false, errTrouble
			}
		}
		return true, nil
	})
	var events []breakglass.Event
	for n := range 100 {
		events = append(events, b.signIn(fmt.Sprint("r", n), noon, 50126, nil))
	}
	told := 0
	r, err := b.Record(context.Background(), journal.AccountStream(alpha), intake(events), func(a []*alert.Alert) { told += len(a) })
	if err == nil {
		t.Fatal("no error although storage failed")
	}
	if r.Stored+len(r.Rest) != 100 || r.Stored == 0 || told != len(r.Alerts) {
		t.Errorf("stored %d, left %d of 100; told of %d alerts, returned %d", r.Stored, len(r.Rest), told, len(r.Alerts))
	}
}
