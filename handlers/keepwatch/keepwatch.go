// Package keepwatch sends every minute what is still owed, reminds of what nobody has acknowledged, and looks behind what is stuck.
package keepwatch

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/azfunc"
)

//go:embed function.json
var binding []byte

// Bounds on one run, which begins every minute and must be over well before the next.
const (
	runFor    = 50 * time.Second
	claimMost = 40 // alerts of one stream
)

// Journal is what has been recorded and is still to be done. journal.Journal is one.
type Journal interface {
	Streams(ctx context.Context) ([]string, error)
	Settle(ctx context.Context, stream string) ([]*alert.Alert, error)
	Owed(ctx context.Context, stream, claimant string, most int) ([]*alert.Alert, error)
	Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
}

// Lookout alerts about what waits in the hub behind a batch that cannot be recorded.
type Lookout interface {
	Look(ctx context.Context) error
}

// Options are the parts that keepwatch is built of.
type Options struct {
	Journal  Journal
	Sender   Sender
	Lookout  Lookout // nil: there is no access to the hub
	Notices  *Notices
	Claimant string // tells this process apart from others that sweep at the same time
	// Misconfigured, if not nil, is why nothing is watched. The sweep goes on with what there is.
	Misconfigured error
	Log           *slog.Logger
}

// Keeper is the function.
type Keeper struct{ Options }

// New makes the function.
func New(o Options) *Keeper { return &Keeper{o} }

// Function is how the host calls it.
func (k *Keeper) Function() azfunc.Function {
	return azfunc.Function{Name: "keepwatch", Binding: binding, Invoke: func(ctx context.Context, _ azfunc.Call) (azfunc.Answer, error) {
		said, err := k.Run(ctx)
		return azfunc.Answer{Logs: []string{said}}, err
	}}
}

// Run does one round. What fails in one stream does not stop the others, and is tried again by the
// next round; the error comes after all were tried.
func (k *Keeper) Run(ctx context.Context) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, runFor)
	defer cancel()
	var failed []error
	// First, because it needs no storage and may be the only thing that still works.
	if k.Lookout != nil {
		failed = append(failed, k.Lookout.Look(ctx))
	}
	alerts, err := k.Notices.Due(ctx)
	failed = append(failed, err, k.Misconfigured)
	gathered, err := k.gather(ctx)
	failed = append(failed, err)
	alerts = append(alerts, gathered...)
	attempts := k.Sender.Send(ctx, alerts)
	failed = append(failed, k.deliver(ctx, alerts, attempts))
	delivered := 0
	for _, t := range attempts {
		if t.Failure == "" {
			delivered++
		} else {
			k.Log.Warn("alert not delivered yet", "alert", t.AlertID, "channel", t.Channel, "error", t.Failure)
		}
	}
	return fmt.Sprintf("%d alerts owed, %d deliveries", len(alerts), delivered), errors.Join(failed...)
}

// gather settles what is due in every stream ever written to, also of accounts that are no longer
// configured, and claims what is owed.
func (k *Keeper) gather(ctx context.Context) ([]*alert.Alert, error) {
	streams, err := k.Journal.Streams(ctx)
	if err != nil {
		return nil, err
	}
	var alerts []*alert.Alert
	var failed []error
	for _, stream := range streams {
		settled, err := k.Journal.Settle(ctx, stream)
		failed = append(failed, err)
		owed, err := k.Journal.Owed(ctx, stream, k.Claimant, claimMost)
		failed = append(failed, err)
		alerts = append(alerts, settled...)
		alerts = append(alerts, owed...)
	}
	return alerts, errors.Join(failed...)
}

func (k *Keeper) deliver(ctx context.Context, alerts []*alert.Alert, attempts []alert.Attempt) error {
	streamOf := map[string]string{}
	for _, a := range alerts {
		streamOf[a.ID] = a.Message.Stream
	}
	// What was sent without having been recorded has no receipt to write.
	attempts = slices.DeleteFunc(attempts, func(t alert.Attempt) bool { return streamOf[t.AlertID] == "" })
	slices.SortStableFunc(attempts, func(a, b alert.Attempt) int { return cmp.Compare(streamOf[a.AlertID], streamOf[b.AlertID]) })
	var failed []error
	for len(attempts) > 0 {
		stream := streamOf[attempts[0].AlertID]
		n := 0
		for n < len(attempts) && streamOf[attempts[n].AlertID] == stream {
			n++
		}
		failed = append(failed, k.Journal.Deliver(ctx, stream, attempts[:n]))
		attempts = attempts[n:]
	}
	return errors.Join(failed...)
}
