package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/ledger"
)

// settleMost bounds how many due rows of one stream one call works off; the rest waits for the next.
const settleMost = 50

// Settle does what has become due in the stream: summaries of what was collected, reminders that
// nobody has acknowledged, and second looks. It returns the alerts that this owes. Each due row is
// worked off in one transaction with what it causes, so that it happens once, whoever settles.
func (j *Journal) Settle(ctx context.Context, stream string) ([]*alert.Alert, error) {
	now := j.Now().UTC()
	var alerts []*alert.Alert
	n := 0
	until := "due|" + now.Add(time.Second).Format(dueTime)
	for row, err := range j.ledger.Rows(ctx, stream, "due|") {
		if err != nil {
			return alerts, fmt.Errorf("read what is due in stream %s: %w", stream, err)
		}
		if n++; n > settleMost || row.Key >= until {
			break
		}
		made, err := j.settle(ctx, stream, row.Key)
		if err != nil {
			return alerts, fmt.Errorf("settle %s in stream %s: %w", row.Key, stream, err)
		}
		alerts = append(alerts, made...)
	}
	return alerts, nil
}

func (j *Journal) settle(ctx context.Context, stream, key string) ([]*alert.Alert, error) {
	installed, err := j.ledger.InstalledAt(ctx)
	if err != nil {
		return nil, err
	}
	var alerts []*alert.Alert
	_, err = j.ledger.Append(ctx, stream, func(ctx context.Context, tx *ledger.Tx) error {
		alerts = nil
		row, err := tx.Get(ctx, key)
		if errors.Is(err, ledger.ErrNotFound) {
			return ledger.ErrNothing // somebody else was faster
		}
		if err != nil {
			return err
		}
		d, err := readDue(row)
		if err != nil {
			return err
		}
		w, err := j.write(ctx, tx, stream, installed)
		if err != nil {
			return err
		}
		if err := w.settle(ctx, d); err != nil {
			return err
		}
		tx.Delete(key)
		alerts = w.recorded.Alerts
		return w.finish()
	})
	return alerts, err
}

func (w *writer) settle(ctx context.Context, d due) error {
	switch d.Kind {
	case dueSummary:
		return w.summarise(ctx, d)
	case dueReminder:
		return w.remind(ctx, d)
	case dueHistoric:
		return w.tellHistory()
	case dueSuccess, duePolicy:
		return w.lookAgain(ctx, d)
	default:
		return fmt.Errorf("due row of unknown kind %q: a newer version wrote it", d.Kind)
	}
}

// Told is the payload of an entry that tells people of something that is not itself an event.
type Told struct {
	What     string          `json:"what"` // summary, reminder, history, secondLook, …
	Rule     string          `json:"headlineRule,omitempty"`
	Severity detect.Severity `json:"severity"`
	Headline string          `json:"headline"`
	Incident string          `json:"incident,omitempty"`
	Alert    string          `json:"alert"`
	At       time.Time       `json:"at"`
	Covers   []alert.Range   `json:"covers,omitempty"` // entries that it tells of
	Step     int             `json:"step,omitempty"`
}

// tell adds an entry that owes a message of its own.
func (w *writer) tell(kind string, t Told, m alert.Message, everywhere bool) error {
	sequence := w.tx.Next()
	m.ID = sequenceID(w.stream, sequence)
	t.Alert, t.At, t.Headline, t.Severity, t.Incident, t.Rule = m.ID, w.now, m.Headline, m.Severity, m.Incident, m.Rule
	payload, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("write a %s: %w", t.What, err)
	}
	sealed := w.tx.Add(ledger.Entry{Kind: kind, Alertable: ledger.OwesAlert, Time: w.now, Payload: payload})
	return w.owe(m, sealed, t.Covers, everywhere)
}

func (w *writer) summarise(ctx context.Context, d due) error {
	i, err := w.incident(ctx, d.Sequence)
	if err != nil {
		return err
	}
	c := i.Collected
	if c.Count == 0 || c.Next.After(w.now) {
		return nil
	}
	w.keep(i)
	m := alert.Message{
		Kind: alert.MessageSummary, Severity: i.Severity, Rule: "summary", Incident: i.ID, Account: w.label(), HappenedAt: i.LastEventAt,
		Emphasis: fmt.Sprintf("%d more events", c.Count),
		Meaning:  "They are of kinds that were alerted before. Each of them is in the ledger; anything new would have alerted on its own.",
		Actions:  []string{"Open the incident and look through its timeline."},
		Facts: []alert.Fact{
			{Name: "First of the incident", Value: i.Headline},
			{Name: "Collected since", Value: c.Since.UTC().Format("2006-01-02 15:04:05 UTC")},
			{Name: "In the incident", Value: fmt.Sprintf("%d events", i.Events)},
		},
	}
	if c.Campaign {
		m.Severity = min2(i.Severity, detect.High)
		m.Rule = "signin-failed"
		m.Emphasis = fmt.Sprintf("%d more failed attempts", c.Count)
		m.Meaning = "Somebody goes on trying passwords. None of these attempts succeeded, passed the first factor or was a block: that would have alerted at once."
	}
	m.Headline = m.Emphasis
	if label := w.label(); label != "" {
		m.Headline += " on " + label
	}
	m.Headline += " in " + alert.Duration(w.now.Sub(c.Since))
	covers := c.Sequences
	i.Summarised()
	if !c.Campaign && i.State == alert.Acknowledged {
		i.State = alert.Open
	}
	return w.tell(ledger.KindSummary, Told{What: "summary", Covers: covers}, m, false)
}

