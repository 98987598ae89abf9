// Package ledgertest keeps a ledger in memory for tests and watches that nothing in it is rewritten.
package ledgertest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"glasswatch/shared/ledger"
)

// Fault decides what happens to a commit: whether it is applied, and what the caller is told.
type Fault func(partition string, ops []ledger.Op) (apply bool, err error)

// TB is the part of testing.TB that the store reports to.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Store is a table in memory. It fails the test when an entry is rewritten, removed or appended
// without the head, other than by a purge. It is safe for concurrent use.
type Store struct {
	tb TB

	lock       sync.Mutex
	partitions map[string]map[string]ledger.Row
	version    int
	fault      Fault
	readFault  func(partition, key string) error
	gets       int
	commits    int
}

// New makes an empty table.
func New(tb TB) *Store {
	return &Store{tb: tb, partitions: map[string]map[string]ledger.Row{}}
}

// OnCommit sets what happens to commits; nil lets them pass.
func (s *Store) OnCommit(f Fault) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.fault = f
}

// OnGet sets an error for reads of rows; nil lets them pass.
func (s *Store) OnGet(f func(partition, key string) error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.readFault = f
}

// Counts tells how many rows were read one by one and how many commits were asked for.
func (s *Store) Counts() (gets, commits int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.gets, s.commits
}

// Get reads one row.
func (s *Store) Get(ctx context.Context, partition, key string) (ledger.Row, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Row{}, err
	}
	s.lock.Lock()
	s.gets++
	fault := s.readFault
	s.lock.Unlock()
	if fault != nil {
		if err := fault(partition, key); err != nil {
			return ledger.Row{}, err
		}
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	row, ok := s.partitions[partition][key]
	if !ok {
		return ledger.Row{}, ledger.ErrNotFound
	}
	return clone(row), nil
}

// List yields rows in order of key, a page of 100 at a time.
func (s *Store) List(ctx context.Context, partition, from, to string) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		for {
			if err := ctx.Err(); err != nil {
				yield(ledger.Row{}, err)
				return
			}
			page := s.page(partition, from, to)
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
				from = row.Key + "\x00"
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

func (s *Store) page(partition, from, to string) []ledger.Row {
	s.lock.Lock()
	defer s.lock.Unlock()
	var page []ledger.Row
	for _, key := range slices.Sorted(maps.Keys(s.partitions[partition])) {
		if key >= from && key < to {
			if page = append(page, clone(s.partitions[partition][key])); len(page) == 100 {
				break
			}
		}
	}
	return page
}

// Commit applies all operations or none.
func (s *Store) Commit(ctx context.Context, partition string, ops []ledger.Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	s.commits++
	fault := s.fault
	s.lock.Unlock()
	apply, told := true, error(nil)
	if fault != nil {
		apply, told = fault(partition, ops)
	}
	if apply {
		if err := s.apply(partition, ops); err != nil {
			return err
		}
	}
	return told
}

func (s *Store) apply(partition string, ops []ledger.Op) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	before := s.partitions[partition]
	after := maps.Clone(before)
	if after == nil {
		after = map[string]ledger.Row{}
	}
	if len(ops) == 0 || len(ops) > 100 {
		s.tb.Errorf("transaction of %d rows", len(ops))
	}
	touched := map[string]bool{}
	size := 0
	for i, op := range ops {
		key := op.Row.Key
		if touched[key] {
			s.tb.Errorf("row %s occurs twice in a transaction", key)
		}
		touched[key] = true
		size += ledger.RowBytes(op.Row)*4/3 + 1024
		if code := refusal(op.Row); code != "" {
			return &ledger.RefusedError{Op: i, Code: code}
		}
		old, exists := before[key]
		switch op.Kind {
		case ledger.Insert:
			if exists {
				return fmt.Errorf("row %s exists: %w", key, ledger.ErrConflict)
			}
		case ledger.Replace, ledger.Delete:
			if !exists || (op.Row.ETag != "*" && op.Row.ETag != old.ETag) {
				return fmt.Errorf("row %s: %w", key, ledger.ErrConflict)
			}
		case ledger.Upsert:
		}
		if op.Kind == ledger.Delete {
			delete(after, key)
			continue
		}
		s.version++
		row := clone(op.Row)
		row.ETag = "v" + strconv.Itoa(s.version)
		after[key] = row
	}
	if size > 4<<20 {
		s.tb.Errorf("transaction of about %d bytes", size)
	}
	s.watch(partition, before, after)
	s.partitions[partition] = after
	return nil
}

