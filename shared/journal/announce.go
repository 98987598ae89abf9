package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"glasswatch/shared/alert"
	"glasswatch/shared/ledger"
)

// Announce records and owes a message that is about Glasswatch itself, once per key: whoever
// announces the same again, in whatever process, writes nothing and gets nothing to send.
func (j *Journal) Announce(ctx context.Context, stream, key string, m alert.Message) ([]*alert.Alert, error) {
	ctx, cancel := context.WithTimeout(ctx, j.CommitWithin)
	defer cancel()
	installed, err := j.ledger.InstalledAt(ctx)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte("announcement\n" + key))
	id := hex.EncodeToString(digest[:])
	var alerts []*alert.Alert
	_, err = j.ledger.Append(ctx, stream, func(ctx context.Context, tx *ledger.Tx) error {
		alerts = nil
		_, err := tx.Get(ctx, seenKey(id))
		if err == nil {
			return ledger.ErrNothing
		}
		if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		w, err := j.write(ctx, tx, stream, installed)
		if err != nil {
			return err
		}
		if err := w.tell(ledger.KindNotice, Told{What: "announcement"}, m, true); err != nil {
			return err
		}
		known := seen{revisions: 1}
		tx.Upsert(known.row(id))
		alerts = w.recorded.Alerts
		return w.finish()
	})
	if err != nil {
		return nil, fmt.Errorf("announce in stream %s: %w", stream, err)
	}
	return alerts, nil
}
