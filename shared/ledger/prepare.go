package ledger

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
)

// transactionRows and transactionBytes are what one transaction holds: the service takes 100 rows
// and 4 MiB, in which binary travels as base64.
const (
	transactionRows  = 100
	transactionBytes = 2936012 // 2.8 MiB
	maxStored        = transactionBytes - 256<<10
)

// Prepared is an entry that has been compressed and hashed once, to be added in any number of tries.
type Prepared struct {
	entry       Entry
	refs        string
	stored      []byte
	payloadHash [sha256.Size]byte
}

// Rows is how many rows the entry takes.
func (p Prepared) Rows() int { return 1 + p.parts() }

// Bytes is what the entry counts towards Tx.Fits.
func (p Prepared) Bytes() int { return len(p.stored) + len(p.refs) }

func (p Prepared) parts() int { return max(0, (len(p.stored)-1)/rowPayload) }

// Prepare compresses and hashes an entry. The payload is not copied and must not change afterwards.
// A zero Time becomes the present. It returns a *TooLargeError for a payload that no transaction
// holds.
func (l *Ledger) Prepare(e Entry) (Prepared, error) {
	if !validName(e.Kind) {
		return Prepared{}, fmt.Errorf("kind %q of an entry: use letters, digits and '-'", e.Kind)
	}
	if e.Alertable < OwesNothing || e.Alertable > OwesSummary {
		return Prepared{}, fmt.Errorf("entry of kind %s owes %d, which means nothing", e.Kind, e.Alertable)
	}
	if e.Time.IsZero() {
		e.Time = l.now()
	}
	if e.Time = e.Time.UTC(); e.Time.Year() < 1 || e.Time.Year() > 9999 {
		return Prepared{}, fmt.Errorf("entry of kind %s has a time outside the years 1 to 9999", e.Kind)
	}
	refs, err := formatRefs(e.Refs)
	if err != nil {
		return Prepared{}, fmt.Errorf("entry of kind %s: %w", e.Kind, err)
	}
	stored, err := l.compress(e.Payload)
	if err != nil {
		return Prepared{}, fmt.Errorf("compress the payload of an entry of kind %s: %w", e.Kind, err)
	}
	if len(stored) > maxStored {
		return Prepared{}, &TooLargeError{Size: len(stored), Limit: maxStored}
	}
	return Prepared{entry: e, refs: refs, stored: stored, payloadHash: sha256.Sum256(stored)}, nil
}

// compress writes gzip without name or time, so that equal payloads are stored equal.
func (l *Ledger) compress(payload []byte) ([]byte, error) {
	z, ok := l.compressors.Get().(*gzip.Writer)
	if !ok {
		z = gzip.NewWriter(nil)
	}
	defer l.compressors.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	if _, err := z.Write(payload); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// placed is an entry with its place in the chain, ready to be written.
type placed struct {
	Prepared
	sequence       uint64
	previous, hash string
}

func (p placed) meta() string {
	return metaOf(p.entry.Kind, int64(p.entry.Alertable), formatTime(p.entry.Time), p.refs)
}

// rows are the entry row and its part rows.
func (p placed) rows(appendID string) []Row {
	columns := map[string]any{
		"FormatVersion": int64(formatVersion),
		"Kind":          p.entry.Kind,
		"Alertable":     int64(p.entry.Alertable),
		"Time":          formatTime(p.entry.Time),
		"Refs":          p.refs,
		"PreviousHash":  p.previous,
		"Hash":          p.hash,
		"PayloadHash":   hex.EncodeToString(p.payloadHash[:]),
		"PayloadLength": int64(len(p.stored)),
		"Parts":         int64(p.parts()),
		"AppendId":      appendID,
		"Check":         entryCheck(p.hash, int64(len(p.stored)), int64(p.parts()), appendID),
	}
	putBinary(columns, "Payload", p.stored[:min(len(p.stored), rowPayload)])
	rows := []Row{{Key: entryKey(p.sequence), Columns: columns}}
	for n := range p.parts() {
		part := map[string]any{"FormatVersion": int64(formatVersion)}
		putBinary(part, "Payload", p.stored[(n+1)*rowPayload:min(len(p.stored), (n+2)*rowPayload)])
		rows = append(rows, Row{Key: partKey(p.sequence, n+1), Columns: part})
	}
	return rows
}

func entryCheck(hash string, length, parts int64, appendID string) string {
	return checksum("entry", hash, strconv.FormatInt(length, 10), strconv.FormatInt(parts, 10), appendID)
}

// head is the row that says where a stream ends. The zero sequence is a stream without entries.
type head struct {
	sequence uint64
	hash     string
	appendID string
	state    []byte
	etag     string // empty: there is no row yet
}

func (h head) row() Row {
	sum := sha256.Sum256(h.state)
	columns := map[string]any{
		"FormatVersion": int64(formatVersion),
		"Sequence":      signed(h.sequence),
		"Hash":          h.hash,
		"AppendId":      h.appendID,
		"StateHash":     hex.EncodeToString(sum[:]),
		"StateLength":   int64(len(h.state)),
		"Check":         headCheck(h.sequence, h.hash, h.appendID, hex.EncodeToString(sum[:])),
	}
	putBinary(columns, "State", h.state)
	return Row{Key: headKey, ETag: h.etag, Columns: columns}
}

func headCheck(seq uint64, hash, appendID, stateHash string) string {
	return checksum("head", strconv.FormatUint(seq, 10), hash, appendID, stateHash)
}

// readHead reads the head row strictly enough to append to it.
func readHead(stream string, row Row) (head, error) {
	seq, ok1 := row.Columns["Sequence"].(int64)
	hash, ok2 := row.Columns["Hash"].(string)
	id, ok3 := row.Columns["AppendId"].(string)
	length, ok4 := row.Columns["StateLength"].(int64)
	version, ok5 := row.Columns["FormatVersion"].(int64)
	state, _ := takeBinary(row.Columns, "State")
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || seq < 0 {
		return head{}, fmt.Errorf("head of stream %s lacks a column or has one of another type: run verify", stream)
	}
	if version != formatVersion {
		return head{}, fmt.Errorf("head of stream %s has format version %d, which this program does not know", stream, version)
	}
	if int64(len(state)) != length {
		return head{}, fmt.Errorf("head of stream %s holds %d bytes of state, not %d: run verify", stream, len(state), length)
	}
	return head{sequence: uint64(seq), hash: hash, appendID: id, state: state, etag: row.ETag}, nil
}

// signed is a sequence as a column holds it.
func signed(seq uint64) int64 { return int64(min(seq, math.MaxInt64)) }
