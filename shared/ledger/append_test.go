package ledger_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

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
	l = ledger.New(store, at) // the process starts anew
	if gets, commits := counts(); gets != 1 || commits != 1 {
		t.Errorf("the first append of a process cost %d reads and %d commits, not one each", gets, commits)
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
	sealed, err := l.Append(t.Context(), "tenant", func(ctx context.Context, tx *ledger.Tx) error {
		if builds++; builds == 1 {
			if _, err := other.Append(ctx, "tenant", adds(event("other"))); err != nil {
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
