package watchlogs

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"glasswatch/shared/azfunc"
	"glasswatch/shared/ledger"
	"glasswatch/shared/pulse"
)

// Bounds on noting progress, which must never cost a batch anything.
const (
	noteEvery = time.Minute // per partition
	noteFor   = 2 * time.Second
)

// Rows is where progress is kept.
type Rows interface {
	Get(ctx context.Context, partition, key string) (ledger.Row, error)
	Commit(ctx context.Context, partition string, ops []ledger.Op) error
}

// Progress notes how far each partition of the hub has been handled. It is safe for concurrent use.
type Progress struct {
	rows Rows

	lock  sync.Mutex
	known map[string]pulse.Progress
	noted map[string]time.Time
}

// NewProgress keeps progress in the store's partition pulse.
func NewProgress(rows Rows) *Progress {
	return &Progress{rows: rows, known: map[string]pulse.Progress{}, noted: map[string]time.Time{}}
}

// note takes a handled batch into what is known of its partition, and has it written down if the
// last time was more than a minute ago: beside the answer to the host, which does not wait for it.
// What fails is logged and comes with the next batch.
func (p *Progress) note(ctx context.Context, b batch, now time.Time, log *slog.Logger) {
	if p == nil || b.meta.PartitionID == "" || b.total == 0 {
		return
	}
	progress, due := p.take(b, now)
	if !due {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
		defer cancel()
		if err := p.write(ctx, progress); err != nil {
			log.Warn("progress could not be noted", "partition", progress.Partition, "error", err.Error())
		}
	}()
}

func (p *Progress) take(b batch, now time.Time) (progress pulse.Progress, due bool) {
	last := b.total - 1
	progress = pulse.Progress{Partition: b.meta.PartitionID, EnqueuedAt: b.meta.EnqueuedTime(last), HandledAt: now, Sequence: azfunc.NoSequence}
	if n, ok := b.meta.SequenceNumber(last); ok {
		progress.Sequence = n
	}
	for category, at := range b.newest {
		progress.Saw(category, at)
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	progress.Merge(p.known[progress.Partition])
	p.known[progress.Partition] = progress
	progress.Categories = maps.Clone(progress.Categories) // what is written goes its own way
	due = now.Sub(p.noted[progress.Partition]) >= noteEvery
	if due {
		p.noted[progress.Partition] = now
	}
	return progress, due
}

func (p *Progress) write(ctx context.Context, progress pulse.Progress) error {
	row, err := progress.Row()
	if err != nil {
		return err
	}
	before, err := p.rows.Get(ctx, pulse.Stream, row.Key)
	switch {
	case err == nil:
		if known, err := pulse.ReadProgress(before); err == nil {
			progress.Merge(known)
			if row, err = progress.Row(); err != nil {
				return err
			}
		}
	case !errors.Is(err, ledger.ErrNotFound):
		return err
	}
	return p.rows.Commit(ctx, pulse.Stream, []ledger.Op{{Kind: ledger.Upsert, Row: row}})
}
