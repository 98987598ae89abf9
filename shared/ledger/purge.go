package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// purgedKey is a row that notes how far a stream was purged, so that a purge need not begin at the
// first entry every day. Verify does not read it.
const purgedKey = "purged"

// purgeChunk is how many entries one purge entry answers for.
const purgeChunk = 1000

// Retention says which payloads to clear.
type Retention struct {
	Before time.Time // entries recorded earlier expire
	Policy string    // the rule in words, such as "RETENTION 400d"; stands in the purge entry
	Keep   []string  // kinds that never expire, besides purges and checkpoints, which never do
}

// purgeNote is the payload of a purge entry. Its Refs name the entries.
type purgeNote struct {
	V      int    `json:"v"`
	Policy string `json:"policy"`
	Before string `json:"before"`
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
}

// Purge clears the payloads of expired entries and keeps their hashes. What is to be cleared is
// first recorded as an entry of kind KindPurge: verify takes a payload that is gone for expired
// only where such an entry covers it. It tells how many payloads it cleared, and may be repeated
// after an error.
func (l *Ledger) Purge(ctx context.Context, stream string, r Retention) (cleared int, err error) {
	from, err := l.purgedThrough(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("purge stream %s: %w", stream, err)
	}
	var chunk []Row
	through := from
	flush := func() error {
		if len(chunk) > 0 {
			if err := l.purge(ctx, stream, r, chunk); err != nil {
				return err
			}
			cleared += len(chunk)
			chunk = nil
		}
		return l.store.Commit(ctx, stream, []Op{{Kind: Upsert, Row: Row{Key: purgedKey, Columns: map[string]any{
			"FormatVersion": int64(formatVersion), "Through": signed(through),
		}}}})
	}
	for row, err := range l.store.List(ctx, stream, entryKey(from+1), entryPrefix+afterKeys) {
		if err != nil {
			return cleared, fmt.Errorf("purge stream %s: %w", stream, err)
		}
		c, err := readColumns(row)
		if err != nil {
			return cleared, fmt.Errorf("purge stream %s: row %s: %w: run verify", stream, row.Key, err)
		}
		at, err := time.Parse(time.RFC3339Nano, c.time)
		if err != nil {
			return cleared, fmt.Errorf("purge stream %s: entry %d has no time: run verify", stream, c.sequence)
		}
		if !at.Before(r.Before) {
			break
		}
		through = c.sequence
		if c.payload == nil || c.kind == KindPurge || c.kind == KindCheckpoint || slices.Contains(r.Keep, c.kind) {
			continue
		}
		if chunk = append(chunk, withoutPayload(row)); len(chunk) == purgeChunk {
			if err := flush(); err != nil {
				return cleared, fmt.Errorf("purge stream %s: %w", stream, err)
			}
		}
	}
	if through == from {
		return 0, nil
	}
	if err := flush(); err != nil {
		return cleared, fmt.Errorf("purge stream %s: %w", stream, err)
	}
	return cleared, nil
}

func (l *Ledger) purgedThrough(ctx context.Context, stream string) (uint64, error) {
	row, err := l.store.Get(ctx, stream, purgedKey)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	through, _ := row.Columns["Through"].(int64) // a damaged note costs time, nothing else
	return uint64(max(0, through)), nil
}

// withoutPayload is the entry row as it stays.
func withoutPayload(row Row) Row {
	kept := maps.Clone(row.Columns)
	maps.DeleteFunc(kept, func(name string, _ any) bool {
		return strings.HasPrefix(name, "Payload") && name != "PayloadHash" && name != "PayloadLength"
	})
	return Row{Key: row.Key, ETag: row.ETag, Columns: kept}
}

// purge records a chunk and clears it.
func (l *Ledger) purge(ctx context.Context, stream string, r Retention, chunk []Row) error {
	refs := make([]uint64, len(chunk))
	for i, row := range chunk {
		refs[i], _ = sequenceOfKey(row.Key)
	}
	payload, err := json.Marshal(purgeNote{
		V: formatVersion, Policy: r.Policy, Before: formatTime(r.Before), From: refs[0], To: refs[len(refs)-1],
	})
	if err != nil {
		return err
	}
	entry := Entry{Kind: KindPurge, Time: l.now(), Refs: refs, Payload: payload}
	if _, err := l.Append(ctx, stream, func(_ context.Context, tx *Tx) error { tx.Add(entry); return nil }); err != nil {
		return err
	}
	var ops []Op
	commit := func() error {
		if len(ops) == 0 {
			return nil
		}
		err := l.store.Commit(ctx, stream, ops)
		ops = nil
		return err
	}
	for _, row := range chunk {
		parts, _ := row.Columns["Parts"].(int64)
		if len(ops)+1+int(parts) > transactionRows {
			if err := commit(); err != nil {
				return fmt.Errorf("clear payloads: %w", err)
			}
		}
		ops = append(ops, Op{Kind: Replace, Row: row})
		seq, _ := sequenceOfKey(row.Key)
		for n := range int(parts) {
			ops = append(ops, Op{Kind: Delete, Row: Row{Key: partKey(seq, n+1), ETag: "*"}})
		}
	}
	if err := commit(); err != nil {
		return fmt.Errorf("clear payloads: %w", err)
	}
	return nil
}
