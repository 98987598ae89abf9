package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// maxUnpacked bounds what a stored payload may unpack to: far above what a hub message holds.
const maxUnpacked = 64 << 20

// ErrExpired is returned by Unpack for a payload that was purged.
var ErrExpired = errors.New("payload expired by policy")

// Stored is an entry as read back. Its Entry has no Payload: see Unpack.
type Stored struct {
	Sealed
	PreviousHash string
	PayloadHash  string // SHA-256 of the compressed payload, 64 hex digits; stays after a purge
	Expired      bool   // the payload is gone; verify tells whether by policy

	compressed []byte
}

// Unpack returns the payload as it was appended, or ErrExpired. It refuses what unpacks to more
// than 64 MiB.
func (s Stored) Unpack() ([]byte, error) {
	if s.Expired {
		return nil, ErrExpired
	}
	payload, err := decompress(s.compressed)
	if err != nil {
		return nil, fmt.Errorf("unpack entry %d of stream %s: %w", s.Sequence, s.Stream, err)
	}
	return payload, nil
}

func decompress(stored []byte) ([]byte, error) { return new(unpacker).unpack(stored) }

// unpacker unpacks payloads one after another and keeps what that takes. It is not safe for
// concurrent use.
type unpacker struct{ z gzip.Reader }

func (u *unpacker) unpack(stored []byte) ([]byte, error) {
	if err := u.z.Reset(bytes.NewReader(stored)); err != nil {
		return nil, err
	}
	payload, err := io.ReadAll(io.LimitReader(&u.z, maxUnpacked+1))
	if err != nil {
		return nil, err
	}
	if len(payload) > maxUnpacked {
		return nil, fmt.Errorf("unpacks to more than %d bytes", maxUnpacked)
	}
	return payload, nil
}

// Entries yields the entries of a stream from a sequence on, in order. It trusts what it reads:
// Verify does not.
func (l *Ledger) Entries(ctx context.Context, stream string, from uint64) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		for row, err := range l.store.List(ctx, stream, entryKey(from), entryPrefix+afterKeys) {
			if err != nil {
				yield(Stored{}, fmt.Errorf("read stream %s: %w", stream, err))
				return
			}
			stored, err := l.stored(ctx, stream, row)
			if err != nil {
				yield(Stored{}, fmt.Errorf("read row %s of stream %s: %w", row.Key, stream, err))
				return
			}
			if !yield(stored, nil) {
				return
			}
		}
	}
}

// Entry reads one entry, or returns ErrNotFound.
func (l *Ledger) Entry(ctx context.Context, stream string, sequence uint64) (Stored, error) {
	row, err := l.store.Get(ctx, stream, entryKey(sequence))
	if err == nil {
		var stored Stored
		if stored, err = l.stored(ctx, stream, row); err == nil {
			return stored, nil
		}
	}
	return Stored{}, fmt.Errorf("read entry %d of stream %s: %w", sequence, stream, err)
}

// stored makes an entry of its row and, where it has any, its parts.
func (l *Ledger) stored(ctx context.Context, stream string, row Row) (Stored, error) {
	c, err := readColumns(row)
	if err != nil {
		return Stored{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, c.time)
	if err != nil {
		return Stored{}, errors.New("the time is none")
	}
	spans, err := parseSpans(c.refs)
	if err != nil {
		return Stored{}, err
	}
	refs, err := expandSpans(spans)
	if err != nil {
		return Stored{}, err
	}
	stored := Stored{
		Sealed: Sealed{
			Entry:  Entry{Kind: c.kind, Alertable: Alertable(c.alertable), Time: at, Refs: refs},
			Stream: stream, Sequence: c.sequence, Hash: c.hash,
		},
		PreviousHash: c.previous, PayloadHash: c.payloadHash,
		Expired: c.payload == nil, compressed: c.payload,
	}
	for n := 1; !stored.Expired && n <= int(c.parts); n++ {
		part, err := l.store.Get(ctx, stream, partKey(c.sequence, n))
		if err != nil {
			return Stored{}, fmt.Errorf("part %d: %w", n, err)
		}
		more, _ := takeBinary(part.Columns, "Payload")
		if n == 1 {
			stored.compressed = bytes.Clone(stored.compressed)
		}
		stored.compressed = append(stored.compressed, more...)
	}
	return stored, nil
}

// Head is where a stream ends.
type Head struct {
	Sequence uint64 // of the last entry; 0 in a stream without entries
	Hash     string // of the last entry, 64 hex digits
	State    []byte // what the last transaction left
}

// Head reads where a stream ends. A stream that does not exist ends at sequence 0.
func (l *Ledger) Head(ctx context.Context, stream string) (Head, error) {
	h, err := l.readHead(ctx, stream)
	if err != nil {
		return Head{}, fmt.Errorf("stream %s: %w", stream, err)
	}
	return Head{Sequence: h.sequence, Hash: h.hash, State: h.state}, nil
}

// Rows yields the caller's rows of a stream whose keys begin with prefix, in order of key.
func (l *Ledger) Rows(ctx context.Context, stream, prefix string) iter.Seq2[Row, error] {
	return l.store.List(ctx, stream, prefix, prefix+afterKeys)
}

// Row reads one of the caller's rows, or returns ErrNotFound.
func (l *Ledger) Row(ctx context.Context, stream, key string) (Row, error) {
	return l.store.Get(ctx, stream, key)
}

// Claim replaces one of the caller's rows outside the chain, if it is still as it was read, and
// tells whether it was. An error leaves open whether the row was replaced.
func (l *Ledger) Claim(ctx context.Context, stream string, row Row) (bool, error) {
	if reserved(row.Key) || !validKey(row.Key) || row.ETag == "" {
		return false, fmt.Errorf("claim row %q of stream %s: no row of the caller's as it was read", row.Key, stream)
	}
	err := l.store.Commit(ctx, stream, []Op{{Kind: Replace, Row: row}})
	if errors.Is(err, ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim row %s of stream %s: %w", row.Key, stream, err)
	}
	return true, nil
}
