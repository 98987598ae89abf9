package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxOddities bounds how many odd rows of one stream are kept for telling what happened to it.
const maxOddities = 20_000

// oddity is a row that does not follow from the one before it.
type oddity struct {
	sequence    uint64 // by its key; 0 if the key is none that the ledger writes
	after       uint64 // the sequence that stood before it
	fault              // what is wrong with the row in itself, but for its hash
	hashWrong   bool   // its hash does not follow from its own columns
	unlinked    bool   // its previous hash is not the hash of the row before it
	previous    string
	hash        string
	meta        string
	payloadHash [sha256.Size]byte
}

// owing is an entry that owes an alert or summary.
type owing struct {
	alertable Alertable
	time      string
}

// expiry is a payload that is gone.
type expiry struct {
	sequence       uint64
	at             time.Time
	covered, early bool // by a purge entry; by one that came too soon
}

// streamCheck verifies one stream.
type streamCheck struct {
	*verification
	name string

	startedAt uint64 // where the head stood before the entries were read
	head      head
	headFound bool
	headWrong string // what is wrong with the head in itself

	last      uint64 // sequence of the row before, by its key
	lastHash  string
	oddities  []oddity
	dropped   int // oddities beyond maxOddities
	owes      map[uint64]owing
	gone      []expiry
	parts     map[uint64]int64  // entries that have parts
	hashes    map[uint64]string // at the sequences that marks and witnesses name
	displaced map[uint64]bool   // sequences whose row stands elsewhere, or belongs elsewhere
	doubtful  uint64            // receipts and purges up to here may be lost
	structure []Problem
}

// stream verifies one stream and returns its problems, structure first.
func (v *verification) stream(ctx context.Context, name string) ([]Problem, error) {
	s := &streamCheck{
		verification: v, name: name, lastHash: streamSeed(name),
		owes: map[uint64]owing{}, parts: map[uint64]int64{}, hashes: map[uint64]string{}, displaced: map[uint64]bool{},
	}
	for _, m := range v.marks[name] {
		s.hashes[m.Sequence] = ""
	}
	for _, w := range v.options.Witnesses {
		if w.Stream == name {
			s.hashes[w.Sequence] = ""
		}
	}
	// The head is read before the entries: whatever is appended meanwhile lies beyond it.
	if err := s.readHead(ctx); err != nil {
		return nil, err
	}
	s.startedAt = s.head.sequence
	entries := v.verdict.Entries
	for row, err := range v.store.List(ctx, name, entryPrefix, entryPrefix+afterKeys) {
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", name, err)
		}
		if err := s.entry(ctx, row); err != nil {
			return nil, err
		}
		v.verdict.Entries++
	}
	if v.registered[name] || s.headFound || v.verdict.Entries > entries {
		v.verdict.Streams++
	}
	found, err := s.diagnose(ctx)
	if err != nil {
		return nil, err
	}
	s.structure = found.problems
	if err := s.extraParts(ctx, found); err != nil {
		return nil, err
	}
	if !v.registered[name] && (s.headFound || s.last > 0) {
		s.structure = append(s.structure, Problem{name, 0, Missing, "the stream is not in the register of streams"})
	}
	s.expired()
	sortProblems(s.structure)
	return slices.Concat(s.structure, s.compareMarks(), s.unreceipted()), nil
}

func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Sequence, b.Sequence) })
}

// readHead reads the head row and looks for what is wrong with it in itself.
func (s *streamCheck) readHead(ctx context.Context) error {
	row, err := s.store.Get(ctx, s.name, headKey)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the head of stream %s: %w", s.name, err)
	}
	s.headFound, s.headWrong = true, ""
	h, err := readHead(s.name, row)
	if err != nil {
		s.headWrong = "the head row lacks a column or has one of another type, or its state has another length"
		return nil
	}
	s.head = h
	_, properties := takeBinary(row.Columns, "State")
	sum := sha256.Sum256(h.state)
	switch stateHash := hex.EncodeToString(sum[:]); {
	case row.Columns["StateHash"] != stateHash:
		s.headWrong = "the state in the head row was changed"
	case row.Columns["Check"] != headCheck(h.sequence, h.hash, h.appendID, stateHash):
		s.headWrong = "the head row was changed"
	case len(row.Columns) != headColumns+properties:
		s.headWrong = "the head row has a column that does not belong there"
	}
	return nil
}

