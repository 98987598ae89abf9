package journal

import (
	"context"
	"fmt"
	"slices"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/ledger"
)

// Intake is an event on its way into one stream.
type Intake struct {
	Event breakglass.Event
	// ToldElsewhere is set in the streams of the accounts that a record names beside its primary
	// one: the event is stored there too, and the primary's stream owes the alert.
	ToldElsewhere bool
	// Mark is shown on the alert: "repeated", "already sent". It never holds an alert back.
	Mark string
	// Facts are added to the alert's own.
	Facts []alert.Fact
	// Truncated is set when the event's record is only the beginning of what came.
	Truncated *Truncated
	// Quiet makes the alert a notice, for one that this process has already sent while the store
	// was gone.
	Quiet bool
}

// Recorded says what became of the events of one stream.
type Recorded struct {
	Alerts     []*alert.Alert // owed since now, to be sent
	Stored     int            // entries written
	Duplicates int            // known already; nothing was written for them
	Rest       []Intake       // after an error: what is not known to be recorded
}

// maxChunk bounds the reads that one transaction begins with; about 45 events fit one.
const maxChunk = 48

// Record writes the events that are new to the stream, in transactions of as many as fit, and
// returns the alerts that they owe; owing, if not nil, also gets them as soon as each transaction
// is committed. When Record returns nil, every event is in the ledger and every alert is owed; an
// event that storage will never take is in the stream of what could not be read. It gives up at
// the first transaction that fails or takes longer than Options.CommitWithin. Recording the same
// events again is harmless: what stands already is a duplicate.
func (j *Journal) Record(ctx context.Context, stream string, events []Intake, owing func([]*alert.Alert)) (Recorded, error) {
	var total Recorded
	groups := fold(events)
	if len(groups) > maxChunk {
		// A flood takes many transactions: a success in the middle of it must not wait for all of them.
		slices.SortStableFunc(groups, func(a, b group) int { return b.worst() - a.worst() })
	}
	most := maxChunk
	for len(groups) > 0 {
		taken, out, err := j.chunk(ctx, stream, groups[:min(most, len(groups))])
		if permanent(err) && stream != StreamUnparsed {
			if most > 1 {
				most = 1 // find out which record it is about
				continue
			}
			out, err = j.divert(ctx, stream, groups[0], err)
			taken = 1
		} else if permanent(err) {
			out, err = j.cut(ctx, groups[0])
			taken = 1
		}
		total.Alerts = append(total.Alerts, out.Alerts...)
		total.Stored += out.Stored
		total.Duplicates += out.Duplicates
		if owing != nil && len(out.Alerts) > 0 {
			owing(out.Alerts)
		}
		if err != nil {
			for _, g := range groups {
				total.Rest = append(total.Rest, g.events...)
			}
			return total, fmt.Errorf("record events in stream %s: %w", stream, err)
		}
		groups, most = groups[taken:], maxChunk
	}
	return total, nil
}

// group is the contents that came under one id: a record and its revisions.
type group struct {
	id     string
	events []Intake
}

// worst is the highest rank among the outcomes of the record's revisions.
func (g group) worst() int {
	rank := 0
	for _, in := range g.events {
		rank = max(rank, in.Event.Outcome.Rank())
	}
	return rank
}

// fold brings the events of one id together, so that each id occurs once in a transaction, and
// drops contents that came twice. The order of ids and of contents is that of arrival.
func fold(events []Intake) []group {
	var groups []group
	at := map[string]int{}
	for _, e := range events {
		n, known := at[e.Event.ID]
		if !known {
			n = len(groups)
			at[e.Event.ID] = n
			groups = append(groups, group{id: e.Event.ID})
		}
		g := &groups[n]
		twice := false
		for _, have := range g.events {
			twice = twice || have.Event.ContentHash == e.Event.ContentHash
		}
		if !twice {
			g.events = append(g.events, e)
		}
	}
	return groups
}

// chunk writes as many of the groups as fit one transaction and says how many that were.
func (j *Journal) chunk(ctx context.Context, stream string, groups []group) (taken int, out Recorded, err error) {
	ctx, cancel := context.WithTimeout(ctx, j.CommitWithin)
	defer cancel()
	installed, err := j.ledger.InstalledAt(ctx)
	if err != nil {
		return 0, out, err
	}
	keys := make([]string, len(groups))
	for n, g := range groups {
		keys[n] = seenKey(g.id)
	}
	_, err = j.ledger.Append(ctx, stream, func(ctx context.Context, tx *ledger.Tx) error {
		taken, out = 0, Recorded{}
		w, err := j.write(ctx, tx, stream, installed)
		if err != nil {
			return err
		}
		seen, err := tx.GetMany(ctx, keys)
		if err != nil {
			return err
		}
		for n, g := range groups {
			if n > 0 && !w.fits(g) {
				break
			}
			known, err := readSeen(seen[keys[n]])
			if err != nil {
				return err
			}
			if err := w.take(g, known); err != nil {
				return err
			}
			taken++
		}
		out = w.recorded
		if out.Stored == 0 {
			return ledger.ErrNothing
		}
		return w.finish()
	})
	if err != nil {
		return 0, Recorded{}, err
	}
	return taken, out, nil
}
