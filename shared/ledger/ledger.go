// Package ledger keeps hash-chained streams of entries that nobody can edit unseen.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Table is the name of the one table that holds all streams, one partition each.
const Table = "GlasswatchLedger"

// Row is one row of a partition. Columns hold string, bool, int64, float64, time.Time or []byte.
type Row struct {
	Key     string
	ETag    string // as last read; empty for a row that is yet to be written
	Columns map[string]any
}

// OpKind says what an Op does to its row.
type OpKind int

// The operations of a commit.
const (
	Insert  OpKind = iota // the row must not exist
	Replace               // the row must exist with Row.ETag ("*": must exist)
	Upsert                // whatever was there is replaced
	Delete                // the row must exist with Row.ETag ("*": must exist)
)

// Op is one operation of a commit.
type Op struct {
	Kind OpKind
	Row  Row
}

// Store is one table. Implementations are safe for concurrent use, create the table when it is
// missing, and retry nothing beyond what their client library does.
type Store interface {
	// Get returns the row, or ErrNotFound.
	Get(ctx context.Context, partition, key string) (Row, error)
	// List yields the rows with from <= Key < to in order of Key, reading page by page.
	// Iteration ends after the first error.
	List(ctx context.Context, partition, from, to string) iter.Seq2[Row, error]
	// Commit applies all operations or none. When it returns nil all are durable. ErrConflict
	// (possibly wrapped) means that a precondition failed and nothing was applied; a *RefusedError
	// that the service will never take one of the rows. Any other error leaves open whether the
	// operations were applied: the answer may have been lost.
	Commit(ctx context.Context, partition string, ops []Op) error
}

// ErrNotFound is returned by Get for a row that does not exist.
var ErrNotFound = errors.New("row not found")

// ErrConflict is returned by Commit when a row existed, was missing or had another ETag.
var ErrConflict = errors.New("row changed meanwhile")

// RefusedError is a permanent refusal of one row, such as PropertyValueTooLarge.
type RefusedError struct {
	Op   int    // index of the operation, -1 if the service did not say
	Code string // the service's error code
	Key  string // key of the refused row, if known
}

func (e *RefusedError) Error() string {
	if e.Key != "" {
		return fmt.Sprintf("storage refused row %s: %s", e.Key, e.Code)
	}
	return fmt.Sprintf("storage refused operation %d: %s", e.Op, e.Code)
}

// Sequence tells which entry of the transaction was refused, by the sequence that Tx.Add gave it.
// It is false when the service did not say, or when the refused row was no entry's.
func (e *RefusedError) Sequence() (uint64, bool) {
	return sequenceOfKey(e.Key)
}

// TooLargeError is returned for an entry whose stored payload no transaction can hold.
type TooLargeError struct {
	Size  int // bytes of the stored (compressed) payload
	Limit int // bytes that would have been taken
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("payload of %d stored bytes is more than the %d that one transaction holds", e.Size, e.Limit)
}

// Entry is what a caller asks to be appended to a stream.
type Entry struct {
	Kind      string    // event, receipt, acknowledgement, …: see the Kind constants
	Alertable Alertable // whether somebody must be told of it
	Time      time.Time // when it was recorded
	Refs      []uint64  // sequences in the same stream that this entry answers for, ascending
	Payload   []byte    // canonical JSON; stored compressed
}

// Alertable says what an entry owes.
type Alertable int

// What an entry owes. Verify reports an entry that owes something and has no receipt.
const (
	OwesNothing Alertable = iota
	OwesAlert             // an alert of its own
	OwesSummary           // to be told of in a summary
)

// The kinds of entry. Their meaning is the caller's; the ledger only chains them.
const (
	KindEvent           = "event"
	KindSummary         = "summary"
	KindReceipt         = "receipt"
	KindAcknowledgement = "acknowledgement"
	KindClosing         = "closing"
	KindReview          = "review"
	KindPlan            = "plan"
	KindAttestation     = "attestation"
	KindFinding         = "finding"
	KindBaseline        = "baseline"
	KindCheckpoint      = "checkpoint"
	KindPurge           = "purge"
	KindNotice          = "notice"
)

// Sealed is an entry with its place in the chain.
type Sealed struct {
	Entry
	Stream   string
	Sequence uint64 // from 1
	Hash     string // 64 hex digits
}
