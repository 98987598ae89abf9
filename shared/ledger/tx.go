package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// parallelReads bounds the point reads that GetMany has under way.
const parallelReads = 8

// Tx is one transaction on one stream while it is being built. What it reads is what the
// transaction will be committed against, but for rows changed by Claim. Mistakes in its use are
// kept and returned by Append. It is not safe for concurrent use.
type Tx struct {
	ledger  *Ledger
	stream  string
	head    head
	state   []byte
	changed bool // the state was set
	entries []placed
	ops     []Op
	keys    map[string]bool
	bytes   int
	rows    int
	err     error
}

func newTx(l *Ledger, stream string, h head) *Tx {
	return &Tx{ledger: l, stream: stream, head: h, state: h.state, keys: map[string]bool{}, rows: 1, bytes: len(h.state)}
}

// Stream is the name of the stream.
func (tx *Tx) Stream() string { return tx.stream }

// State is what the last transaction left in the stream's head; nil in a new stream. The caller
// must not change it.
func (tx *Tx) State() []byte { return tx.state }

// SetState replaces the state: at most 832 KiB, of which the caller does well to use little, since
// every transaction writes it anew.
func (tx *Tx) SetState(state []byte) {
	if len(state) > rowPayload {
		tx.fail(fmt.Errorf("state of %d bytes; at most %d are taken", len(state), rowPayload))
		return
	}
	tx.bytes += len(state) - len(tx.state)
	tx.state, tx.changed = state, true
}

// Next is the sequence that the next Add gives.
func (tx *Tx) Next() uint64 { return tx.head.sequence + uint64(len(tx.entries)) + 1 }

// Add appends an entry and returns it with its place and hash, which are final if Append succeeds
// with this build.
func (tx *Tx) Add(e Entry) Sealed {
	p, err := tx.ledger.Prepare(e)
	if err != nil {
		tx.fail(err)
		return Sealed{Entry: e, Stream: tx.stream, Sequence: tx.Next()}
	}
	return tx.AddPrepared(p)
}

// AddPrepared is Add for an entry that was prepared before.
func (tx *Tx) AddPrepared(p Prepared) Sealed {
	seq := tx.Next()
	if p.stored == nil {
		tx.fail(errors.New("an entry was added that was not prepared"))
		return Sealed{Stream: tx.stream, Sequence: seq}
	}
	if n := len(p.entry.Refs); n > 0 && p.entry.Refs[n-1] >= seq {
		tx.fail(fmt.Errorf("entry %d refers to entry %d, which does not precede it", seq, p.entry.Refs[n-1]))
	}
	e := placed{Prepared: p, sequence: seq, previous: tx.lastHash()}
	hash, ok := chainHash(e.previous, seq, e.meta(), p.payloadHash)
	if !ok {
		tx.fail(fmt.Errorf("head of stream %s holds no hash: run verify", tx.stream))
	}
	e.hash = hash
	tx.entries = append(tx.entries, e)
	tx.rows += p.Rows()
	tx.bytes += p.Bytes()
	return e.sealed(tx.stream)
}

func (p placed) sealed(stream string) Sealed {
	return Sealed{Entry: p.entry, Stream: stream, Sequence: p.sequence, Hash: p.hash}
}

// lastHash is the hash that the next entry follows.
func (tx *Tx) lastHash() string {
	if n := len(tx.entries); n > 0 {
		return tx.entries[n-1].hash
	}
	return tx.head.hash
}

// Get reads a row of the stream as it was before this transaction, or returns ErrNotFound.
func (tx *Tx) Get(ctx context.Context, key string) (Row, error) {
	return tx.ledger.store.Get(ctx, tx.stream, key)
}

