package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/ledger"
)

// Receipt is the payload of an entry of kind receipt: who was told of what, when.
type Receipt struct {
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is how far one alert's delivery had come.
type Delivery struct {
	Alert    string               `json:"alert"`
	Channels []alert.ChannelState `json:"channels"`
	Done     bool                 `json:"done"` // nothing more is owed
}

// maxReceipts bounds the alerts whose state one transaction writes.
const maxReceipts = 40

// Owed lists the alerts of a stream that are still owed and that nobody is sending now, and claims
// them for a minute under the claimant's name, so that two senders do not send the same.
// It claims at most the given number, oldest first.
func (j *Journal) Owed(ctx context.Context, stream, claimant string, most int) ([]*alert.Alert, error) {
	now := j.Now().UTC()
	var owed []*alert.Alert
	for row, err := range j.ledger.Rows(ctx, stream, "owed|") {
		if err != nil {
			return owed, fmt.Errorf("read what stream %s owes: %w", stream, err)
		}
		if until, ok := row.Columns["ClaimedUntil"].(time.Time); ok && until.After(now) {
			continue
		}
		a, err := readOwed(row)
		if err != nil {
			return owed, err
		}
		if len(a.Due(now)) == 0 {
			continue
		}
		if len(owed) >= most {
			break
		}
		row.Columns["ClaimedUntil"], row.Columns["ClaimedBy"] = now.Add(alert.ClaimFor), claimant
		mine, err := j.ledger.Claim(ctx, stream, row)
		if err != nil {
			return owed, err
		}
		if mine {
			owed = append(owed, a)
		}
	}
	return owed, nil
}

// AllOwed lists every alert that the stream owes, whoever is sending it. It changes nothing.
func (j *Journal) AllOwed(ctx context.Context, stream string) ([]*alert.Alert, error) {
	var owed []*alert.Alert
	for row, err := range j.ledger.Rows(ctx, stream, "owed|") {
		if err != nil {
			return owed, fmt.Errorf("read what stream %s owes: %w", stream, err)
		}
		a, err := readOwed(row)
		if err != nil {
			return owed, err
		}
		owed = append(owed, a)
	}
	return owed, nil
}

// Deliver writes down what came of sending alerts of one stream: a receipt for what was delivered,
// the end of what is no longer owed, and the state of the rest, in one transaction per forty
// alerts. An attempt for an alert that is owed no more changes nothing, so that of two senders
// only the first leaves a receipt.
func (j *Journal) Deliver(ctx context.Context, stream string, attempts []alert.Attempt) error {
	byAlert := map[string][]alert.Attempt{}
	var ids []string
	for _, t := range attempts {
		if byAlert[t.AlertID] == nil {
			ids = append(ids, t.AlertID)
		}
		byAlert[t.AlertID] = append(byAlert[t.AlertID], t)
	}
	for len(ids) > 0 {
		n := min(len(ids), maxReceipts)
		if err := j.deliver(ctx, stream, ids[:n], byAlert); err != nil {
			return fmt.Errorf("write receipts in stream %s: %w", stream, err)
		}
		ids = ids[n:]
	}
	return nil
}

func (j *Journal) deliver(ctx context.Context, stream string, ids []string, attempts map[string][]alert.Attempt) error {
	_, err := j.ledger.Append(ctx, stream, func(ctx context.Context, tx *ledger.Tx) error {
		var receipt Receipt
		var answers []alert.Range
		changed := false
		for _, id := range ids {
			_, sequence, err := ParseID(id)
			if err != nil {
				return err
			}
			row, err := tx.Get(ctx, owedKey(sequence))
			if errors.Is(err, ledger.ErrNotFound) {
				continue // another sender was first
			}
			if err != nil {
				return err
			}
			a, err := readOwed(row)
			if err != nil {
				return err
			}
			told := a.Told()
			applied, delivered := false, false
			for _, t := range attempts[id] {
				if a.Apply(t) {
					applied = true
					delivered = delivered || t.Failure == ""
				}
			}
			if !applied {
				continue
			}
			changed = true
			if delivered {
				receipt.Deliveries = append(receipt.Deliveries, Delivery{Alert: id, Channels: a.Channels, Done: a.Done()})
			}
			if delivered && !told {
				answers = append(answers, a.Answers...)
			}
			if a.Done() {
				tx.DeleteIf(row.Key, row.ETag)
				continue
			}
			again, err := owedRow(a, time.Time{}, "")
			if err != nil {
				return err
			}
			tx.Upsert(again)
		}
		if !changed {
			return ledger.ErrNothing
		}
		if len(receipt.Deliveries) == 0 {
			return nil
		}
		payload, err := json.Marshal(receipt)
		if err != nil {
			return err
		}
		tx.Add(ledger.Entry{Kind: ledger.KindReceipt, Time: j.Now().UTC(), Refs: sequences(answers), Payload: payload})
		return nil
	})
	return err
}

// sequences spells the ranges out, ascending and without repeats.
func sequences(ranges []alert.Range) []uint64 {
	var all []uint64
	for _, r := range ranges {
		for n := r.First; n <= r.Last; n++ {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
