package keepwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/ledger"
	"glasswatch/shared/pulse"
)

// Bounds on one look.
const (
	lookFor     = 25 * time.Second
	progressFor = 3 * time.Second
	readMost    = 2000 // messages of one partition in one look
)

// Hub is what waits in the event hub. hub.Hub is one.
type Hub interface {
	Partitions(ctx context.Context) ([]pulse.Partition, error)
	Read(ctx context.Context, partition string, after int64, since time.Time, last int64, most int) ([]pulse.Waiting, error)
}

// Rows is where progress was noted.
type Rows interface {
	Get(ctx context.Context, partition, key string) (ledger.Row, error)
}

// Siren alerts without the ledger. siren.Siren is one.
type Siren interface {
	Raise(ctx context.Context, events []breakglass.Event, mark string) []alert.Attempt
}

// Find makes events of a message that may concern a watched account.
type Find func(ctx context.Context, body []byte, enqueued time.Time) []breakglass.Event

// ReadAhead looks behind a batch that holds its partition up, and alerts what waits there: a
// successful sign-in must not wait for storage to come back. It remembers how far it has read, so
// that nothing is alerted twice by the same process.
type ReadAhead struct {
	hub   Hub
	rows  Rows
	siren Siren
	find  Find
	now   func() time.Time
	log   *slog.Logger

	lock  sync.Mutex
	known map[string]pulse.Progress
	read  map[string]int64 // partition -> last sequence read ahead
}

// NewReadAhead makes a lookout.
func NewReadAhead(h Hub, rows Rows, s Siren, find Find, now func() time.Time, log *slog.Logger) *ReadAhead {
	return &ReadAhead{hub: h, rows: rows, siren: s, find: find, now: now, log: log, known: map[string]pulse.Progress{}, read: map[string]int64{}}
}

// Look looks once at every partition.
func (r *ReadAhead) Look(ctx context.Context) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	partitions, err := r.hub.Partitions(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range partitions {
		failed = append(failed, r.look(ctx, p))
	}
	return errors.Join(failed...)
}

func (r *ReadAhead) look(ctx context.Context, p pulse.Partition) error {
	fresh := r.learn(ctx, p.ID)
	known, have := r.known[p.ID]
	after, since, look := pulse.ReadAhead(p, known, have, r.now())
	if !look {
		return nil
	}
	if read, ok := r.read[p.ID]; ok && read > after {
		after = read
	}
	if after >= p.Last {
		return nil
	}
	waiting, err := r.hub.Read(ctx, p.ID, after, since, p.Last, readMost)
	var found []breakglass.Event
	for _, w := range waiting {
		if _, ahead := r.read[p.ID]; !ahead && !pulse.IsHeldUp(w.EnqueuedAt, r.now(), fresh) {
			return err // the oldest has not waited long: nothing is held up
		}
		r.read[p.ID] = w.Sequence
		found = append(found, r.find(ctx, w.Body, w.EnqueuedAt)...)
	}
	if len(found) > 0 {
		r.log.Warn("a partition of the hub is held up: alerting what waits in it", "partition", p.ID, "messages", len(waiting), "events", len(found))
		for _, t := range r.siren.Raise(ctx, found, fmt.Sprintf("not yet recorded: partition %s of the hub is held up", p.ID)) {
			if t.Failure != "" {
				r.log.Error("alarm not delivered", "alert", t.AlertID, "channel", t.Channel, "error", t.Failure)
			}
		}
	}
	return err
}

// learn reads how far the partition has been handled, and says whether storage answered.
func (r *ReadAhead) learn(ctx context.Context, partition string) bool {
	ctx, cancel := context.WithTimeout(ctx, progressFor)
	defer cancel()
	row, err := r.rows.Get(ctx, pulse.Stream, pulse.ProgressPrefix+partition)
	if errors.Is(err, ledger.ErrNotFound) {
		return true
	}
	if err != nil {
		return false
	}
	progress, err := pulse.ReadProgress(row)
	if err != nil {
		r.log.Error("progress cannot be read", "partition", partition, "error", err.Error())
		return true
	}
	if progress.Sequence > r.known[partition].Sequence {
		delete(r.read, partition) // it moves again
	}
	r.known[partition] = progress
	return true
}
