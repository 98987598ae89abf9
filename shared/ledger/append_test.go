package ledger_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
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

func TestAppendKeepsWhatItIsGiven(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	big := make([]byte, 2_200_000) // spills into part rows, because noise does not compress
	if _, err := rand.Read(big); err != nil {
		t.Fatal(err)
	}
	wanted := []ledger.Entry{
		event(`{"n":1}`),
		{Kind: ledger.KindEvent, Alertable: ledger.OwesAlert, Time: at(), Payload: big},
		{Kind: ledger.KindReceipt, Time: at().Add(time.Nanosecond), Refs: []uint64{1, 2}, Payload: []byte(`{}`)},
		{Kind: ledger.KindEvent, Time: at()},
	}
	var sealed []ledger.Sealed
	for _, e := range wanted {
		s, err := l.Append(t.Context(), "account-1", adds(e))
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, s...)
	}
	n := 0
	for stored, err := range l.Entries(t.Context(), "account-1", 1) {
		if err != nil {
			t.Fatal(err)
		}
		payload, err := stored.Unpack()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(payload, wanted[n].Payload) {
			t.Errorf("entry %d came back with another payload", n+1)
		}
		stored.Payload, sealed[n].Payload = nil, nil
		if diff := cmp.Diff(sealed[n], stored.Sealed); diff != "" {
			t.Errorf("entry %d (-sealed +stored):\n%s", n+1, diff)
		}
		n++
	}
	if n != len(wanted) {
		t.Errorf("%d entries came back of %d", n, len(wanted))
	}
	if found, _ := verify(t, store, ledger.VerifyOptions{}); len(found) > 0 {
		t.Error(found)
	}
}

func TestAppendCostsTheSameWithManyEntries(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	counts := func() (gets, commits int) {
		gets, commits = store.Counts()
		if _, err := l.Append(t.Context(), "tenant", adds(event("{}"))); err != nil {
			t.Fatal(err)
		}
		g, c := store.Counts()
		return g - gets, c - commits
	}
	counts() // registers the stream
	for range 300 {
		if gets, commits := counts(); gets != 1 || commits != 1 {
			t.Fatalf("an append cost %d reads and %d commits, not one each", gets, commits)
		}
	}
}

func TestAnAnswerLostAfterTheCommitIsFoundOut(t *testing.T) {
	for _, c := range []struct {
		name string
		told error
	}{
		{"lost", errLost},
		{"the library tried again and met its own commit", ledger.ErrConflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := ledgertest.New(t)
			l := ledger.New(store, at)
			if _, err := l.Append(t.Context(), "tenant", adds(event("0"))); err != nil {
				t.Fatal(err)
			}
			once := sync.OnceValue(func() error { return c.told })
			first := true
			store.OnCommit(func(string, []ledger.Op) (bool, error) {
				if first {
					first = false
					return true, once()
				}
				return true, nil
			})
			sealed, err := l.Append(t.Context(), "tenant", adds(event("1"), event("2")))
			if err != nil || len(sealed) != 2 || sealed[0].Sequence != 2 {
				t.Fatalf("sealed %v, error %v", sealed, err)
			}
			if diff := cmp.Diff([]string{"0", "1", "2"}, read(t, l, "tenant")); diff != "" {
				t.Error(diff)
			}
			whole(t, store)
		})
	}
}

