package watchlogs

import (
	"context"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
	"glasswatch/shared/journal"
)

// route turns messages into events and sorts them by the stream that they belong to. An account's
// record goes into its stream, and into that of every other account that it names; only the first
// of them owes the alert.
func (w *Watcher) route(ctx context.Context, messages []Message, at Arrival) map[string][]journal.Intake {
	streams := map[string][]journal.Intake{}
	put := func(stream string, e breakglass.Event, elsewhere bool) {
		in := journal.Intake{Event: e, ToldElsewhere: elsewhere}
		if sent, ok := w.Siren.Sent(e.ID); ok {
			in.Mark, in.Quiet = "already sent at "+sent.UTC().Format("15:04:05 UTC")+", now recorded", true
		} else if at.Repeated {
			in.Mark = "repeated: the batch was tried before, so this may have been sent already"
		}
		streams[stream] = append(streams[stream], in)
	}
	for _, m := range messages {
		arrival := breakglass.Arrival{ReachedAt: at.ReachedAt, EnqueuedAt: m.EnqueuedAt, Source: at.Source}
		records, damaged := entra.Parse(m.Body)
		for _, rec := range records {
			if w.Refresh != nil && rec.Audit != nil && rec.Audit.TargetIsPolicy {
				w.Refresh(ctx)
			}
			if rec.Kind == entra.KindCanary {
				put(journal.StreamPulse, breakglass.NewEvent(rec, arrival), false)
				continue
			}
			e, named := w.Accounts.Event(rec, arrival)
			if !named && w.Tenant.TenantWide(rec) {
				put(journal.StreamTenant, breakglass.NewEvent(rec, arrival), false)
				continue
			}
			for n, account := range e.Accounts {
				put(journal.AccountStream(account), e, n > 0)
			}
			if w.Recovery != nil && e.Kind == entra.KindSignIn && e.Outcome == breakglass.OutcomeSuccess {
				own := streams[journal.AccountStream(e.Account)]
				own[len(own)-1].Facts = w.recovery(ctx, e.HappenedAt)
			}
		}
		// One entry per message, however many pieces of it are broken.
		if len(damaged) == 1 {
			put(journal.StreamUnparsed, breakglass.UnparsedEvent(damaged[0].Raw, damaged[0], arrival), false)
		} else if len(damaged) > 1 {
			put(journal.StreamUnparsed, breakglass.UnparsedEvent(m.Body, damaged[0], arrival), false)
		}
	}
	return streams
}

// notRecorded marks an alarm that went out before its entry could be written.
const notRecorded = "not yet recorded"

// arrival is what the batch says of itself.
func (b batch) arrival(now time.Time) Arrival {
	return Arrival{ReachedAt: now.UTC(), Source: breakglass.SourceHub, Repeated: b.meta.RetryCount > 0}
}

// events lists the events of an intake that owe their alert here.
func events(intake []journal.Intake) []breakglass.Event {
	var list []breakglass.Event
	for _, in := range intake {
		if !in.ToldElsewhere && !in.Quiet {
			list = append(list, in.Event)
		}
	}
	return list
}

// failures lists what channels did not take, for the log.
func failures(attempts []alert.Attempt) []string {
	var list []string
	for _, t := range attempts {
		if t.Failure != "" {
			list = append(list, t.AlertID+" on "+t.Channel+": "+t.Failure)
		}
	}
	return list
}

// Find makes events of one message, for whoever alerts without recording.
func (w *Watcher) Find(ctx context.Context, body []byte, enqueued time.Time) []breakglass.Event {
	var found []breakglass.Event
	at := Arrival{ReachedAt: w.Now().UTC(), Source: breakglass.SourceHub}
	for _, intake := range w.route(ctx, []Message{{Body: body, EnqueuedAt: enqueued}}, at) {
		found = append(found, events(intake)...)
	}
	return found
}

// recoverFor bounds what may delay the alert of a sign-in.
const recoverFor = 500 * time.Millisecond

func (w *Watcher) recovery(ctx context.Context, at time.Time) []alert.Fact {
	ctx, cancel := context.WithTimeout(ctx, recoverFor)
	defer cancel()
	return w.Recovery(ctx, at)
}
