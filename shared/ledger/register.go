package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
)

const (
	registerPartition = "register"
	streamPrefix      = "stream|"
	installedKey      = "installed"
)

// InstalledAt is when the ledger was first used. The first call ever writes it down.
func (l *Ledger) InstalledAt(ctx context.Context) (time.Time, error) {
	l.lock.Lock()
	known := l.installed
	l.lock.Unlock()
	if !known.IsZero() {
		return known, nil
	}
	row, err := l.store.Get(ctx, registerPartition, installedKey)
	if errors.Is(err, ErrNotFound) {
		// Another process may be first: whoever was is read back.
		err = l.store.Commit(ctx, registerPartition, []Op{{Kind: Insert, Row: registerRow(installedKey, l.now())}})
		if err == nil || errors.Is(err, ErrConflict) {
			row, err = l.store.Get(ctx, registerPartition, installedKey)
		}
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read when the ledger was installed: %w", err)
	}
	at, ok := row.Columns["Time"].(string)
	if !ok {
		return time.Time{}, errors.New("the row that says when the ledger was installed has no time: run verify")
	}
	installed, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return time.Time{}, errors.New("the row that says when the ledger was installed holds no time: run verify")
	}
	l.lock.Lock()
	l.installed = installed
	l.lock.Unlock()
	return installed, nil
}

// register writes a stream into the register before its first entry, so that no entry ever stands
// in a stream that sweeps and verify do not know.
func (l *Ledger) register(ctx context.Context, stream string, h head) error {
	l.lock.Lock()
	done := l.registered[stream]
	l.lock.Unlock()
	if done || h.etag != "" {
		return nil
	}
	if _, err := l.InstalledAt(ctx); err != nil {
		return err
	}
	err := l.store.Commit(ctx, registerPartition, []Op{{Kind: Insert, Row: registerRow(streamPrefix+stream, l.now())}})
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("register the stream: %w", err)
	}
	l.lock.Lock()
	l.registered[stream] = true
	l.lock.Unlock()
	return nil
}

func registerRow(key string, at time.Time) Row {
	return Row{Key: key, Columns: map[string]any{
		"FormatVersion": int64(formatVersion),
		"Time":          formatTime(at),
		"Check":         checksum("register", key, formatTime(at)),
	}}
}

// Streams yields the names of all streams ever written to, in order.
func (l *Ledger) Streams(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for row, err := range l.store.List(ctx, registerPartition, streamPrefix, streamPrefix+afterKeys) {
			if err != nil {
				yield("", fmt.Errorf("read the register of streams: %w", err))
				return
			}
			if !yield(strings.TrimPrefix(row.Key, streamPrefix), nil) {
				return
			}
		}
	}
}

func reserved(key string) bool {
	return key == headKey || key == purgedKey || strings.HasPrefix(key, entryPrefix) || strings.HasPrefix(key, partPrefix)
}
