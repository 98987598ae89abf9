package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

func owing(a ledger.Alertable) ledger.Entry {
	return ledger.Entry{Kind: ledger.KindEvent, Alertable: a, Time: at(), Payload: []byte(`{}`)}
}

func receipt(refs ...uint64) ledger.Entry {
	return ledger.Entry{Kind: ledger.KindReceipt, Time: at(), Refs: refs, Payload: []byte(`{}`)}
}

func summary(refs ...uint64) ledger.Entry {
	return ledger.Entry{Kind: ledger.KindSummary, Alertable: ledger.OwesAlert, Time: at(), Refs: refs, Payload: []byte(`{}`)}
}

func TestWhoeverWasOwedAnAlertMustHaveAReceipt(t *testing.T) {
	const early, late, muchLater = 14*time.Minute + 59*time.Second, 15 * time.Minute, 5 * time.Hour
	ahead := owing(ledger.OwesAlert)
	ahead.Time = at().Add(24 * time.Hour)
	for _, c := range []struct {
		name    string
		entries []ledger.Entry
		after   time.Duration
		pending int
		want    []string
	}{
		{"owes nothing", []ledger.Entry{owing(ledger.OwesNothing)}, muchLater, 0, nil},
		{"an alert within 15 minutes", []ledger.Entry{owing(ledger.OwesAlert)}, early, 1, nil},
		{"an alert after 15 minutes", []ledger.Entry{owing(ledger.OwesAlert)}, late, 0, []string{"tenant#1 unreceipted"}},
		{"an alert with its receipt", []ledger.Entry{owing(ledger.OwesAlert), receipt(1)}, late, 0, nil},
		{"a receipt for another", []ledger.Entry{owing(ledger.OwesAlert), event("{}"), receipt(2)}, late, 0, []string{"tenant#1 unreceipted"}},
		{"one receipt for many", []ledger.Entry{owing(ledger.OwesAlert), owing(ledger.OwesAlert), event("{}"), owing(ledger.OwesAlert), receipt(1, 2, 4)}, late, 0, nil},
		{"the second of three", []ledger.Entry{owing(ledger.OwesAlert), owing(ledger.OwesAlert), owing(ledger.OwesAlert), receipt(1, 3)}, late, 0, []string{"tenant#2 unreceipted"}},
		{"told in a summary, within 5 hours", []ledger.Entry{owing(ledger.OwesSummary)}, muchLater - time.Second, 1, nil},
		{"told in a summary, after 5 hours", []ledger.Entry{owing(ledger.OwesSummary)}, muchLater, 0, []string{"tenant#1 unreceipted"}},
		{"a summary without a receipt", []ledger.Entry{owing(ledger.OwesSummary), summary(1)}, muchLater, 0, []string{"tenant#2 unreceipted"}},
		{"a summary with a receipt", []ledger.Entry{owing(ledger.OwesSummary), summary(1), receipt(2)}, muchLater, 0, nil},
		{"a summary is no receipt for an alert", []ledger.Entry{owing(ledger.OwesAlert), summary(1), receipt(2)}, muchLater, 0, []string{"tenant#1 unreceipted"}},
		{"an alert from a clock far ahead", []ledger.Entry{ahead}, 0, 0, []string{"tenant#1 unreceipted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := ledgertest.New(t)
			if _, err := ledger.New(store, at).Append(t.Context(), "tenant", adds(c.entries...)); err != nil {
				t.Fatal(err)
			}
			found, verdict := verify(t, store, ledger.VerifyOptions{Now: at().Add(c.after)})
			if diff := cmp.Diff(append([]string{}, c.want...), found); diff != "" {
				t.Errorf("verify (-want +found):\n%s", diff)
			}
			if verdict.Pending != c.pending {
				t.Errorf("%d pending, want %d", verdict.Pending, c.pending)
			}
		})
	}
}

func TestAReceiptThatWasTakenAwayIsOneProblem(t *testing.T) {
	store := ledgertest.New(t)
	if _, err := ledger.New(store, at).Append(t.Context(), "tenant", adds(owing(ledger.OwesAlert), receipt(1), event("{}"))); err != nil {
		t.Fatal(err)
	}
	store.Tamper("tenant", func(rows map[string]ledger.Row) { delete(rows, entryKey(2)) })
	found, _ := verify(t, store, afterwards())
	if diff := cmp.Diff([]string{"tenant#2 missing"}, found); diff != "" {
		t.Errorf("verify (-want +found):\n%s", diff)
	}
}

