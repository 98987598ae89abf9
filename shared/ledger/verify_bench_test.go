//go:build unix

package ledger_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"syscall"
	"testing"
	"time"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// flat yields rows that are in memory already, so that a benchmark does not measure reading.
type flat struct{ rows map[string][]ledger.Row }

func (f flat) find(partition, key string) (int, bool) {
	return slices.BinarySearchFunc(f.rows[partition], key, func(row ledger.Row, key string) int {
		switch {
		case row.Key < key:
			return -1
		case row.Key > key:
			return 1
		}
		return 0
	})
}

func (f flat) Get(_ context.Context, partition, key string) (ledger.Row, error) {
	if n, found := f.find(partition, key); found {
		return f.rows[partition][n], nil
	}
	return ledger.Row{}, ledger.ErrNotFound
}

func (f flat) List(_ context.Context, partition, from, to string) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		first, _ := f.find(partition, from)
		for _, row := range f.rows[partition][first:] {
			if row.Key >= to || !yield(row, nil) {
				return
			}
		}
	}
}

func (flat) Commit(context.Context, string, []ledger.Op) error { return ledger.ErrConflict }

// thousands is a stream of events with stored payloads of about 1.2 KB, each tenth an alert with its
// receipt.
func thousands(b *testing.B, entries int) flat {
	b.Helper()
	store := ledgertest.New(b)
	l := ledger.New(store, at)
	payload := fmt.Appendf(nil, `{"raw":"%s"}`, hexNoise(2_000))
	for n := 1; n <= entries; n += 10 {
		batch := slices.Repeat([]ledger.Entry{{Kind: ledger.KindEvent, Time: at(), Payload: payload}}, 9)
		batch[0].Alertable = ledger.OwesAlert
		batch = append(batch, receipt(uint64(n)))
		if _, err := l.Append(b.Context(), "tenant", adds(batch...)); err != nil {
			b.Fatal(err)
		}
	}
	return flat{store.Dump()}
}

// cpu is the time that this process has spent on all cores.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkVerify reports entries verified in a second of processor time, of whatever core, reading
// aside. The design asks for 100,000 without Deep.
func BenchmarkVerify(b *testing.B) {
	const entries = 5_000
	store := thousands(b, entries)
	for _, deep := range []bool{false, true} {
		b.Run(fmt.Sprintf("deep=%v", deep), func(b *testing.B) {
			b.ReportAllocs()
			rounds, began := 0, cpu(b)
			for b.Loop() {
				if found, verdict := verify(b, store, ledger.VerifyOptions{Deep: deep}); !verdict.OK || verdict.Entries != entries {
					b.Fatalf("%d entries, found %v", verdict.Entries, found)
				}
				rounds++
			}
			b.ReportMetric(float64(rounds*entries)/(cpu(b)-began).Seconds(), "entries/cpu-s")
		})
	}
}
