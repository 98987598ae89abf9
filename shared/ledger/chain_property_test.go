package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// TestTheChainHoldsWhateverTheServiceDoes appends through two processes while commits are refused,
// done without an answer, done late, or in conflict; and purges and checkpoints in between. In the
// end everything is there exactly once, in one piece, and verify finds nothing.
func TestTheChainHoldsWhateverTheServiceDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubble{t}, func(r *rapid.T) {
			w := &world{r: r, store: ledgertest.New(r), ctx: t.Context(), wanted: map[string][]string{}}
			for range 2 {
				w.writers = append(w.writers, ledger.New(w.store, func() time.Time { w.tick++; return at().Add(w.tick * time.Millisecond) }))
			}
			w.store.OnCommit(w.fault)
			r.Repeat(map[string]func(*rapid.T){
				"append":     w.append,
				"checkpoint": w.checkpoint,
				"purge":      w.purge,
				"":           w.check,
			})
			w.store.OnCommit(nil)
			w.settle()
			w.check(r)
		})
	})
}

// bubble hides a test's deadline, which must not be asked for where time is not real.
type bubble struct{ rapid.TB }

type world struct {
	r       *rapid.T
	store   *ledgertest.Store
	ctx     context.Context
	writers []*ledger.Ledger
	tick    time.Duration
	appends int
	late    []func() // commits still on their way
	open    []func(*rapid.T) error
	wanted  map[string][]string // by stream: the labels of what was asked for, in no order
}

// fault lets the service misbehave in one of the ways that a client cannot tell apart.
func (w *world) fault(partition string, ops []ledger.Op) (bool, error) {
	for _, arrive := range w.late {
		arrive()
	}
	w.late = nil
	switch rapid.SampledFrom([]string{"well", "well", "well", "refused", "answer lost", "conflict", "conflict with itself", "late"}).Draw(w.r, "service") {
	case "refused":
		return false, errLost
	case "answer lost":
		return true, errLost
	case "conflict":
		if partition == "register" { // its rows are only ever inserted: a conflict means that they are there
			return true, nil
		}
		return false, ledger.ErrConflict
	case "conflict with itself":
		return true, ledger.ErrConflict
	case "late":
		w.late = append(w.late, func() { _ = ledgertest.Apply(w.store, partition, ops) }) // may conflict by now
		return false, errLost
	}
	return true, nil
}

// append asks for one to three entries. What fails is asked for again later, as the host does.
func (w *world) append(r *rapid.T) {
	w.appends++
	label := fmt.Sprintf("append %d", w.appends)
	stream := rapid.SampledFrom([]string{"tenant", "account-1"}).Draw(r, "stream")
	writer := w.writers[rapid.IntRange(0, 1).Draw(r, "writer")]
	size := rapid.IntRange(1, 3).Draw(r, "entries")
	key := fmt.Sprintf("seen|%d", w.appends)
	for n := range size {
		w.wanted[stream] = append(w.wanted[stream], fmt.Sprintf("%s, entry %d", label, n))
	}
	try := func(r *rapid.T) error {
		sealed, err := writer.Append(w.ctx, stream, func(ctx context.Context, tx *ledger.Tx) error {
			switch _, err := tx.Get(ctx, key); {
			case err == nil:
				return ledger.ErrNothing
			case !errors.Is(err, ledger.ErrNotFound):
				return err
			}
			for n := range size {
				tx.Add(event(fmt.Sprintf("%s, entry %d", label, n)))
			}
			tx.Upsert(ledger.Row{Key: key, Columns: map[string]any{"A": "x"}})
			tx.SetState([]byte(label))
			return nil
		})
		for n, s := range sealed {
			if want := fmt.Sprintf("%s, entry %d", label, n); string(s.Payload) != want || s.Sequence != sealed[0].Sequence+uint64(n) {
				r.Errorf("told that %q is entry %d", s.Payload, s.Sequence)
			}
		}
		return err
	}
	if err := try(r); err != nil {
		w.open = append(w.open, try)
	}
}

func (w *world) checkpoint(*rapid.T) { _, _ = w.writers[0].Checkpoint(w.ctx) } // may fail; then there is none

func (w *world) purge(r *rapid.T) {
	stream := rapid.SampledFrom([]string{"tenant", "checkpoint"}).Draw(r, "stream")
	_, _ = w.writers[1].Purge(w.ctx, stream, ledger.Retention{Before: at().Add(time.Nanosecond), Policy: "RETENTION 0s"}) // may fail; then later
}

// settle asks again for all that failed.
func (w *world) settle() {
	for _, arrive := range w.late {
		arrive()
	}
	for _, try := range w.open {
		if err := try(w.r); err != nil {
			w.r.Errorf("with a service that behaves: %v", err)
		}
	}
	for stream, wanted := range w.wanted {
		var found []string
		for stored, err := range w.writers[0].Entries(w.ctx, stream, 1) {
			if err != nil {
				w.r.Fatal(err)
			}
			if stored.Kind == ledger.KindPurge {
				continue
			}
			payload, err := stored.Unpack()
			if errors.Is(err, ledger.ErrExpired) {
				found = append(found, "expired")
				continue
			}
			if err != nil {
				w.r.Fatal(err)
			}
			found = append(found, string(payload))
		}
		w.compare(stream, wanted, found)
	}
}

// compare holds that everything is there once and in one piece.
func (w *world) compare(stream string, wanted, found []string) {
	if len(wanted) != len(found) {
		w.r.Errorf("%s holds %d entries of %d:\n%s", stream, len(found), len(wanted), strings.Join(found, "\n"))
		return
	}
	counts := map[string]int{}
	for _, label := range wanted {
		counts[label]++
	}
	for i, label := range found {
		if label == "expired" {
			continue
		}
		if counts[label]--; counts[label] < 0 {
			w.r.Errorf("%s holds %q twice", stream, label)
		}
		head, n, _ := strings.Cut(label, ", entry ")
		if n != "0" && i > 0 && found[i-1] != "expired" && !strings.HasPrefix(found[i-1], head+", ") {
			w.r.Errorf("%s holds %q behind %q", stream, label, found[i-1])
		}
	}
}

// check verifies at any time: whatever the service does, the rows are whole.
func (w *world) check(r *rapid.T) {
	problems, verdict := ledger.Verify(w.ctx, w.store, ledger.VerifyOptions{Now: at(), Deep: false})
	found := []string{}
	for p, err := range problems {
		if err != nil {
			r.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%s#%d %s: %s", p.Stream, p.Sequence, p.Problem, p.Detail))
	}
	if diff := cmp.Diff([]string{}, found); diff != "" || !verdict.OK {
		r.Errorf("verify (-want +found):\n%s", diff)
	}
}
