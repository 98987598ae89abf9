package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/ledger"
)

// ErrNoIncident is returned for an id that no incident has.
var ErrNoIncident = errors.New("there is no such incident")

// Answered is the payload of an entry by which somebody answered an incident.
type Answered struct {
	Incident        string                 `json:"incident"`
	Acknowledgement *alert.Acknowledgement `json:"acknowledgement,omitempty"`
	Classification  alert.Classification   `json:"classification,omitempty"`
	By              string                 `json:"by,omitempty"`
	Note            string                 `json:"note,omitempty"`
	Rule            string                 `json:"headlineRule"`
	Severity        detect.Severity        `json:"severity"`
	Headline        string                 `json:"headline"`
	Alert           string                 `json:"alert"` // the notice by which all channels are told
}

// Acknowledge writes down that somebody has seen the incident, and owes a notice of it to all
// channels. What changes nothing (a repeat, an incident that is closed) writes nothing. It returns
// the incident as it then stands, and the notice to send; ErrNoIncident if there is none.
func (j *Journal) Acknowledge(ctx context.Context, id string, a alert.Acknowledgement) (alert.Incident, []*alert.Alert, error) {
	return j.answer(ctx, id, func(w *writer, i *alert.Incident) (Answered, alert.Message, bool) {
		a.At = w.now
		others := slices.DeleteFunc(slices.Clone(j.Channels), func(c string) bool { return c == alert.ChannelTeams })
		if !i.Acknowledge(a, others) {
			return Answered{}, alert.Message{}, false
		}
		m := alert.Message{Progress: alert.ProgressAcknowledged, Emphasis: "Acknowledged by " + a.By, Meaning: "Reminders for what was seen have ended."}
		if len(i.Escalation.Paused) > 0 || i.AcknowledgedThrough < i.LastAlertable {
			m.Progress = "" // a pager must go on
		}
		switch {
		case len(i.Escalation.Paused) > 0:
			m.Meaning = "By the Teams link: reminders go on outside Teams until the link of the fallback channel is used too."
		case i.AcknowledgedThrough < i.LastAlertable:
			m.Meaning = "Newer events have come since the page was read: they are still to be acknowledged."
		}
		m.Facts = []alert.Fact{{Name: "By", Value: a.By}, {Name: "By the link of", Value: a.Via}, {Name: "Through entry", Value: fmt.Sprint(a.Through)}}
		return Answered{Acknowledgement: &a}, m, true
	})
}

// Close classifies the incident and ends it. Otherwise it is like Acknowledge.
func (j *Journal) Close(ctx context.Context, id string, c alert.Classification, by, note string) (alert.Incident, []*alert.Alert, error) {
	return j.answer(ctx, id, func(w *writer, i *alert.Incident) (Answered, alert.Message, bool) {
		if !i.Close(c, by, note, w.now) {
			return Answered{}, alert.Message{}, false
		}
		m := alert.Message{Progress: alert.ProgressClosed, Emphasis: "Closed as " + Words(c) + " by " + by, Meaning: note}
		m.Facts = []alert.Fact{{Name: "By", Value: by}, {Name: "As", Value: Words(c)}}
		return Answered{Classification: c, By: by, Note: note}, m, true
	})
}

// Words names a classification for people.
func Words(c alert.Classification) string {
	if c == alert.FalseAlarm {
		return "false alarm"
	}
	return string(c)
}

type answering func(w *writer, i *alert.Incident) (Answered, alert.Message, bool)

func (j *Journal) answer(ctx context.Context, id string, change answering) (alert.Incident, []*alert.Alert, error) {
	stream, first, err := ParseID(id)
	if err != nil {
		return alert.Incident{}, nil, ErrNoIncident
	}
	// A stream that does not exist must not come to be by asking for an incident in it.
	if _, err := j.Incident(ctx, id); err != nil {
		return alert.Incident{}, nil, err
	}
	var incident alert.Incident
	var alerts []*alert.Alert
	installed, err := j.ledger.InstalledAt(ctx)
	if err != nil {
		return incident, nil, err
	}
	_, err = j.ledger.Append(ctx, stream, func(ctx context.Context, tx *ledger.Tx) error {
		alerts = nil
		w, err := j.write(ctx, tx, stream, installed)
		if err != nil {
			return err
		}
		i, err := w.incident(ctx, first)
		if err != nil {
			return err
		}
		answered, m, changed := change(w, i)
		incident = *i
		if !changed {
			return ledger.ErrNothing
		}
		w.keep(i)
		kind := ledger.KindAcknowledgement
		if answered.Acknowledgement == nil {
			kind = ledger.KindClosing
		}
		if err := w.answered(kind, answered, m, i); err != nil {
			return err
		}
		alerts = w.recorded.Alerts
		return w.finish()
	})
	if err != nil {
		return incident, nil, fmt.Errorf("answer incident %s: %w", id, err)
	}
	return incident, alerts, nil
}

// answered adds the entry of an answer and owes the notice of it.
func (w *writer) answered(kind string, a Answered, m alert.Message, i *alert.Incident) error {
	m.ID = sequenceID(w.stream, w.tx.Next())
	m.Kind, m.Severity, m.Rule, m.Incident, m.Account = alert.MessageNotice, detect.Info, "answered", i.ID, w.label()
	m.Headline, m.HappenedAt = m.Emphasis+": "+i.Headline, i.OpenedAt
	a.Incident, a.Headline, a.Alert, a.Rule, a.Severity = i.ID, m.Headline, m.ID, m.Rule, m.Severity
	payload, err := json.Marshal(a)
	if err != nil {
		return err
	}
	sealed := w.tx.Add(ledger.Entry{Kind: kind, Alertable: ledger.OwesAlert, Time: w.now, Payload: payload})
	return w.owe(m, sealed, nil, true)
}

// Incident reads one incident, or returns ErrNoIncident.
func (j *Journal) Incident(ctx context.Context, id string) (alert.Incident, error) {
	stream, first, err := ParseID(id)
	if err != nil {
		return alert.Incident{}, ErrNoIncident
	}
	row, err := j.ledger.Row(ctx, stream, incidentKey(first))
	if errors.Is(err, ledger.ErrNotFound) {
		return alert.Incident{}, ErrNoIncident
	}
	if err != nil {
		return alert.Incident{}, fmt.Errorf("read incident %s: %w", id, err)
	}
	i, err := readIncident(row)
	if err != nil {
		return alert.Incident{}, err
	}
	return *i, nil
}