func min2(a, b detect.Severity) detect.Severity {
	if a.Rank() < b.Rank() {
		return a
	}
	return b
}

// keep makes sure that the incident is written with this transaction.
func (w *writer) keep(i *alert.Incident) {
	if !slices.Contains(w.incidents, i) {
		w.incidents = append(w.incidents, i)
	}
	w.touched[i.ID] = true
}

func (w *writer) remind(ctx context.Context, d due) error {
	i, err := w.incident(ctx, d.Sequence)
	if err != nil {
		return err
	}
	e := i.Escalation
	if i.State == alert.Closed || e.Next.IsZero() || e.Next.After(w.now) {
		return nil
	}
	w.keep(i)
	i.Escalation.Advance(i.Severity, w.now)
	if next := i.Escalation.Next; !next.IsZero() {
		w.due = append(w.due, due{Kind: dueReminder, Sequence: i.FirstSequence, At: next})
	}
	said := fmt.Sprintf("Reminder %d: nobody has acknowledged", i.Escalation.Step)
	meaning := "The alert was delivered, but nobody has said that it was seen."
	if len(e.Paused) > 0 {
		said = fmt.Sprintf("Reminder %d: acknowledged in Teams only", i.Escalation.Step)
		meaning = "A critical alert needs an acknowledgement by the link of the fallback channel too: whoever got in may read Teams."
	}
	m := alert.Message{
		Kind: alert.MessageEscalation, Severity: i.Severity, Rule: "escalation", Incident: i.ID, Account: w.label(), HappenedAt: i.OpenedAt,
		Emphasis: said, Headline: said + ": " + i.Headline, Meaning: meaning,
		Actions: []string{"Open the incident and acknowledge it.", "If this was not expected, treat it as a break-in."},
		Facts: []alert.Fact{
			{Name: "Open for", Value: alert.Duration(w.now.Sub(e.Since))},
			{Name: "Events", Value: fmt.Sprint(i.Events)},
		},
		Skip: e.Paused,
	}
	return w.tell(ledger.KindNotice, Told{What: "reminder", Step: i.Escalation.Step}, m, true)
}

// tellHistory tells in one message of all that had happened before the installation.
func (w *writer) tellHistory() error {
	c := w.state.Historic
	if c.Count == 0 {
		return nil
	}
	w.state.Historic = alert.Collection{}
	m := alert.Message{
		Kind: alert.MessageSummary, Severity: detect.Medium, Rule: "history", Account: w.label(),
		Emphasis: fmt.Sprintf("%d events from before the installation", c.Count),
		Meaning:  "The hub still held them when Glasswatch first looked. They are in the ledger like all others and are told together, once.",
		Actions:  []string{"Read them with `glasswatch events`, and check that each use was yours."},
		Facts:    []alert.Fact{{Name: "Installed", Value: w.installed.UTC().Format("2006-01-02 15:04:05 UTC")}},
	}
	m.Headline = m.Emphasis
	if label := w.label(); label != "" {
		m.Headline += " on " + label
	}
	return w.tell(ledger.KindSummary, Told{What: "history", Covers: c.Sequences}, m, false)
}

// lookAgain judges an event a second time, now that what it waited for has come or has not.
func (w *writer) lookAgain(ctx context.Context, d due) error {
	e, err := w.readEvent(ctx, d.Sequence)
	if err != nil || e.Incident == "" {
		return err
	}
	kind := detect.DueSuccess
	if d.Kind == duePolicy {
		kind = detect.DuePolicy
	}
	again, worse := w.Judge.Again(e.Event, detect.Due{Kind: kind, At: d.At}, w.state.History)
	w.later(again.Due, d.Sequence)
	if !worse {
		return nil
	}
	_, first, err := ParseID(e.Incident)
	if err != nil {
		return err
	}
	i, err := w.incident(ctx, first)
	if err != nil {
		return err
	}
	w.keep(i)
	m := alert.Message{
		Kind: alert.MessageAlert, Severity: again.Severity, Rule: again.HeadlineRule, Incident: i.ID, Account: w.label(),
		Headline: again.Headline, Emphasis: again.Emphasis, Meaning: again.Meaning, Actions: again.Actions,
		HappenedAt: e.HappenedAt, Links: w.Links(w.account, e.Kind), Mark: "second look",
	}
	for _, f := range again.Facts {
		m.Facts = append(m.Facts, alert.Fact(f))
	}
	if again.Severity.Rank() > i.Severity.Rank() {
		i.Severity, i.Headline = again.Severity, again.Headline
	}
	i.LastSequence, i.LastAlertable = w.tx.Next(), w.tx.Next()
	i.State = alert.Open
	w.arm(i, again.Severity)
	return w.tell(ledger.KindNotice, Told{What: "secondLook"}, m, false)
}

// readEvent reads one event of the stream.
func (w *writer) readEvent(ctx context.Context, sequence uint64) (Event, error) {
	stored, err := w.ledger.Entry(ctx, w.stream, sequence)
	if err != nil {
		return Event{}, err
	}
	if stored.Kind != ledger.KindEvent || stored.Expired {
		return Event{}, nil
	}
	payload, err := stored.Unpack()
	if err != nil {
		return Event{}, err
	}
	return ParseEvent(payload)
}
