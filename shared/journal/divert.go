package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
	"glasswatch/shared/ledger"
)

// keptOfRefused is how much is stored of a record that storage will not take whole.
const keptOfRefused = 64 << 10

// divert takes a record that storage refused for ever to the stream of what could not be read: its
// bytes if they fit, else how long they were, their hash and their beginning. So one record never
// holds up the partition, and is alerted all the same.
func (j *Journal) divert(ctx context.Context, stream string, g group, cause error) (Recorded, error) {
	code := "too large"
	if refused, ok := errors.AsType[*ledger.RefusedError](cause); ok {
		code = refused.Code
	}
	var total Recorded
	for _, in := range g.events {
		raw := in.Event.Record.Raw
		damage := entra.Damage{
			Raw:    raw,
			Reason: fmt.Sprintf("storage does not take this record into stream %s: %s", stream, code),
			Shape:  "refused by storage: " + code,
		}
		at := breakglass.Arrival{ReachedAt: in.Event.ReachedAt, EnqueuedAt: in.Event.HappenedAt, Source: in.Event.Source}
		e := breakglass.UnparsedEvent(raw, damage, at)
		e.Accounts = in.Event.Accounts
		out, err := j.Record(ctx, StreamUnparsed, []Intake{{Event: e, Mark: in.Mark}}, nil)
		if err != nil {
			return total, fmt.Errorf("store what was refused: %w", err)
		}
		total.Alerts = append(total.Alerts, out.Alerts...)
		total.Stored += out.Stored
		total.Duplicates += out.Duplicates
	}
	return total, nil
}

func permanent(err error) bool {
	_, refused := errors.AsType[*ledger.RefusedError](err)
	_, large := errors.AsType[*ledger.TooLargeError](err)
	return refused || large
}

func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// cut records the beginning of events that storage does not take whole even as raw bytes.
func (j *Journal) cut(ctx context.Context, g group) (Recorded, error) {
	for n, in := range g.events {
		raw := in.Event.Record.Raw
		g.events[n].Truncated = &Truncated{Length: len(raw), SHA256: hashOf(raw)}
		g.events[n].Event.Record.Raw = raw[:min(len(raw), keptOfRefused)]
	}
	_, out, err := j.chunk(ctx, StreamUnparsed, []group{g})
	return out, err
}