func TestALostAnswerIsFoundBehindAnotherWritersEntry(t *testing.T) {
	store := ledgertest.New(t)
	l, other := ledger.New(store, at), ledger.New(store, at)
	first := true
	store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
		if partition == "tenant" && first {
			first = false
			return true, errLost
		}
		return true, nil
	})
	second := true
	store.OnGet(func(partition, key string) error {
		if partition == "tenant" && key == "head" && !first && second {
			second = false
			if _, err := other.Append(t.Context(), "tenant", adds(event("other"))); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	sealed, err := l.Append(t.Context(), "tenant", adds(event("mine")))
	if err != nil || len(sealed) != 1 || sealed[0].Sequence != 1 {
		t.Fatalf("sealed %v, error %v", sealed, err)
	}
	if diff := cmp.Diff([]string{"mine", "other"}, read(t, l, "tenant")); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}

func TestACommitThatLandsLateIsNotRepeated(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	tries := 0
	var late []ledger.Op
	store.OnCommit(func(partition string, ops []ledger.Op) (bool, error) {
		if partition != "tenant" {
			return true, nil
		}
		switch tries++; tries {
		case 1: // on its way for long
			late = ops
			return false, errLost
		case 2: // it lands before the second try
			if err := ledgertest.Apply(store, "tenant", late); err != nil {
				t.Error(err)
			}
			return true, nil
		}
		return true, nil
	})
	n := 0
	sealed, err := l.Append(t.Context(), "tenant", func(_ context.Context, tx *ledger.Tx) error {
		n++
		tx.Add(event(fmt.Sprintf("build %d", n)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"build 1"}, read(t, l, "tenant")); diff != "" {
		t.Error(diff)
	}
	if string(sealed[0].Payload) != "build 1" {
		t.Errorf("told of %q, which is not what was committed", sealed[0].Payload)
	}
	whole(t, store)
}

// faults is what may become of a write: refused, refused but done, and done but not yet visible.
func TestAppendUnderEveryFault(t *testing.T) {
	refused := &ledger.RefusedError{Op: 0, Code: "PropertyValueTooLarge"}
	for _, c := range []struct {
		name  string
		apply bool
		told  error
		want  error // nil: appended in the end
	}{
		{"refused for now", false, errLost, nil},
		{"refused but done", true, errLost, nil},
		{"conflict", false, ledger.ErrConflict, nil},
		{"conflict but done", true, ledger.ErrConflict, nil},
		{"refused for ever", false, refused, refused},
	} {
		for write := range 3 { // installed, registration, the entries themselves
			t.Run(fmt.Sprintf("%s, write %d", c.name, write), func(t *testing.T) {
				store := ledgertest.New(t)
				l := ledger.New(store, at)
				n := 0
				store.OnCommit(func(string, []ledger.Op) (bool, error) {
					n++
					if n == write+1 {
						return c.apply, c.told
					}
					return true, nil
				})
				_, err := l.Append(t.Context(), "account-1", adds(event("1"), event("2")))
				if err != nil && c.want == nil {
					// A register that fails ends the append; the same again must do it.
					_, err = l.Append(t.Context(), "account-1", adds(event("1"), event("2")))
				}
				if c.want != nil {
					if _, ok := errors.AsType[*ledger.RefusedError](err); !ok {
						t.Fatalf("error %v, want a refusal", err)
					}
					whole(t, store)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"1", "2"}, read(t, l, "account-1")); diff != "" {
					t.Error(diff)
				}
				whole(t, store)
			})
		}
	}
}

func TestARefusalNamesTheEntry(t *testing.T) {
	store := ledgertest.New(t)
	l := ledger.New(store, at)
	store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
		if partition == "tenant" {
			return false, fmt.Errorf("wrapped: %w", &ledger.RefusedError{Op: 1, Code: "EntityTooLarge"})
		}
		return true, nil
	})
	_, err := l.Append(t.Context(), "tenant", adds(event("1"), event("2")))
	refused, ok := errors.AsType[*ledger.RefusedError](err)
	if !ok {
		t.Fatalf("error %v", err)
	}
	if seq, ok := refused.Sequence(); !ok || seq != 2 {
		t.Errorf("the refusal names sequence %d, %v", seq, ok)
	}
}

func TestAnotherWriterInBetweenMeansBuildingAgain(t *testing.T) {
	store := ledgertest.New(t)
	l, other := ledger.New(store, at), ledger.New(store, at)
	builds := 0
	sealed, err := l.Append(t.Context(), "tenant", func(_ context.Context, tx *ledger.Tx) error {
		if builds++; builds == 1 {
			if _, err := other.Append(t.Context(), "tenant", adds(event("other"))); err != nil {
				t.Error(err)
			}
		}
		tx.Add(event("mine"))
		tx.SetState([]byte("after " + string(tx.State())))
		return nil
	})
	if err != nil || sealed[0].Sequence != 2 || builds != 2 {
		t.Fatalf("sealed %v after %d builds, error %v", sealed, builds, err)
	}
	if diff := cmp.Diff([]string{"other", "mine"}, read(t, l, "tenant")); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}

func TestAHeadThatAlwaysMovesEndsInAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := ledgertest.New(t)
		l := ledger.New(store, at)
		builds := 0
		store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
			if partition == "tenant" {
				return false, ledger.ErrConflict
			}
			return true, nil
		})
		_, err := l.Append(t.Context(), "tenant", func(_ context.Context, tx *ledger.Tx) error {
			builds++
			tx.Add(event("mine"))
			return nil
		})
		if !errors.Is(err, ledger.ErrConflict) || builds != 8 {
			t.Errorf("%d builds, error %v", builds, err)
		}
	})
}

func TestADeadStoreIsKnownByTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := ledgertest.New(t)
		l := ledger.New(store, at)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		store.OnCommit(func(string, []ledger.Op) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		})
		start := time.Now()
		_, err := l.Append(ctx, "tenant", adds(event("1")))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

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
