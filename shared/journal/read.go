package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
	"glasswatch/shared/ledger"
)

// Recording is an event with its place in the ledger.
type Recording struct {
	Event
	Stream    string
	Sequence  uint64
	EntryHash string
	Expired   bool // the record is gone by policy; only the entry's place and time are left
}

// Streams lists the streams that were ever written to, in order of name.
func (j *Journal) Streams(ctx context.Context) ([]string, error) {
	var streams []string
	for s, err := range j.ledger.Streams(ctx) {
		if err != nil {
			return nil, err
		}
		streams = append(streams, s)
	}
	return streams, nil
}

// Events yields the events of one stream in the order in which they were recorded.
func (j *Journal) Events(ctx context.Context, stream string) iter.Seq2[Recording, error] {
	return func(yield func(Recording, error) bool) {
		for stored, err := range j.ledger.Entries(ctx, stream, 1) {
			if err != nil {
				yield(Recording{}, err)
				return
			}
			if stored.Kind != ledger.KindEvent {
				continue
			}
			r, err := recording(stored)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func recording(stored ledger.Stored) (Recording, error) {
	r := Recording{Stream: stored.Stream, Sequence: stored.Sequence, EntryHash: stored.Hash, Expired: stored.Expired}
	if stored.Expired {
		r.RecordedAt, r.Account = stored.Time, accountOf(stored.Stream)
		return r, nil
	}
	payload, err := stored.Unpack()
	if err != nil {
		return r, err
	}
	r.Event, err = ParseEvent(payload)
	if err != nil {
		return r, fmt.Errorf("entry %d of stream %s: %w", stored.Sequence, stored.Stream, err)
	}
	return r, nil
}

// Notified is an alert as a reader sees it, from the ledger and from what is still owed.
type Notified struct {
	ID        string
	Incident  string
	Stream    string
	Sequence  uint64
	Rule      string
	Severity  detect.Severity
	Headline  string
	OwedAt    time.Time
	Delivered bool // nothing is owed any more
	Channels  []alert.ChannelState
}

// Alerts lists every alert of the stream: those that the entries owe, with what receipts and owed
// rows say of their delivery.
func (j *Journal) Alerts(ctx context.Context, stream string) ([]Notified, error) {
	var list []Notified
	at := map[string]int{}
	// Owed rows are read first: an alert that is delivered meanwhile then has its receipt.
	owed, err := j.AllOwed(ctx, stream)
	if err != nil {
		return nil, err
	}
	for stored, err := range j.ledger.Entries(ctx, stream, 1) {
		if err != nil {
			return nil, err
		}
		if stored.Expired || (stored.Alertable != ledger.OwesAlert && stored.Kind != ledger.KindReceipt) {
			continue
		}
		payload, err := stored.Unpack()
		if err != nil {
			return nil, err
		}
		if stored.Kind == ledger.KindReceipt {
			var receipt Receipt
			if err := json.Unmarshal(payload, &receipt); err != nil {
				return nil, fmt.Errorf("receipt %d of stream %s: %w", stored.Sequence, stream, err)
			}
			for _, d := range receipt.Deliveries {
				if n, known := at[d.Alert]; known {
					list[n].Channels, list[n].Delivered = d.Channels, d.Done
				}
			}
			continue
		}
		var owing Told // the fields that every entry which owes an alert has in common
		if err := json.Unmarshal(payload, &owing); err != nil {
			return nil, fmt.Errorf("entry %d of stream %s: %w", stored.Sequence, stream, err)
		}
		n := Notified{
			ID: sequenceID(stream, stored.Sequence), Incident: owing.Incident, Stream: stream, Sequence: stored.Sequence,
			Rule: owing.Rule, Severity: owing.Severity, Headline: owing.Headline, OwedAt: stored.Time,
		}
		at[n.ID] = len(list)
		list = append(list, n)
	}
	for _, a := range owed {
		if n, known := at[a.ID]; known && !list[n].Delivered {
			list[n].Channels = a.Channels
		}
	}
	return list, nil
}

// Incidents lists every incident of the stream, the newest last.
func (j *Journal) Incidents(ctx context.Context, stream string) ([]alert.Incident, error) {
	var list []alert.Incident
	for row, err := range j.ledger.Rows(ctx, stream, "incident|") {
		if err != nil {
			return nil, fmt.Errorf("read the incidents of stream %s: %w", stream, err)
		}
		i, err := readIncident(row)
		if err != nil {
			return nil, err
		}
		list = append(list, *i)
	}
	slices.SortStableFunc(list, func(a, b alert.Incident) int { return a.OpenedAt.Compare(b.OpenedAt) })
	return list, nil
}

// PolicyChange is a change of a policy as the tenant's stream holds it.
type PolicyChange struct {
	At     time.Time
	Object string // id of the policy
	Name   string
	Actor  string // who did it; empty if unknown
	What   string // the activity as the log names it
}

// PolicyChanges lists the policy changes among the newest entries of the tenant's stream.
func (j *Journal) PolicyChanges(ctx context.Context, entries uint64) ([]PolicyChange, error) {
	head, err := j.ledger.Head(ctx, StreamTenant)
	if err != nil || head.Sequence == 0 {
		return nil, err
	}
	var list []PolicyChange
	for stored, err := range j.ledger.Entries(ctx, StreamTenant, head.Sequence-min(entries, head.Sequence)+1) {
		if err != nil {
			return list, err
		}
		if stored.Kind != ledger.KindEvent {
			continue
		}
		r, err := recording(stored)
		if err != nil {
			return list, err
		}
		if c, ok := policyChange(r.Event); ok {
			list = append(list, c)
		}
	}
	return list, nil
}

func policyChange(e Event) (PolicyChange, bool) {
	a := e.Record.Audit
	if a == nil || !a.TargetIsPolicy {
		return PolicyChange{}, false
	}
	c := PolicyChange{At: e.HappenedAt, Actor: a.ActorApp, What: a.Activity}
	if len(a.TargetNames) > 0 {
		c.Name = a.TargetNames[0]
	}
	for _, p := range e.Record.Parties {
		switch {
		case p.Role == entra.RoleActor && p.UserPrincipalName != "":
			c.Actor = p.UserPrincipalName
		case p.Role == entra.RoleTarget && c.Object == "":
			c.Object = p.ObjectID
		}
	}
	return c, c.Object != ""
}
