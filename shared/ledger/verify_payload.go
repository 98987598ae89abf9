package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// fault is what is wrong with a row in itself.
type fault struct {
	problem string // Changed or Missing; empty if nothing is wrong
	detail  string // completes "entry 7: ..."
}

func changed(detail string) fault { return fault{Changed, detail} }

// payload verifies what an entry stores. Before it calls anything
// wrong it reads the row once more: a purge may have cleared it meanwhile, and parts are read later
// than their entry.
func (s *streamCheck) payload(ctx context.Context, c columns) (columns, fault, error) {
	wrong, err := s.payloadOnce(ctx, c)
	if err != nil || wrong.problem == "" {
		return c, wrong, err
	}
	again, err := s.store.Get(ctx, s.name, entryKey(c.sequence))
	if errors.Is(err, ErrNotFound) {
		return c, wrong, nil
	}
	if err != nil {
		return c, fault{}, fmt.Errorf("read entry %d of stream %s again: %w", c.sequence, s.name, err)
	}
	fresh, err := readColumns(again)
	if err != nil || fresh.payload != nil {
		return c, wrong, nil
	}
	return fresh, fault{}, nil
}

func (s *streamCheck) payloadOnce(ctx context.Context, c columns) (wrong fault, err error) {
	if c.payload == nil {
		return fault{}, nil
	}
	stored := c.payload
	if c.parts != 0 {
		if c.parts < 0 || c.parts > transactionRows {
			return changed("the number of its parts was changed"), nil
		}
		stored, wrong, err = s.joinParts(ctx, c)
		if err != nil || wrong.problem != "" {
			return wrong, err
		}
	}
	sum := sha256.Sum256(stored)
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	if string(digits[:]) != c.payloadHash || int64(len(stored)) != c.length {
		return changed("its payload was changed"), nil
	}
	if s.options.Deep {
		payload, err := s.unpacker.unpack(stored)
		if err != nil {
			return changed("its payload cannot be unpacked: " + err.Error()), nil
		}
		if !json.Valid(payload) {
			return changed("its payload is not JSON"), nil
		}
	}
	return fault{}, nil
}

// joinParts reads the parts of an entry and appends them to what its row holds.
func (s *streamCheck) joinParts(ctx context.Context, c columns) (stored []byte, wrong fault, err error) {
	stored = append(stored, c.payload...)
	for n := 1; n <= int(c.parts); n++ {
		row, err := s.store.Get(ctx, s.name, partKey(c.sequence, n))
		if errors.Is(err, ErrNotFound) {
			return nil, fault{Missing, fmt.Sprintf("part %d of its payload is missing", n)}, nil
		}
		if err != nil {
			return nil, fault{}, fmt.Errorf("read part %d of entry %d of stream %s: %w", n, c.sequence, s.name, err)
		}
		more, properties := takeBinary(row.Columns, "Payload")
		if version, _ := row.Columns["FormatVersion"].(int64); version != formatVersion || len(row.Columns) != 1+properties {
			return nil, changed(fmt.Sprintf("part %d of its payload was changed", n)), nil
		}
		stored = append(stored, more...)
	}
	return stored, fault{}, nil
}

// extraParts looks for parts that belong to no entry, and reports one for each sequence.
func (s *streamCheck) extraParts(ctx context.Context, found *diagnosis) error {
	reported := map[uint64]bool{}
	for row, err := range s.store.List(ctx, s.name, partPrefix, partPrefix+afterKeys) {
		if err != nil {
			return fmt.Errorf("read the parts of stream %s: %w", s.name, err)
		}
		seq, ok := sequenceOfKey(row.Key)
		n, err := strconv.ParseInt(row.Key[strings.LastIndexByte(row.Key, '|')+1:], 10, 64)
		belongs := ok && err == nil && n >= 1 && n <= s.parts[seq]
		if belongs || reported[seq] || found.answersFor(seq) {
			continue
		}
		meanwhile, err := s.changedMeanwhile(ctx, row.Key, seq)
		if err != nil {
			return err
		}
		if !meanwhile {
			reported[seq] = true
			s.structure = append(s.structure, Problem{s.name, seq, Inserted, fmt.Sprintf("the row %s belongs to no entry", row.Key)})
		}
	}
	return nil
}

// changedMeanwhile tells whether a part was purged since it was listed, or came with an entry that
// was appended since the entries were.
func (s *streamCheck) changedMeanwhile(ctx context.Context, key string, sequence uint64) (bool, error) {
	wanted, ifThere := key, false
	if sequence > s.last {
		wanted, ifThere = entryKey(sequence), true
	}
	_, err := s.store.Get(ctx, s.name, wanted)
	if errors.Is(err, ErrNotFound) {
		return !ifThere, nil
	}
	if err != nil {
		return false, fmt.Errorf("read row %s of stream %s again: %w", wanted, s.name, err)
	}
	return ifThere, nil
}