// entry verifies one entry row against the one before it.
func (s *streamCheck) entry(ctx context.Context, row Row) error {
	c, err := readColumns(row)
	if err != nil {
		s.odd(oddity{sequence: c.sequence, after: s.last, fault: changed(fmt.Sprintf("row %s: %v", row.Key, err)), hashWrong: true})
		s.step(c.sequence, c.hash)
		return nil
	}
	c, wrong, err := s.payload(ctx, c)
	if err != nil {
		return err
	}
	var payloadHash [sha256.Size]byte
	n, err := hex.Decode(payloadHash[:], []byte(c.payloadHash[:min(len(c.payloadHash), 2*sha256.Size)]))
	if err != nil || n != sha256.Size || len(c.payloadHash) != 2*sha256.Size || strings.ToLower(c.payloadHash) != c.payloadHash {
		wrong = changed("the hash of its payload is none")
	}
	meta := metaOf(c.kind, c.alertable, c.time, c.refs)
	hash, _ := chainHash(c.previous, c.sequence, meta, payloadHash)
	hashWrong := hash != c.hash
	if wrong.problem == "" && c.check != entryCheck(c.hash, c.length, c.parts, c.appendID) {
		wrong = changed("a column was changed")
	}
	if wrong.problem == "" && c.strange {
		wrong = changed("it has a column that does not belong there")
	}
	unlinked := c.previous != s.lastHash
	if wrong.problem != "" || hashWrong || unlinked || c.sequence != s.last+1 {
		s.odd(oddity{
			sequence: c.sequence, after: s.last, fault: wrong, hashWrong: hashWrong, unlinked: unlinked,
			previous: c.previous, hash: c.hash, meta: meta, payloadHash: payloadHash,
		})
	}
	s.step(c.sequence, c.hash)
	return s.note(c)
}

func (s *streamCheck) odd(o oddity) {
	if len(s.oddities) < maxOddities {
		s.oddities = append(s.oddities, o)
		return
	}
	s.dropped++
}

func (s *streamCheck) step(sequence uint64, hash string) {
	if sequence == 0 {
		return
	}
	if _, wanted := s.hashes[sequence]; wanted {
		s.hashes[sequence] = hash
	}
	s.last, s.lastHash = sequence, hash
}

// note remembers what later entries have to answer for, and what this one answers for.
func (s *streamCheck) note(c columns) error {
	if c.payload == nil {
		at, _ := time.Parse(time.RFC3339Nano, c.time)
		s.gone = append(s.gone, expiry{sequence: c.sequence, at: at})
	} else if c.parts > 0 {
		s.parts[c.sequence] = c.parts
	}
	if a := Alertable(c.alertable); a != OwesNothing {
		s.owes[c.sequence] = owing{a, c.time}
	}
	switch c.kind {
	case KindReceipt, KindSummary, KindPurge:
	case KindCheckpoint:
		return s.noteCheckpoint(c)
	default:
		return nil
	}
	spans, err := parseSpans(c.refs)
	if err != nil {
		s.odd(oddity{sequence: c.sequence, after: c.sequence - 1, fault: changed(err.Error())})
		return nil
	}
	for _, r := range spans {
		r.to = min(r.to, c.sequence-1)
		switch c.kind {
		case KindPurge:
			at, _ := time.Parse(time.RFC3339Nano, c.time)
			s.cover(r, at)
		case KindReceipt:
			s.settle(r, OwesAlert, OwesSummary)
		case KindSummary:
			// What is told in a summary is settled by it, and the summary's own receipt by its alert.
			if Alertable(c.alertable) == OwesAlert {
				s.settle(r, OwesSummary)
			}
		}
	}
	return nil
}

// settle crosses off what owes one of kinds within a range.
func (s *streamCheck) settle(r span, kinds ...Alertable) {
	if r.to < r.from {
		return
	}
	if r.to-r.from > uint64(len(s.owes)) {
		for seq, o := range s.owes {
			if seq >= r.from && seq <= r.to && slices.Contains(kinds, o.alertable) {
				delete(s.owes, seq)
			}
		}
		return
	}
	for seq := r.from; seq <= r.to; seq++ {
		if o, ok := s.owes[seq]; ok && slices.Contains(kinds, o.alertable) {
			delete(s.owes, seq)
		}
	}
}

// noteCheckpoint reads what a checkpoint entry commits to. Checkpoints are few and hold no personal
// data, so they are the one payload that is always unpacked.
func (s *streamCheck) noteCheckpoint(c columns) error {
	if s.name != CheckpointStream || c.payload == nil {
		return nil
	}
	var content checkpoint
	payload, err := decompress(c.payload)
	if err == nil {
		err = json.Unmarshal(payload, &content)
	}
	if err != nil {
		s.odd(oddity{sequence: c.sequence, after: c.sequence - 1, fault: changed("the checkpoint cannot be read")})
		return nil
	}
	s.checkpoints = append(s.checkpoints, placedCheckpoint{c.sequence, c.hash, content.Heads})
	return nil
}
