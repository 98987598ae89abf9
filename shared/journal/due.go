package journal

import (
	"fmt"
	"math"
	"time"

	"glasswatch/shared/detect"
	"glasswatch/shared/ledger"
)

// due is something to do later. Its row stands until that was done, so that no process has to
// live until then.
type due struct {
	Kind     dueKind
	Sequence uint64 // of the event, or of the incident's first
	At       time.Time
}

type dueKind string

const (
	dueSummary  dueKind = "summary"  // tell what an incident has collected
	dueReminder dueKind = "reminder" // nobody has acknowledged
	dueHistoric dueKind = "historic" // tell what happened before the installation
	dueSuccess  dueKind = "success"  // a sign-in was interrupted: did a success follow?
	duePolicy   dueKind = "policy"   // the effect of a policy change was not known
)

func (d due) row() ledger.Row {
	return ledger.Row{Key: dueKey(d, d.At), Columns: map[string]any{
		"FormatVersion": int64(1),
		"What":          string(d.Kind),
		"Sequence":      int64(min(d.Sequence, math.MaxInt64)),
		"At":            d.At.UTC(),
	}}
}

func readDue(row ledger.Row) (due, error) {
	what, ok := row.Columns["What"].(string)
	sequence, okSequence := row.Columns["Sequence"].(int64)
	at, okAt := row.Columns["At"].(time.Time)
	if !ok || !okSequence || !okAt || sequence < 0 {
		return due{}, fmt.Errorf("row %s does not hold what was written to it", row.Key)
	}
	return due{Kind: dueKind(what), Sequence: uint64(sequence), At: at}, nil
}

// latest is how far ahead something may be due: the time in a record may lie anywhere.
const latest = time.Hour

// later notes what the rules asked to look at again. Only events that were alerted are looked at
// again, so that a flood of attempts makes no flood of these.
func (w *writer) later(asked []detect.Due, sequence uint64) {
	for _, d := range asked {
		at := d.At
		if end := w.now.Add(latest); at.After(end) {
			at = end
		}
		switch d.Kind {
		case detect.DueSuccess:
			w.due = append(w.due, due{Kind: dueSuccess, Sequence: sequence, At: at})
		case detect.DuePolicy:
			w.due = append(w.due, due{Kind: duePolicy, Sequence: sequence, At: at})
		}
	}
}
