package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/ledger"
)

type installedAt = time.Time

// historicBefore is how long before the installation an event may have happened and still be
// alerted on its own: the hub holds days of records when Glasswatch first starts.
const historicBefore = 24 * time.Hour

// reviewWithin is how soon a use of an account is to be reviewed (design 5.5, after use).
const reviewWithin = 5 * 24 * time.Hour

// writer builds one transaction of one stream. All it changes is thrown away if the transaction
// does not go through, and built anew on what is there by then.
type writer struct {
	*Journal
	tx        *ledger.Tx
	stream    string
	account   string // object id, empty for streams that are not an account's
	installed installedAt
	now       time.Time
	state     state
	incidents []*alert.Incident // those that an event may join, as they will be written
	touched   map[string]bool   // ids of incidents to write
	due       []due
	recorded  Recorded
}

// write begins a transaction: it reads what the stream's head remembers and the incidents that an
// event may join.
func (j *Journal) write(ctx context.Context, tx *ledger.Tx, stream string, installed installedAt) (*writer, error) {
	w := &writer{Journal: j, tx: tx, stream: stream, account: accountOf(stream), installed: installed, now: j.Now().UTC(), touched: map[string]bool{}}
	var err error
	if w.state, err = readState(tx.State()); err != nil {
		return nil, err
	}
	w.state.Incidents = slices.DeleteFunc(w.state.Incidents, func(s span) bool {
		return w.now.Sub(s.Last) > 2*alert.IncidentSpan
	})
	if err := w.readIncidents(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// readIncidents reads the incidents that an event may join, side by side.
func (w *writer) readIncidents(ctx context.Context) error {
	keys := make([]string, len(w.state.Incidents))
	for n, s := range w.state.Incidents {
		keys[n] = incidentKey(s.First)
	}
	rows, err := w.tx.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	for n, key := range keys {
		row, ok := rows[key]
		if !ok {
			return fmt.Errorf("read incident %s: %w", sequenceID(w.stream, w.state.Incidents[n].First), ledger.ErrNotFound)
		}
		incident, err := readIncident(row)
		if err != nil {
			return err
		}
		w.incidents = append(w.incidents, incident)
	}
	return nil
}

// incident reads one incident of the stream.
func (w *writer) incident(ctx context.Context, first uint64) (*alert.Incident, error) {
	for _, known := range w.incidents {
		if known.FirstSequence == first {
			return known, nil
		}
	}
	row, err := w.tx.Get(ctx, incidentKey(first))
	if err != nil {
		return nil, fmt.Errorf("read incident %s: %w", sequenceID(w.stream, first), err)
	}
	return readIncident(row)
}

// Rows that one more event may need beside its own entry: seen, an owed alert, a new incident and
// three things to do later.
const rowsBeside = 6

// fits says whether another group surely fits the transaction.
func (w *writer) fits(g group) bool {
	rows, size := len(w.touched)+len(w.due), 0
	for _, e := range g.events {
		size += len(e.Event.Record.Raw) + len(e.Event.Record.Raw)/4 + 8<<10
		rows += 1 + size/(768<<10) + rowsBeside
	}
	return w.tx.Fits(rows, size)
}

// take writes what is new of one record id.
func (w *writer) take(g group, known seen) error {
	wrote, anew := false, known.revisions == 0
	for _, in := range g.events {
		if known.knows(in.Event.ContentHash) {
			w.recorded.Duplicates++
			continue
		}
		revision, tell := known.admit(in.Event.ContentHash, in.Event.Outcome)
		if err := w.event(in, revision, tell); err != nil {
			return err
		}
		wrote = true
	}
	switch {
	case wrote && anew:
		w.tx.Insert(known.row(g.id)) // emulators look for the row twice before they upsert it, through all of the stream
	case wrote:
		w.tx.Upsert(known.row(g.id))
	}
	return nil
}

// event judges one new content, decides whom to tell, and adds its entry.
func (w *writer) event(in Intake, revision int, tell bool) error {
	verdict := w.judge(in, tell)
	entry := Event{
		Event: in.Event, Account: w.account, Revision: revision, RecordedAt: w.now,
		Rules: verdict.Rules, HeadlineRule: verdict.HeadlineRule, Severity: verdict.Severity, Headline: verdict.Headline,
		Truncated: in.Truncated,
	}
	if entry.Rules == nil {
		entry.Rules = []string{}
	}
	entry.setRaw(in.Event.Record.Raw)
	sequence := w.tx.Next()
	incident, decision := w.decide(in, verdict, tell)
	entry.Reason = string(decision.Reason)
	if incident != nil {
		entry.Incident = incident.ID
	}
	if decision.Alert {
		entry.Alert = sequenceID(w.stream, sequence)
	}
	payload, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("write event %s: %w", in.Event.ID, err)
	}
	sealed := w.tx.Add(ledger.Entry{Kind: ledger.KindEvent, Alertable: owes(decision), Time: w.now, Payload: payload})
	w.recorded.Stored++
	if decision.Alert {
		message := w.eventMessage(in, entry, verdict, decision, sealed)
		if err := w.owe(message, sealed, nil, false); err != nil {
			return err
		}
		w.later(verdict.Due, sequence)
	}
	return nil
}

func owes(d alert.Decision) ledger.Alertable {
	switch {
	case d.Alert:
		return ledger.OwesAlert
	case d.Collect:
		return ledger.OwesSummary
	default:
		return ledger.OwesNothing
	}
}

// judge asks the rules. A revision that is no worse has been judged before and must not count
// twice in the history; what another stream tells of is judged without one.
func (w *writer) judge(in Intake, tell bool) detect.Verdict {
	verdict, history := w.Judge.Judge(in.Event, w.state.History)
	if tell && !in.ToldElsewhere {
		w.state.History = history
	}
	return verdict
}

// decide finds the incident that the event belongs to, and whether people are told at once.
func (w *writer) decide(in Intake, v detect.Verdict, tell bool) (*alert.Incident, alert.Decision) {
	alertable := v.Severity.Alertable()
	switch {
	case in.ToldElsewhere:
		return nil, alert.Decision{Reason: "told in the stream of the account that comes first"}
	case alertable && !tell:
		return nil, alert.Decision{Reason: alert.ReasonNotWorse}
	case alertable && in.Event.Kind == entra.KindUnparsed && w.account == "" && !w.firstOfShape(v):
		return nil, alert.Decision{Reason: alert.ReasonShapeKnown}
	case alertable && in.Event.HappenedAt.Before(w.installed.Add(-historicBefore)) && !in.Event.HappenedAt.IsZero():
		w.collectHistoric()
		return nil, alert.Decision{Collect: true, Reason: alert.ReasonHistoric}
	}
	h := happening(w.tx.Next(), in.Event, v)
	incident := w.join(h)
	if incident == nil && !alertable {
		return nil, alert.Decision{Reason: alert.ReasonNotAlertable}
	}
	if incident == nil {
		begun := alert.Begin(w.stream, w.account, sequenceID(w.stream, h.Sequence), h)
		incident = &begun
		w.incidents = append(w.incidents, incident)
	}
	waiting := incident.Collected.Next
	decision := incident.Admit(h, w.now)
	w.touched[incident.ID] = true
	if next := incident.Collected.Next; !next.Equal(waiting) && !next.IsZero() {
		w.due = append(w.due, due{Kind: dueSummary, Sequence: incident.FirstSequence, At: next})
	}
	if decision.Alert {
		w.arm(incident, v.Severity)
	}
	if h.SignedIn && incident.ReviewDue.IsZero() {
		incident.ReviewDue = w.now.Add(reviewWithin)
	}
	return incident, decision
}

// join finds the incident that the event belongs to: one of the same session first, else the
// newest that it is close to.
func (w *writer) join(h alert.Happening) *alert.Incident {
	var near *alert.Incident
	for _, i := range slices.Backward(w.incidents) {
		if !i.Joinable(h.At, h.Sessions) {
			continue
		}
		if near == nil {
			near = i
		}
		if slices.ContainsFunc(h.Sessions, func(s string) bool { return s != "" && slices.Contains(i.Sessions, s) }) {
			return i
		}
	}
	return near
}

func (w *writer) arm(i *alert.Incident, s detect.Severity) {
	before := i.Escalation.Next
	i.Escalation.Arm(s, w.now, w.AcknowledgeWithin)
	if next := i.Escalation.Next; !next.Equal(before) && !next.IsZero() {
		w.due = append(w.due, due{Kind: dueReminder, Sequence: i.FirstSequence, At: next})
	}
}

// firstOfShape says whether damage of this shape has had no card today, and notes that it has.
func (w *writer) firstOfShape(v detect.Verdict) bool {
	today := w.now.Format(time.DateOnly)
	shape := v.Headline
	if w.state.Shapes[shape] == today {
		return false
	}
	if w.state.Shapes == nil || len(w.state.Shapes) >= maxShapes {
		w.state.Shapes = map[string]string{}
	}
	w.state.Shapes[shape] = today
	return true
}

// collectHistoric notes an event for the one summary of what happened before the installation.
func (w *writer) collectHistoric() {
	c := &w.state.Historic
	if c.Count == 0 {
		c.Since = w.now
	}
	sequence := w.tx.Next()
	if n := len(c.Sequences); n > 0 && c.Sequences[n-1].Last+1 == sequence {
		c.Sequences[n-1].Last = sequence
	} else {
		c.Sequences = append(c.Sequences, alert.Range{First: sequence, Last: sequence})
	}
	c.Count++
	if c.Next.IsZero() {
		c.Next = w.now.Add(alert.SummaryEvery)
		w.due = append(w.due, due{Kind: dueHistoric, Sequence: sequence, At: c.Next})
	}
}

// owe adds the row of an alert that is to be sent.
func (w *writer) owe(m alert.Message, sealed ledger.Sealed, also []alert.Range, everywhere bool) error {
	m.Stream, m.Sequence, m.EntryHash = w.stream, sealed.Sequence, sealed.Hash
	channels, insistent := alert.Route(m, w.Channels, everywhere)
	if m.Severity == detect.Critical && m.Kind == alert.MessageAlert && len(w.Channels) == 1 {
		m.Facts = append(m.Facts, alert.Fact{Name: "Only lock", Value: "No other channel is configured: whoever can read this one can also acknowledge, and so silence it."})
	}
	a := &alert.Alert{
		ID: sequenceID(w.stream, sealed.Sequence), Message: m, OwedAt: w.now, Channels: channels, Insistent: insistent,
		Answers: append([]alert.Range{{First: sealed.Sequence, Last: sealed.Sequence}}, also...),
	}
	row, err := owedRow(a, w.now.Add(alert.SweepAfter), "")
	if err != nil {
		return err
	}
	w.tx.Upsert(row)
	w.recorded.Alerts = append(w.recorded.Alerts, a)
	return nil
}

// finish adds the rows that are written once per transaction.
func (w *writer) finish() error {
	slices.SortFunc(w.incidents, func(a, b *alert.Incident) int { return a.LastEventAt.Compare(b.LastEventAt) })
	for _, i := range w.incidents {
		if !w.touched[i.ID] {
			continue
		}
		row, err := incidentRow(i)
		if err != nil {
			return err
		}
		w.tx.Upsert(row)
	}
	w.state.Incidents = w.state.Incidents[:0]
	for _, i := range w.incidents[max(0, len(w.incidents)-maxSpans):] {
		if i.State != alert.Closed {
			w.state.Incidents = append(w.state.Incidents, span{First: i.FirstSequence, Opened: i.OpenedAt, Last: i.LastEventAt})
		}
	}
	written := map[string]bool{}
	for _, d := range w.due {
		if key := dueKey(d, d.At); !written[key] {
			written[key] = true
			w.tx.Upsert(d.row())
		}
	}
	packed, err := pack(w.state)
	if err != nil {
		return err
	}
	w.tx.SetState(packed)
	return nil
}
