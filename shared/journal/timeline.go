package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/ledger"
)

// Moment is one line of an incident's timeline.
type Moment struct {
	At        time.Time // when it happened, for events; when it was recorded, for the rest
	Sequence  uint64
	EntryHash string
	Kind      string // kind of ledger entry
	Severity  detect.Severity
	Headline  string
	Event     *Event    // set for events
	Answered  *Answered // set for acknowledgements and closings
	Channels  []alert.ChannelState
	Reason    string
}

// Timeline is what the ledger holds of one incident, in the order in which it was recorded.
type Timeline struct {
	Incident alert.Incident
	Moments  []Moment
	Left     int // moments between the first and the last that are left out
}

// Timeline reads an incident with its first and its last moments, at most the given number of
// each, or returns ErrNoIncident. The cost grows with the entries since the incident began.
func (j *Journal) Timeline(ctx context.Context, id string, each int) (Timeline, error) {
	incident, err := j.Incident(ctx, id)
	if err != nil {
		return Timeline{}, err
	}
	t := Timeline{Incident: incident}
	var last []Moment
	told := map[string][]alert.ChannelState{}
	for stored, err := range j.ledger.Entries(ctx, incident.Stream, incident.FirstSequence) {
		if err != nil {
			return t, fmt.Errorf("read incident %s: %w", id, err)
		}
		m, mine, err := moment(stored, id, told)
		if err != nil {
			return t, err
		}
		switch {
		case !mine:
		case len(t.Moments) < each:
			t.Moments = append(t.Moments, m)
		default:
			if last = append(last, m); len(last) > each {
				last = last[1:]
				t.Left++
			}
		}
	}
	t.Moments = append(t.Moments, last...)
	owed, err := j.AllOwed(ctx, incident.Stream)
	if err != nil {
		return t, err
	}
	for _, a := range owed {
		if told[a.ID] == nil {
			told[a.ID] = a.Channels
		}
	}
	for n := range t.Moments {
		t.Moments[n].Channels = told[sequenceID(incident.Stream, t.Moments[n].Sequence)]
	}
	return t, nil
}

// moment reads one entry; mine says whether it belongs to the incident. Receipts are noted in told.
func moment(stored ledger.Stored, id string, told map[string][]alert.ChannelState) (m Moment, mine bool, err error) {
	if stored.Expired {
		return m, false, nil
	}
	payload, err := stored.Unpack()
	if err != nil {
		return m, false, err
	}
	m = Moment{At: stored.Time, Sequence: stored.Sequence, EntryHash: stored.Hash, Kind: stored.Kind}
	switch stored.Kind {
	case ledger.KindEvent:
		e, err := ParseEvent(payload)
		if err != nil {
			return m, false, err
		}
		m.At, m.Severity, m.Headline, m.Event, m.Reason = e.HappenedAt, e.Severity, e.Headline, &e, e.Reason
		return m, e.Incident == id, nil
	case ledger.KindReceipt:
		var r Receipt
		if err := json.Unmarshal(payload, &r); err != nil {
			return m, false, fmt.Errorf("receipt %d of stream %s: %w", stored.Sequence, stored.Stream, err)
		}
		for _, d := range r.Deliveries {
			told[d.Alert] = d.Channels
		}
		return m, false, nil
	case ledger.KindAcknowledgement, ledger.KindClosing:
		var a Answered
		if err := json.Unmarshal(payload, &a); err != nil {
			return m, false, fmt.Errorf("entry %d of stream %s: %w", stored.Sequence, stored.Stream, err)
		}
		m.Headline, m.Answered = a.Headline, &a
		return m, a.Incident == id, nil
	default:
		var t Told
		if err := json.Unmarshal(payload, &t); err != nil {
			return m, false, fmt.Errorf("entry %d of stream %s: %w", stored.Sequence, stored.Stream, err)
		}
		m.Severity, m.Headline = t.Severity, t.Headline
		return m, t.Incident == id, nil
	}
}
