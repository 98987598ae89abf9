package watchlogs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/journal"
)

// afterwards is how long what follows a commit may still take when the batch's own time is over.
const afterwards = 15 * time.Second

// record writes the events of one stream, sends each alert as soon as its entry stands, and writes
// the receipts. If storage fails, the alarm goes out without it: the account may be in use in the
// very outage that took storage away.
func (w *Watcher) record(ctx context.Context, stream string, intake []journal.Intake) result {
	var (
		sending  sync.WaitGroup
		lock     sync.Mutex
		attempts []alert.Attempt
	)
	send := func(alerts []*alert.Alert) {
		sending.Go(func() {
			made := w.Sender.Send(ctx, alerts)
			lock.Lock()
			defer lock.Unlock()
			attempts = append(attempts, made...)
		})
	}
	recorded, err := w.Recorder.Record(ctx, stream, intake, send)
	if err != nil {
		w.Log.Error("events could not be recorded: alerting without the ledger", "stream", stream, "events", len(recorded.Rest), "error", err.Error())
		made := w.Siren.Raise(ctx, events(recorded.Rest), notRecorded)
		for _, failure := range failures(made) {
			w.Log.Error("alarm not delivered", "alert", failure)
		}
		err = fmt.Errorf("record events in stream %s: %w", stream, err)
	}
	sending.Wait()
	w.receipts(ctx, stream, attempts)
	return result{recorded, err}
}

// receipts writes down what was delivered. If that fails the alerts stay owed, and a sweep sends
// them once more: a repeated alert is better than a lost one.
func (w *Watcher) receipts(ctx context.Context, stream string, attempts []alert.Attempt) {
	if len(attempts) == 0 {
		return
	}
	for _, failure := range failures(attempts) {
		w.Log.Warn("alert not delivered yet", "alert", failure)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := w.Recorder.Deliver(ctx, stream, attempts); err != nil {
		w.Log.Error("receipts could not be written: the alerts will be sent again", "stream", stream, "error", err.Error())
	}
}
