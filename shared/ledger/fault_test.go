package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// TestAppendUnderEveryFault lets each write of a first append go wrong once: refused for now, refused but
// done, a conflict that was none, refused for ever. An answer that is garbled is one that is lost.
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
			if write < 2 && errors.Is(c.told, ledger.ErrConflict) && !c.apply {
				continue // these rows are only ever inserted: a conflict means that they are there
			}
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
				if found, verdict := verify(t, store, ledger.VerifyOptions{}); !verdict.OK || verdict.Streams != 1 {
					t.Errorf("%d streams are registered, found %v", verdict.Streams, found)
				}
			})
		}
	}
}

// TestAWriteThatIsSlowerThanItsCallerIsFoundLater appends with a deadline that passes while the
// service works. The caller tells by a row of its own whether the first time was enough.
func TestAWriteThatIsSlowerThanItsCallerIsFoundLater(t *testing.T) {
	for _, c := range []struct {
		name  string
		apply bool
	}{{"and done", true}, {"and not done", false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := ledgertest.New(t)
				l := ledger.New(store, at)
				once := func(ctx context.Context, tx *ledger.Tx) error {
					if _, err := tx.Get(ctx, "seen|1"); err == nil {
						return ledger.ErrNothing
					}
					tx.Add(event("1"))
					tx.Upsert(ledger.Row{Key: "seen|1", Columns: map[string]any{"A": "x"}})
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				store.OnCommit(func(partition string, _ []ledger.Op) (bool, error) {
					if partition != "account-1" {
						return true, nil
					}
					<-ctx.Done()
					return c.apply, ctx.Err()
				})
				if _, err := l.Append(ctx, "account-1", once); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
				store.OnCommit(nil)
				if _, err := l.Append(t.Context(), "account-1", once); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff([]string{"1"}, read(t, l, "account-1")); diff != "" {
					t.Error(diff)
				}
				whole(t, store)
			})
		})
	}
}

// TestPurgeUnderEveryFault lets each write of a purge go wrong once and purges again.
func TestPurgeUnderEveryFault(t *testing.T) {
	for _, c := range []struct {
		name  string
		apply bool
		told  error
	}{
		{"refused for now", false, errLost},
		{"refused but done", true, errLost},
		{"conflict", false, ledger.ErrConflict},
		{"conflict but done", true, ledger.ErrConflict},
	} {
		for write := range 4 { // the purge entry, two transactions that clear, the note how far
			t.Run(fmt.Sprintf("%s, write %d", c.name, write), func(t *testing.T) {
				store := ledgertest.New(t)
				l := ledger.New(store, at)
				for range 2 {
					if _, err := l.Append(t.Context(), "account-1", adds(slices.Repeat([]ledger.Entry{event("{}")}, 60)...)); err != nil {
						t.Fatal(err)
					}
				}
				n := 0
				store.OnCommit(func(string, []ledger.Op) (bool, error) {
					if n++; n == write+1 {
						return c.apply, c.told
					}
					return true, nil
				})
				retention := ledger.Retention{Before: at().Add(time.Second), Policy: "RETENTION 1s"}
				if _, err := l.Purge(t.Context(), "account-1", retention); err != nil {
					whole(t, store)
					if _, err := l.Purge(t.Context(), "account-1", retention); err != nil {
						t.Fatal(err)
					}
				}
				if n < 4 {
					t.Errorf("a purge of %d writes; the matrix is for 4", n)
				}
				if found, verdict := verify(t, store, ledger.VerifyOptions{}); !verdict.OK || verdict.Expired != 120 {
					t.Errorf("%d expired, found %v", verdict.Expired, found)
				}
			})
		}
	}
}
