package ledger

import (
	"context"
	"encoding/json"
	"fmt"
)

// CheckpointStream holds the checkpoints.
const CheckpointStream = "checkpoint"

// checkpoint is the payload of a checkpoint entry.
type checkpoint struct {
	V     int    `json:"v"`
	Heads []mark `json:"heads"`
}

// mark is a place in a stream and the hash that stood there.
type mark struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	Hash     string `json:"hash"`
}

// Checkpoint appends an entry that commits to the head of every stream. Its hash, published where
// nobody can take it back, later shows a rewritten history.
func (l *Ledger) Checkpoint(ctx context.Context) (Sealed, error) {
	content := checkpoint{V: formatVersion, Heads: []mark{}}
	for stream, err := range l.Streams(ctx) {
		if err != nil {
			return Sealed{}, fmt.Errorf("checkpoint: %w", err)
		}
		if stream == CheckpointStream {
			continue
		}
		h, err := l.readHead(ctx, stream)
		if err != nil {
			return Sealed{}, fmt.Errorf("checkpoint: stream %s: %w", stream, err)
		}
		if h.sequence > 0 {
			content.Heads = append(content.Heads, mark{stream, h.sequence, h.hash})
		}
	}
	payload, err := json.Marshal(content)
	if err != nil {
		return Sealed{}, fmt.Errorf("checkpoint: %w", err)
	}
	entry := Entry{Kind: KindCheckpoint, Time: l.now(), Payload: payload}
	sealed, err := l.Append(ctx, CheckpointStream, func(_ context.Context, tx *Tx) error { tx.Add(entry); return nil })
	if err != nil {
		return Sealed{}, fmt.Errorf("checkpoint: %w", err)
	}
	return sealed[0], nil
}