// GetMany reads rows side by side. Rows that do not exist are absent from the result.
func (tx *Tx) GetMany(ctx context.Context, keys []string) (map[string]Row, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		group sync.WaitGroup
		lock  sync.Mutex
		found = make(map[string]Row, len(keys))
		slots = make(chan struct{}, parallelReads)
	)
	for _, key := range keys {
		slots <- struct{}{}
		if context.Cause(ctx) != nil {
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			row, err := tx.ledger.store.Get(ctx, tx.stream, key)
			switch {
			case errors.Is(err, ErrNotFound):
			case err != nil:
				cancel(err)
			default:
				lock.Lock()
				found[key] = row
				lock.Unlock()
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return found, nil
}

// Upsert writes a row of the caller's, whatever was there.
func (tx *Tx) Upsert(row Row) { tx.own(Op{Kind: Upsert, Row: row}) }

// Insert writes a row that was not there when it was read; if it has come to be meanwhile, the
// transaction is built again.
func (tx *Tx) Insert(row Row) { tx.own(Op{Kind: Insert, Row: row}) }

// Delete removes a row that exists; if it has gone meanwhile, the transaction is built again.
func (tx *Tx) Delete(key string) { tx.DeleteIf(key, "*") }

// DeleteIf removes a row that is still as it was read; if not, the transaction is built again.
func (tx *Tx) DeleteIf(key, etag string) {
	if etag == "" {
		tx.fail(fmt.Errorf("delete of row %s without an ETag", key))
		return
	}
	tx.own(Op{Kind: Delete, Row: Row{Key: key, ETag: etag}})
}

func (tx *Tx) own(op Op) {
	key := op.Row.Key
	switch {
	case !validKey(key):
		tx.fail(fmt.Errorf("row key %q: use letters, digits, '-' and '|'", key))
	case reserved(key):
		tx.fail(fmt.Errorf("row key %q belongs to the ledger", key))
	case tx.keys[key]:
		tx.fail(fmt.Errorf("row %s occurs twice in one transaction", key))
	}
	tx.keys[key] = true
	tx.ops = append(tx.ops, op)
	tx.rows++
	tx.bytes += RowBytes(op.Row)
}

// Rows is how many rows the transaction has, the head included.
func (tx *Tx) Rows() int { return tx.rows }

// Bytes is what the transaction holds of the 2.8 MiB that it may.
func (tx *Tx) Bytes() int { return tx.bytes }

// Fits tells whether so many rows and bytes more can be added. A row counts RowBytes, an entry
// Prepared.Rows and Prepared.Bytes; a state to be set counts by its growth.
func (tx *Tx) Fits(rows, bytes int) bool {
	return tx.rows+rows <= transactionRows && tx.bytes+bytes <= transactionBytes
}

func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = err
	}
}

// empty tells whether there is nothing to commit.
func (tx *Tx) empty() bool { return len(tx.entries) == 0 && len(tx.ops) == 0 && !tx.changed }

// check returns the first mistake in the transaction's use.
func (tx *Tx) check() error {
	switch {
	case tx.err != nil:
		return tx.err
	case tx.Fits(0, 0):
		return nil
	case len(tx.entries) == 1:
		return &TooLargeError{Size: tx.entries[0].Bytes(), Limit: transactionBytes - tx.bytes + tx.entries[0].Bytes()}
	}
	return fmt.Errorf("transaction of %d rows and %d bytes; at most %d and %d are taken: ask Fits before adding",
		tx.rows, tx.bytes, transactionRows, transactionBytes)
}

// operations are the rows to commit, the head last.
func (tx *Tx) operations(appendID string) []Op {
	ops := make([]Op, 0, tx.rows)
	for _, e := range tx.entries {
		for _, row := range e.rows(appendID) {
			ops = append(ops, Op{Kind: Insert, Row: row})
		}
	}
	ops = append(ops, tx.ops...)
	next := head{sequence: tx.Next() - 1, hash: tx.lastHash(), appendID: appendID, state: tx.state, etag: tx.head.etag}
	kind := Replace
	if tx.head.etag == "" {
		kind = Insert
	}
	return append(ops, Op{Kind: kind, Row: next.row()})
}