// purged makes a stream of events, one a day, and purges it on the 31st day.
func purged(t *testing.T, keep ...string) (*ledgertest.Store, *ledger.Ledger, int) {
	t.Helper()
	store := ledgertest.New(t)
	now := at()
	l := ledger.New(store, func() time.Time { return now })
	for n := range 30 {
		e := ledger.Entry{Kind: ledger.KindEvent, Time: now, Payload: fmt.Appendf(nil, `{"day":%d}`, n+1)}
		switch {
		case n == 4:
			e.Kind = ledger.KindAttestation
		case n == 6:
			e.Payload = noise(900_000)
		}
		if _, err := l.Append(t.Context(), "tenant", adds(e)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(24 * time.Hour)
	}
	cleared, err := l.Purge(t.Context(), "tenant", ledger.Retention{Before: now.Add(-20 * 24 * time.Hour), Policy: "RETENTION 20d", Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	return store, l, cleared
}

func TestExpiredByPolicyIsNotMissing(t *testing.T) {
	store, l, cleared := purged(t, ledger.KindAttestation)
	if cleared != 9 {
		t.Errorf("%d payloads cleared, want the 10 older than 20 days without the attestation", cleared)
	}
	found, verdict := verify(t, store, ledger.VerifyOptions{Now: at().Add(40 * 24 * time.Hour), Deep: true})
	if len(found) > 0 || verdict.Expired != 9 {
		t.Errorf("%d expired, found %v", verdict.Expired, found)
	}
	for stored, err := range l.Entries(t.Context(), "tenant", 1) {
		if err != nil {
			t.Fatal(err)
		}
		expired := stored.Sequence <= 10 && stored.Sequence != 5
		if _, err := stored.Unpack(); stored.Expired != expired || (err != nil) != expired {
			t.Errorf("entry %d: expired %v, unpack: %v", stored.Sequence, stored.Expired, err)
		}
		if len(stored.PayloadHash) != 64 {
			t.Errorf("entry %d lost the hash of its payload", stored.Sequence)
		}
	}
	for _, row := range store.Dump()["tenant"] {
		if row.Key == partKey(7, 1) {
			t.Error("the part of a purged entry stays")
		}
	}
}

func TestAPurgeDoesNotBeginAnewEveryDay(t *testing.T) {
	store, l, _ := purged(t)
	_, before := store.Counts()
	again, err := l.Purge(t.Context(), "tenant", ledger.Retention{Before: at().Add(10 * 24 * time.Hour), Policy: "RETENTION 20d"})
	if err != nil || again != 0 {
		t.Errorf("%d cleared again, error %v", again, err)
	}
	if _, after := store.Counts(); after != before {
		t.Errorf("%d commits for nothing", after-before)
	}
	next, err := l.Purge(t.Context(), "tenant", ledger.Retention{Before: at().Add(12 * 24 * time.Hour), Policy: "RETENTION 20d"})
	if err != nil || next != 2 {
		t.Errorf("%d cleared on the next days, want 2; error %v", next, err)
	}
	if found, verdict := verify(t, store, afterwards()); !verdict.OK || verdict.Expired != 12 {
		t.Errorf("%d expired, found %v", verdict.Expired, found)
	}
}

func TestVerifyKnowsAPurgeBeforeItsTime(t *testing.T) {
	store, _, _ := purged(t)
	o := afterwards()
	o.Retention = func(string) time.Duration { return 25 * 24 * time.Hour }
	found, verdict := verify(t, store, o)
	if diff := cmp.Diff([]string{"tenant#7 missing"}, found); diff != "" || verdict.Expired != 6 {
		t.Errorf("%d expired, verify (-want +found):\n%s", verdict.Expired, diff)
	}
	o.Retention = func(string) time.Duration { return 20 * 24 * time.Hour }
	if found, verdict := verify(t, store, o); !verdict.OK {
		t.Errorf("found %v", found)
	}
}

func TestAReceiptForAPurgedAlertStillCounts(t *testing.T) {
	store := ledgertest.New(t)
	later := at().Add(48 * time.Hour)
	l := ledger.New(store, func() time.Time { return later })
	if _, err := l.Append(t.Context(), "tenant", adds(owing(ledger.OwesAlert), receipt(1))); err != nil {
		t.Fatal(err)
	}
	if cleared, err := l.Purge(t.Context(), "tenant", ledger.Retention{Before: later, Policy: "RETENTION 1d"}); err != nil || cleared != 2 {
		t.Errorf("%d cleared, error %v", cleared, err)
	}
	if found, verdict := verify(t, store, ledger.VerifyOptions{Now: later}); !verdict.OK {
		t.Errorf("found %v", found)
	}
}
