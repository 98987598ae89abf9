package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"glasswatch/shared/ledger"
)

var errLost = errors.New("the answer was lost")

// at is the clock of these tests.
func at() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func event(payload string) ledger.Entry {
	return ledger.Entry{Kind: ledger.KindEvent, Time: at(), Payload: []byte(payload)}
}

// adds is a build that adds entries, whatever the state.
func adds(entries ...ledger.Entry) func(context.Context, *ledger.Tx) error {
	return func(_ context.Context, tx *ledger.Tx) error {
		for _, e := range entries {
			tx.Add(e)
		}
		return nil
	}
}

// read lists the payloads of a stream.
func read(t *testing.T, l *ledger.Ledger, stream string) []string {
	t.Helper()
	payloads := []string{}
	for stored, err := range l.Entries(t.Context(), stream, 1) {
		if err != nil {
			t.Fatal(err)
		}
		payload, err := stored.Unpack()
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, string(payload))
	}
	return payloads
}

// verify returns what Verify finds, one line each.
func verify(t testing.TB, store ledger.Store, o ledger.VerifyOptions) ([]string, ledger.Verdict) {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = at().Add(time.Minute)
	}
	found := []string{}
	problems, verdict := ledger.Verify(t.Context(), store, o)
	for p, err := range problems {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%s#%d %s", p.Stream, p.Sequence, p.Problem))
	}
	return found, *verdict
}

func whole(t testing.TB, store ledger.Store) {
	t.Helper()
	if found, verdict := verify(t, store, ledger.VerifyOptions{}); !verdict.OK {
		t.Errorf("verify found %v", found)
	}
}
