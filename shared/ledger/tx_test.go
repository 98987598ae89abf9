package ledger_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

func TestBuildErrorsAndNothing(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	broken := errors.New("broken")
	if _, err := l.Append(t.Context(), "tenant", func(context.Context, *ledger.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	for name, build := range map[string]func(context.Context, *ledger.Tx) error{
		"ErrNothing": func(_ context.Context, tx *ledger.Tx) error { tx.Add(event("1")); return ledger.ErrNothing },
		"empty":      func(context.Context, *ledger.Tx) error { return nil },
	} {
		if sealed, err := l.Append(t.Context(), "tenant", build); err != nil || sealed != nil {
			t.Errorf("%s: %v, %v", name, sealed, err)
		}
	}
	if _, commits := store.Counts(); commits != 0 {
		t.Errorf("%d commits of nothing", commits)
	}
}

func TestMistakesInATransaction(t *testing.T) {
	row := ledger.Row{Key: "owed|1", Columns: map[string]any{"A": "x"}}
	noise := make([]byte, 3_000_000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		stream string
		build  func(*ledger.Tx)
		want   string
	}{
		{"a row twice", "tenant", func(tx *ledger.Tx) { tx.Upsert(row); tx.Delete("owed|1") }, "occurs twice"},
		{"the head", "tenant", func(tx *ledger.Tx) { tx.Upsert(ledger.Row{Key: "head"}) }, "belongs to the ledger"},
		{"an entry", "tenant", func(tx *ledger.Tx) { tx.Delete("entry|00000000000000000001") }, "belongs to the ledger"},
		{"a slash in a key", "tenant", func(tx *ledger.Tx) { tx.Upsert(ledger.Row{Key: "a/b"}) }, "letters, digits"},
		{"a delete without an ETag", "tenant", func(tx *ledger.Tx) { tx.DeleteIf("owed|1", "") }, "without an ETag"},
		{"a reference ahead", "tenant", func(tx *ledger.Tx) { tx.Add(ledger.Entry{Kind: "receipt", Refs: []uint64{1}}) }, "does not precede"},
		{"references out of order", "tenant", func(tx *ledger.Tx) { tx.Add(ledger.Entry{Kind: "receipt", Refs: []uint64{2, 1}}) }, "not ascending"},
		{"a kind with a bar", "tenant", func(tx *ledger.Tx) { tx.Add(ledger.Entry{Kind: "a|b"}) }, "kind"},
		{"101 rows", "tenant", func(tx *ledger.Tx) {
			for range 100 {
				tx.Add(event("x"))
			}
		}, "ask Fits"},
		{"a payload beyond one transaction", "tenant", func(tx *ledger.Tx) { tx.Add(ledger.Entry{Kind: "event", Payload: noise}) }, "one transaction holds"},
		{"a stream with a bar", "a|b", func(tx *ledger.Tx) { tx.Add(event("x")) }, "stream name"},
		{"the register", "register", func(tx *ledger.Tx) { tx.Add(event("x")) }, "stream name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := ledgertest.New(t)
			l := ledger.New(store, at)
			_, err := l.Append(t.Context(), c.stream, func(_ context.Context, tx *ledger.Tx) error { c.build(tx); return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if len(store.Dump()[c.stream]) > 0 {
				t.Error("something was committed")
			}
		})
	}
}

func TestFitsHoldsOneTransaction(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	noise := make([]byte, 300_000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	p, err := l.Prepare(ledger.Entry{Kind: ledger.KindEvent, Payload: noise})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := l.Append(t.Context(), "tenant", func(_ context.Context, tx *ledger.Tx) error {
		for tx.Fits(p.Rows(), p.Bytes()) {
			tx.AddPrepared(p)
		}
		return nil
	})
	if err != nil || len(sealed) != 9 {
		t.Errorf("%d entries, error %v", len(sealed), err)
	}
	whole(t, store)
}

func TestStateRowsAndClaims(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	state := bytes.Repeat([]byte("0123456789abcdef"), 9000) // over two properties
	_, err := l.Append(t.Context(), "account-1", func(_ context.Context, tx *ledger.Tx) error {
		tx.Add(event("1"))
		tx.SetState(state)
		tx.Upsert(ledger.Row{Key: "owed|1", Columns: map[string]any{"Claimed": ""}})
		tx.Upsert(ledger.Row{Key: "seen|2", Columns: map[string]any{"Set": []byte{1}}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := l.Head(t.Context(), "account-1")
	if err != nil || head.Sequence != 1 || !bytes.Equal(head.State, state) {
		t.Errorf("head at %d with %d bytes, error %v", head.Sequence, len(head.State), err)
	}
	var owed []ledger.Row
	for row, err := range l.Rows(t.Context(), "account-1", "owed|") {
		if err != nil {
			t.Fatal(err)
		}
		owed = append(owed, row)
	}
	if len(owed) != 1 {
		t.Fatalf("%d owed rows", len(owed))
	}
	owed[0].Columns["Claimed"] = "by me"
	if mine, err := l.Claim(t.Context(), "account-1", owed[0]); err != nil || !mine {
		t.Errorf("claim: %v, %v", mine, err)
	}
	if again, err := l.Claim(t.Context(), "account-1", owed[0]); err != nil || again {
		t.Errorf("a second claim: %v, %v", again, err)
	}
	_, err = l.Append(t.Context(), "account-1", func(ctx context.Context, tx *ledger.Tx) error {
		rows, err := tx.GetMany(ctx, []string{"owed|1", "seen|2", "seen|3"})
		if err != nil || len(rows) != 2 || rows["owed|1"].Columns["Claimed"] != "by me" {
			t.Errorf("rows %v, error %v", rows, err)
		}
		tx.Delete("owed|1")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := l.Row(t.Context(), "account-1", "owed|1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("the owed row: %v", err)
	}
	whole(t, store)
}

func TestAnInsertedRowThatIsThereAlreadyIsBuiltAgain(t *testing.T) {
	l := ledger.New(ledgertest.New(t), at)
	row := ledger.Row{Key: "seen|1", Columns: map[string]any{"Set": []byte{1}}}
	builds := 0
	for range 2 {
		_, err := l.Append(t.Context(), "tenant", func(ctx context.Context, tx *ledger.Tx) error {
			if builds++; builds == 3 { // the second build of the second append
				if _, err := tx.Get(ctx, row.Key); err != nil {
					t.Errorf("the row of the first append: %v", err)
				}
				return ledger.ErrNothing
			}
			tx.Insert(row)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if builds != 3 {
		t.Errorf("%d builds, want one, then two", builds)
	}
}

func TestInstalledAtIsWrittenOnce(t *testing.T) {
	store := ledgertest.New(t)
	if _, err := ledger.New(store, at).InstalledAt(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := ledger.New(store, func() time.Time { return at().Add(time.Hour) })
	if installed, err := later.InstalledAt(t.Context()); err != nil || !installed.Equal(at()) {
		t.Errorf("installed at %v, error %v", installed, err)
	}
}

func TestStreamsAreRegisteredBeforeTheirFirstEntry(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
		return partition == "register", nil // the process dies before its entry is written
	})
	if _, err := l.Append(t.Context(), "account-1", adds(event("1"))); err != nil {
		t.Fatal(err)
	}
	var streams []string
	for name, err := range l.Streams(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, name)
	}
	if diff := cmp.Diff([]string{"account-1"}, streams); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}
