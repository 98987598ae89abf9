package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/ledger"
)

// StreamPosture holds the daily findings, what was approved, and the newest snapshot.
const StreamPosture = "posture"

// The rows beside the entries of the posture stream: what the next run and the rules read.
const (
	snapshotKey = "snapshot"
	findingsKey = "findings"
	baselineKey = "baseline"
)

// pieceSize is what one binary property holds at most.
const pieceSize = 64 << 10

// maxDocument bounds a stored document, compressed: one row holds it.
const maxDocument = 13 * pieceSize

// Run is what one run of the posture suite leaves behind. All documents are JSON.
type Run struct {
	At       time.Time
	Snapshot []byte          // for the rules, until the next run
	Findings []byte          // for the next run to compare with
	Told     []alert.Message // what people are to be told, each an alert of its own
}

// findingEntry is the payload of an entry of kind finding.
type findingEntry struct {
	At       time.Time       `json:"at"`
	Findings json.RawMessage `json:"findings"`
}

// RecordRun writes a run down: its findings as an entry, the snapshot and the findings for who reads
// them next, and the messages that it owes.
func (j *Journal) RecordRun(ctx context.Context, r Run) ([]*alert.Alert, error) {
	payload, err := json.Marshal(findingEntry{At: r.At, Findings: r.Findings})
	if err != nil {
		return nil, fmt.Errorf("write the findings: %w", err)
	}
	snapshot, err := document(snapshotKey, r.At, r.Snapshot)
	if err != nil {
		return nil, err
	}
	findings, err := document(findingsKey, r.At, r.Findings)
	if err != nil {
		return nil, err
	}
	return j.inPosture(ctx, func(w *writer) error {
		w.tx.Add(ledger.Entry{Kind: ledger.KindFinding, Time: w.now, Payload: payload})
		w.tx.Upsert(snapshot)
		w.tx.Upsert(findings)
		for _, m := range r.Told {
			if err := w.tell(ledger.KindNotice, Told{What: "posture"}, m, m.Kind == alert.MessageDigest); err != nil {
				return err
			}
		}
		return nil
	})
}

// Approval is the payload of an entry of kind baseline.
type Approval struct {
	By       string          `json:"by"`
	Note     string          `json:"note"`
	At       time.Time       `json:"at"`
	Baseline json.RawMessage `json:"baseline"`
	Headline string          `json:"headline"`
	Rule     string          `json:"headlineRule"`
	Alert    string          `json:"alert"`
}

// Approve writes down that somebody approved the keys and the identity of the accounts as they are,
// and owes a notice of it to all channels.
func (j *Journal) Approve(ctx context.Context, by, note string, baseline []byte, m alert.Message) ([]*alert.Alert, error) {
	row, err := document(baselineKey, j.Now().UTC(), baseline)
	if err != nil {
		return nil, err
	}
	return j.inPosture(ctx, func(w *writer) error {
		m.ID = sequenceID(w.stream, w.tx.Next())
		payload, err := json.Marshal(Approval{By: by, Note: note, At: w.now, Baseline: baseline, Headline: m.Headline, Rule: m.Rule, Alert: m.ID})
		if err != nil {
			return fmt.Errorf("write the approval: %w", err)
		}
		sealed := w.tx.Add(ledger.Entry{Kind: ledger.KindBaseline, Alertable: ledger.OwesAlert, Time: w.now, Payload: payload})
		w.tx.Upsert(row)
		return w.owe(m, sealed, nil, true)
	})
}

func (j *Journal) inPosture(ctx context.Context, build func(w *writer) error) ([]*alert.Alert, error) {
	installed, err := j.ledger.InstalledAt(ctx)
	if err != nil {
		return nil, err
	}
	var alerts []*alert.Alert
	_, err = j.ledger.Append(ctx, StreamPosture, func(ctx context.Context, tx *ledger.Tx) error {
		alerts = nil
		w, err := j.write(ctx, tx, StreamPosture, installed)
		if err != nil {
			return err
		}
		if err := build(w); err != nil {
			return err
		}
		alerts = w.recorded.Alerts
		return w.finish()
	})
	if err != nil {
		return nil, fmt.Errorf("write to the posture stream: %w", err)
	}
	return alerts, nil
}

// document is a row that holds a JSON document, compressed and cut into properties.
func document(key string, at time.Time, content []byte) (ledger.Row, error) {
	packed, err := pack(json.RawMessage(content))
	if err != nil {
		return ledger.Row{}, fmt.Errorf("store the %s: %w", key, err)
	}
	if len(packed) > maxDocument {
		return ledger.Row{}, fmt.Errorf("store the %s: %d bytes are more than the %d that a row holds", key, len(packed), maxDocument)
	}
	columns := map[string]any{"FormatVersion": int64(1), "At": at.UTC(), "Length": int64(len(packed))}
	for n := 0; n*pieceSize < len(packed); n++ {
		columns[fmt.Sprintf("Content%02d", n)] = packed[n*pieceSize : min(len(packed), (n+1)*pieceSize)]
	}
	return ledger.Row{Key: key, Columns: columns}, nil
}

// Posture is what stands of the newest run. Documents that do not exist yet are nil.
type Posture struct {
	At                           time.Time // when the snapshot was taken; zero if there is none
	Snapshot, Findings, Baseline []byte
}

// LatestPosture reads what the newest run and the newest approval left.
func (j *Journal) LatestPosture(ctx context.Context) (Posture, error) {
	var p Posture
	var err error
	if p.Snapshot, p.At, err = j.document(ctx, snapshotKey); err != nil {
		return p, err
	}
	if p.Findings, _, err = j.document(ctx, findingsKey); err != nil {
		return p, err
	}
	p.Baseline, _, err = j.document(ctx, baselineKey)
	return p, err
}

// LatestSnapshot reads only the snapshot, and when it was taken.
func (j *Journal) LatestSnapshot(ctx context.Context) ([]byte, time.Time, error) {
	return j.document(ctx, snapshotKey)
}

func (j *Journal) document(ctx context.Context, key string) ([]byte, time.Time, error) {
	row, err := j.ledger.Row(ctx, StreamPosture, key)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the %s: %w", key, err)
	}
	at, _ := row.Columns["At"].(time.Time)
	length, _ := row.Columns["Length"].(int64)
	var packed []byte
	for n := 0; len(packed) < int(length); n++ {
		piece, ok := row.Columns[fmt.Sprintf("Content%02d", n)].([]byte)
		if !ok || len(piece) == 0 {
			return nil, at, fmt.Errorf("the stored %s is not whole", key)
		}
		packed = append(packed, piece...)
	}
	var content json.RawMessage
	if err := unpack(packed, &content); err != nil {
		return nil, at, fmt.Errorf("the stored %s: %w", key, err)
	}
	return content, at, nil
}
