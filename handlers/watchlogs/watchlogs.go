// Package watchlogs takes in what Entra logs, finds what concerns the break-glass accounts, records it and alerts.
package watchlogs

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
	"glasswatch/shared/journal"
)

//go:embed function.json
var binding []byte

// Recorder writes events and receipts into the ledger. journal.Journal is one.
type Recorder interface {
	Record(ctx context.Context, stream string, events []journal.Intake, owing func([]*alert.Alert)) (journal.Recorded, error)
	Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
}

// Siren alerts without the ledger. siren.Siren is one.
type Siren interface {
	Raise(ctx context.Context, events []breakglass.Event, mark string) []alert.Attempt
	Sent(event string) (time.Time, bool)
}

// TenantRules says which records matter although they name no watched account. detect.Detector
// is one.
type TenantRules interface {
	TenantWide(rec entra.Record) bool
}

// Options are the parts that watchlogs is built of. All are required but Progress.
type Options struct {
	Scanner  *entra.Scanner
	Accounts breakglass.Accounts
	Tenant   TenantRules
	Recorder Recorder
	Sender   Sender
	Siren    Siren
	Progress *Progress // nil: progress is not noted
	// Refresh, if not nil, is called before a policy change is judged, so that the newest posture
	// snapshot is at hand.
	Refresh func(ctx context.Context)
	// Recovery, if not nil, says on the card of a successful sign-in what probably locked people out.
	Recovery func(ctx context.Context, at time.Time) []alert.Fact
	// Misconfigured, if not nil, is why nothing can be watched: every batch is then refused, so
	// that the host keeps it until the settings are mended.
	Misconfigured error
	Now           func() time.Time
	Log           *slog.Logger
}

// Watcher is the function. It is safe for concurrent use.
type Watcher struct{ Options }

// New makes the function.
func New(o Options) *Watcher { return &Watcher{o} }

// Function is how the host calls it.
func (w *Watcher) Function() azfunc.Function {
	return azfunc.Function{Name: "watchlogs", Binding: binding, Invoke: func(ctx context.Context, call azfunc.Call) (azfunc.Answer, error) {
		said, err := w.Process(ctx, call.Body)
		return azfunc.Answer{Logs: []string{said}}, err
	}}
}

// Process handles one batch as the host sends it. When it returns nil, whatever in the batch
// concerns a watched account is in the ledger and its alerts are owed. An error means that the
// host must send the batch again.
func (w *Watcher) Process(ctx context.Context, body io.Reader) (said string, err error) {
	if w.Misconfigured != nil {
		return "", fmt.Errorf("nothing can be watched: %w", w.Misconfigured)
	}
	batch, err := w.open(body)
	if err != nil {
		return "", fmt.Errorf("read the batch: %w", err)
	}
	outcome, err := w.Take(ctx, batch.messages, batch.arrival(w.Now()))
	if err != nil {
		return "", err
	}
	w.Progress.note(ctx, batch, w.Now().UTC(), w.Log)
	return fmt.Sprintf("%d messages, %d looked at, %d events stored, %d known already, %d alerts",
		batch.total, len(batch.messages), outcome.Stored, outcome.Duplicates, outcome.Alerts), nil
}

// Outcome says what became of a batch.
type Outcome struct {
	Stored, Duplicates, Alerts int
}

// Message is one hub message that may concern a watched account.
type Message struct {
	Body       []byte
	EnqueuedAt time.Time // zero if unknown
}

// Arrival is what holds for all messages of a batch.
type Arrival struct {
	ReachedAt time.Time
	Source    breakglass.Source
	Repeated  bool // the host has tried this batch before
}

// Take finds the events in the messages, records them, and sends the alerts that they owe. It is
// the one path by which anything becomes an alert: from the hub, from a replay, or from Graph.
// One stream's failure does not stop the others; the error comes after all were tried.
func (w *Watcher) Take(ctx context.Context, messages []Message, at Arrival) (Outcome, error) {
	var (
		streams = w.route(ctx, messages, at)
		results = make(chan result, len(streams))
		total   Outcome
		failed  []error
	)
	for stream, events := range streams {
		go func() { results <- w.record(ctx, stream, events) }()
	}
	for range streams {
		r := <-results
		total.Stored += r.recorded.Stored
		total.Duplicates += r.recorded.Duplicates
		total.Alerts += len(r.recorded.Alerts)
		failed = append(failed, r.err)
	}
	return total, errors.Join(failed...)
}

type result struct {
	recorded journal.Recorded
	err      error
}
