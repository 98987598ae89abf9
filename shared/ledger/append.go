package ledger

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	maxTries  = 8
	firstWait = 20 * time.Millisecond // doubles from try to try
	longest   = 640 * time.Millisecond
)

// ErrNothing is what a build returns to commit nothing: Append then returns nil and no entries.
var ErrNothing = errors.New("nothing to append")

// Ledger appends to the streams of one store and reads them. It is safe for concurrent use.
type Ledger struct {
	store       Store
	now         func() time.Time
	compressors sync.Pool // of *gzip.Writer

	lock       sync.Mutex
	registered map[string]bool
	turns      map[string]chan struct{} // one writer at a time per stream within the process
	installed  time.Time
}

// New makes a ledger over a store. It reads and writes nothing yet.
func New(store Store, now func() time.Time) *Ledger {
	return &Ledger{store: store, now: now, registered: map[string]bool{}, turns: map[string]chan struct{}{}}
}

// Append builds one transaction on a stream and commits it, exactly once, or returns an error.
//
// build is called with the stream as it stands and adds entries and rows. When another writer was
// faster it is called again, up to eight times in all, so it must depend on nothing but the
// transaction and on values fixed before Append; it must not append to the same stream. Its error
// ends Append and comes back as it is, except ErrNothing. A build that adds no entry may, after a
// lost answer, be committed twice.
//
// A *RefusedError or *TooLargeError means that the store will never take this transaction. Any
// other error is transient and leaves open whether it was committed: do the same again later, and
// let build find out by the rows it wrote.
func (l *Ledger) Append(ctx context.Context, stream string, build func(ctx context.Context, tx *Tx) error) ([]Sealed, error) {
	if !validName(stream) || stream == registerPartition {
		return nil, fmt.Errorf("stream name %q: use letters, digits and '-'", stream)
	}
	done, err := l.turn(ctx, stream)
	if err != nil {
		return nil, fmt.Errorf("append to stream %s: wait for another append: %w", stream, err)
	}
	defer done()
	sealed, err := l.append(ctx, stream, build)
	if err != nil {
		return nil, fmt.Errorf("append to stream %s: %w", stream, err)
	}
	return sealed, nil
}

func (l *Ledger) append(ctx context.Context, stream string, build func(ctx context.Context, tx *Tx) error) ([]Sealed, error) {
	nonce := rand.Text()
	var tries []*Tx
	var last error
	for n := range maxTries + 1 {
		h, err := l.readHead(ctx, stream)
		if err != nil {
			return nil, errors.Join(err, last)
		}
		// Under this head's ETag either an earlier try has landed already, or it never can once the
		// next one is committed.
		if sealed, landed, err := l.landed(ctx, stream, h, nonce, tries); landed || err != nil {
			return sealed, err
		}
		if n == maxTries {
			break
		}
		tx := newTx(l, stream, h)
		switch err := build(ctx, tx); {
		case errors.Is(err, ErrNothing):
			return nil, nil
		case err != nil:
			return nil, err
		}
		if err := tx.check(); err != nil {
			return nil, err
		}
		if tx.empty() {
			return nil, nil
		}
		if err := l.register(ctx, stream, h); err != nil {
			return nil, err
		}
		ops := tx.operations(nonce)
		last = l.store.Commit(ctx, stream, ops)
		if last == nil {
			return tx.sealed(), nil
		}
		if refused, ok := errors.AsType[*RefusedError](last); ok {
			named := *refused
			if named.Key == "" && named.Op >= 0 && named.Op < len(ops) {
				named.Key = ops[named.Op].Row.Key
			}
			return nil, &named
		}
		tries = append(tries, tx)
		if err := pause(ctx, n); err != nil {
			return nil, errors.Join(err, last)
		}
	}
	return nil, fmt.Errorf("given up after %d tries: %w", maxTries, last)
}

// landed tells whether one of the tries was committed although its answer said otherwise or was
// lost: then the entry at the first sequence it tried carries our append id.
func (l *Ledger) landed(ctx context.Context, stream string, h head, nonce string, tries []*Tx) ([]Sealed, bool, error) {
	if len(tries) == 0 {
		return nil, false, nil
	}
	looked := map[uint64]bool{}
	for _, tx := range tries {
		if len(tx.entries) == 0 {
			if h.appendID == nonce {
				return nil, true, nil
			}
			continue
		}
		first := tx.entries[0].sequence
		if first > h.sequence || looked[first] {
			continue
		}
		looked[first] = true
		row, err := l.store.Get(ctx, stream, entryKey(first))
		if err != nil {
			return nil, false, fmt.Errorf("look for entry %d after an uncertain answer: %w", first, err)
		}
		if row.Columns["AppendId"] != nonce {
			continue
		}
		for _, candidate := range tries {
			if len(candidate.entries) > 0 && row.Columns["Hash"] == candidate.entries[0].hash {
				return candidate.sealed(), true, nil
			}
		}
		return nil, false, fmt.Errorf("entry %d carries our append id and another hash: run verify", first)
	}
	return nil, false, nil
}

func (tx *Tx) sealed() []Sealed {
	sealed := make([]Sealed, len(tx.entries))
	for i, e := range tx.entries {
		sealed[i] = e.sealed(tx.stream)
	}
	return sealed
}

// readHead reads where a stream ends; a stream without a head begins at its name's hash.
func (l *Ledger) readHead(ctx context.Context, stream string) (head, error) {
	row, err := l.store.Get(ctx, stream, headKey)
	if errors.Is(err, ErrNotFound) {
		return head{hash: streamSeed(stream)}, nil
	}
	if err != nil {
		return head{}, fmt.Errorf("read the head: %w", err)
	}
	return readHead(stream, row)
}

// turn waits until no other Append of this process works on the stream: together they would only
// race for the head.
func (l *Ledger) turn(ctx context.Context, stream string) (done func(), err error) {
	l.lock.Lock()
	turn := l.turns[stream]
	if turn == nil {
		turn = make(chan struct{}, 1)
		l.turns[stream] = turn
	}
	l.lock.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// pause waits a random part of a time that doubles with each try.
func pause(ctx context.Context, try int) error {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return err
	}
	limit := min(firstWait<<try, longest)
	timer := time.NewTimer(time.Duration(binary.BigEndian.Uint32(b[:])) % limit)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