// refusal is the code with which the service refuses a row for ever; empty for a row that it takes.
func refusal(row ledger.Row) string {
	if strings.ContainsFunc(row.Key, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '|'
	}) {
		return "InvalidInput"
	}
	for _, value := range row.Columns {
		switch v := value.(type) {
		case []byte:
			if len(v) > 64<<10 {
				return "PropertyValueTooLarge"
			}
		case string:
			if len(v) > 32<<10 {
				return "PropertyValueTooLarge"
			}
		case bool, int64, float64, time.Time:
		default:
			return "InvalidValueType"
		}
	}
	if ledger.RowBytes(row) > 1<<20 {
		return "EntityTooLarge"
	}
	return ""
}

// watch compares a partition before and after a commit: entries never change.
func (s *Store) watch(partition string, before, after map[string]ledger.Row) {
	s.tb.Helper()
	entries := 0
	for key, row := range after {
		if strings.HasPrefix(key, "entry|") {
			entries++
		}
		if old, ok := before[key]; ok && immutable(key) && !sameBut(old, row) {
			s.tb.Errorf("row %s of %s was rewritten", key, partition)
		}
	}
	for key := range before {
		if _, stays := after[key]; stays || !immutable(key) {
			continue
		}
		sequence, isPart := strings.CutPrefix(key, "part|")
		if isPart {
			owner := after["entry|"+sequence[:20]]
			if _, has := owner.Columns["Payload00"]; !has {
				continue
			}
		}
		s.tb.Errorf("row %s of %s was removed", key, partition)
	}
	if entries > 0 {
		if head, _ := after["head"].Columns["Sequence"].(int64); head != int64(entries) {
			s.tb.Errorf("stream %s has %d entries and a head at %d", partition, entries, head)
		}
	}
}

func immutable(key string) bool {
	return strings.HasPrefix(key, "entry|") || strings.HasPrefix(key, "part|") || strings.HasPrefix(key, "stream|") || key == "installed"
}

// sameBut tells whether two versions of a row differ at most in a payload that was cleared.
func sameBut(old, row ledger.Row) bool {
	kept := maps.Clone(old.Columns)
	if _, has := row.Columns["Payload00"]; !has {
		maps.DeleteFunc(kept, func(name string, _ any) bool {
			return strings.HasPrefix(name, "Payload") && name != "PayloadHash" && name != "PayloadLength"
		})
	}
	return reflect.DeepEqual(kept, row.Columns)
}

func clone(row ledger.Row) ledger.Row {
	columns := make(map[string]any, len(row.Columns))
	for name, value := range row.Columns {
		if b, ok := value.([]byte); ok {
			value = bytes.Clone(b)
		}
		columns[name] = value
	}
	return ledger.Row{Key: row.Key, ETag: row.ETag, Columns: columns}
}

// Dump copies all rows, by partition and in order of key.
func (s *Store) Dump() map[string][]ledger.Row {
	s.lock.Lock()
	defer s.lock.Unlock()
	dump := map[string][]ledger.Row{}
	for partition, rows := range s.partitions {
		for _, key := range slices.Sorted(maps.Keys(rows)) {
			dump[partition] = append(dump[partition], clone(rows[key]))
		}
	}
	return dump
}

// Load fills a new table with rows as somebody who may write to it could: nothing is watched.
func Load(tb TB, dump map[string][]ledger.Row) *Store {
	s := New(tb)
	for partition, rows := range dump {
		s.partitions[partition] = map[string]ledger.Row{}
		for _, row := range rows {
			s.version++
			row = clone(row)
			row.ETag = "v" + strconv.Itoa(s.version)
			s.partitions[partition][row.Key] = row
		}
	}
	return s
}

// Tamper changes the rows of a partition as somebody who may write to it could. edit gets the rows
// by key.
func (s *Store) Tamper(partition string, edit func(rows map[string]ledger.Row)) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.partitions[partition] == nil {
		s.partitions[partition] = map[string]ledger.Row{}
	}
	edit(s.partitions[partition])
	for key, row := range s.partitions[partition] {
		row.Key = key
		s.partitions[partition][key] = row
	}
}

// Apply carries out a commit as the service would, past OnCommit.
func Apply(s *Store, partition string, ops []ledger.Op) error { return s.apply(partition, ops) }
