package ledger_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// watched calls on before every row that is read or listed, and fails where on does.
type watched struct {
	ledger.Store
	on func(operation, partition, key string) error
}

func (w watched) Get(ctx context.Context, partition, key string) (ledger.Row, error) {
	row, err := w.Store.Get(ctx, partition, key)
	if failed := w.on("got", partition, key); failed != nil {
		return ledger.Row{}, failed
	}
	return row, err
}

func (w watched) List(ctx context.Context, partition, from, to string) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		if err := w.on("list", partition, from); err != nil {
			yield(ledger.Row{}, err)
			return
		}
		for row, err := range w.Store.List(ctx, partition, from, to) {
			if failed := w.on("listed", partition, row.Key); failed != nil {
				yield(ledger.Row{}, failed)
				return
			}
			if !yield(row, err) {
				return
			}
		}
		_ = w.on("end", partition, from)
	}
}

// busyRows are a stream of 249 entries, so that verify reads it in pages; entry 3 has a part.
var busyRows = sync.OnceValue(func() map[string][]ledger.Row {
	store := ledgertest.New(strict{})
	l := ledger.New(store, at)
	_, err := l.Append(context.Background(), "tenant", adds(event("1"), event("2"), ledger.Entry{Kind: ledger.KindEvent, Time: at(), Payload: noise(900_000)}))
	strict{}.must(err)
	for range 3 {
		_, err := l.Append(context.Background(), "tenant", adds(slices.Repeat([]ledger.Entry{event("{}")}, 82)...))
		strict{}.must(err)
	}
	return store.Dump()
})

func busy(t *testing.T) (*ledgertest.Store, *ledger.Ledger) {
	t.Helper()
	store := ledgertest.Load(t, busyRows())
	return store, ledger.New(store, func() time.Time { return at().Add(24 * time.Hour) })
}

func TestWhatIsAppendedOrPurgedMeanwhileIsNoProblem(t *testing.T) {
	appended := func(t *testing.T, l *ledger.Ledger) {
		if _, err := l.Append(t.Context(), "tenant", adds(event("later"), ledger.Entry{Kind: ledger.KindEvent, Payload: noise(900_000)})); err != nil {
			t.Error(err)
		}
		if _, err := l.Append(t.Context(), "tenant", adds(event("latest"))); err != nil {
			t.Error(err)
		}
	}
	purged := func(t *testing.T, l *ledger.Ledger) {
		if _, err := l.Purge(t.Context(), "tenant", ledger.Retention{Before: at().Add(time.Hour), Policy: "RETENTION 1h"}); err != nil {
			t.Error(err)
		}
	}
	for _, when := range []string{
		"got head", "list entry|", "listed " + entryKey(1), "listed " + entryKey(3), "got " + partKey(3, 1),
		"listed " + entryKey(60), "listed " + entryKey(240), "end entry|", "list part|", "listed " + partKey(3, 1), "end part|",
	} {
		for what, do := range map[string]func(*testing.T, *ledger.Ledger){"appended": appended, "purged": purged} {
			t.Run(what+" when it "+strings.TrimRight(when, "|"), func(t *testing.T) {
				store, l := busy(t)
				done := false
				found, verdict := verify(t, watched{store, func(operation, partition, key string) error {
					if !done && partition == "tenant" && operation+" "+key == when {
						done = true
						do(t, l)
					}
					return nil
				}}, ledger.VerifyOptions{})
				if !done {
					t.Error("nothing happened meanwhile")
				}
				if !verdict.OK {
					t.Errorf("found %v", found)
				}
			})
		}
	}
}

func TestAStreamThatKeepsGrowingIsNotCutOff(t *testing.T) {
	store, l := busy(t)
	found, verdict := verify(t, watched{store, func(operation, partition, key string) error {
		if partition == "tenant" && (operation+" "+key == "listed "+entryKey(240) || operation+" "+key == "end entry|") {
			if _, err := l.Append(t.Context(), "tenant", adds(event("later"))); err != nil {
				t.Error(err)
			}
		}
		return nil
	}}, ledger.VerifyOptions{})
	if !verdict.OK || verdict.Entries != 250 {
		t.Errorf("%d entries, found %v", verdict.Entries, found)
	}
}

func TestVerifySaysThatItCouldNotLook(t *testing.T) {
	for _, where := range []string{
		"list register ", "listed register installed", "got checkpoint head", "list tenant entry|", "listed tenant " + entryKey(120),
		"got tenant head", "got tenant " + partKey(3, 1), "list tenant part|",
	} {
		t.Run(where, func(t *testing.T) {
			store, _ := busy(t)
			broken := watched{store, func(operation, partition, key string) error {
				if operation+" "+partition+" "+key == where {
					return errLost
				}
				return nil
			}}
			problems, verdict := ledger.Verify(t.Context(), broken, ledger.VerifyOptions{Now: at()})
			var failed error
			for p, err := range problems {
				if failed != nil {
					t.Error("it went on after an error")
				}
				if failed = err; err == nil {
					t.Errorf("an outage is reported as %+v", p)
				}
			}
			if !errors.Is(failed, errLost) || verdict.OK {
				t.Errorf("error %v, verdict %+v", failed, verdict)
			}
		})
	}
}

func TestVerifyMayBeStoppedAndRunAgain(t *testing.T) {
	store := sample(t)
	store.Tamper(account, func(rows map[string]ledger.Row) {
		delete(rows, entryKey(3))
		delete(rows, entryKey(6))
	})
	problems, verdict := ledger.Verify(t.Context(), store, afterwards())
	for _, err := range problems {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if verdict.OK {
		t.Error("a verification that was stopped is OK")
	}
	found := []string{}
	for p, err := range problems {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, p.Problem)
	}
	if diff := cmp.Diff([]string{"missing", "missing"}, found); diff != "" || verdict.Entries != lastEntry+5 {
		t.Errorf("%d entries, the second time (-want +found):\n%s", verdict.Entries, diff)
	}
}
