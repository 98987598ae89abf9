package journal_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"glasswatch/shared/ledger"
)

// memory is a table in memory that holds the promises of ledger.Store, for tests of decisions.
// The same promises are tested on a real emulator in shared/tables.
type memory struct {
	t *testing.T

	lock sync.Mutex
	rows map[string]map[string]ledger.Row
	etag int
	// fail, if not nil, is asked before each commit: an error is returned, after the commit was
	// applied if done is true.
	fail func(partition string, ops []ledger.Op) (err error, done bool)
}

func newMemory(t *testing.T) *memory {
	return &memory{t: t, rows: map[string]map[string]ledger.Row{}}
}

func (m *memory) Get(_ context.Context, partition, key string) (ledger.Row, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	row, ok := m.rows[partition][key]
	if !ok {
		return ledger.Row{}, ledger.ErrNotFound
	}
	return clone(row), nil
}

func clone(r ledger.Row) ledger.Row {
	columns := make(map[string]any, len(r.Columns))
	for name, value := range r.Columns {
		columns[name] = value
	}
	r.Columns = columns
	return r
}

func (m *memory) List(_ context.Context, partition, from, to string) iter.Seq2[ledger.Row, error] {
	m.lock.Lock()
	defer m.lock.Unlock()
	var rows []ledger.Row
	for key, row := range m.rows[partition] {
		if key >= from && key < to {
			rows = append(rows, clone(row))
		}
	}
	slices.SortFunc(rows, func(a, b ledger.Row) int { return cmp.Compare(a.Key, b.Key) })
	return func(yield func(ledger.Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (m *memory) Commit(_ context.Context, partition string, ops []ledger.Op) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	var failed error
	if m.fail != nil {
		err, done := m.fail(partition, ops)
		if err != nil && !done {
			return err
		}
		failed = err
	}
	if len(ops) > 100 {
		m.t.Errorf("a transaction of %d rows", len(ops))
	}
	for _, op := range ops {
		have, exists := m.rows[partition][op.Row.Key]
		matches := exists && (op.Row.ETag == "*" || op.Row.ETag == have.ETag)
		if (op.Kind == ledger.Insert && exists) || ((op.Kind == ledger.Replace || op.Kind == ledger.Delete) && !matches) {
			return ledger.ErrConflict
		}
		if exists && strings.HasPrefix(op.Row.Key, "entry|") && op.Kind != ledger.Insert {
			m.t.Errorf("entry %s of %s was rewritten", op.Row.Key, partition)
		}
	}
	for _, op := range ops {
		if op.Kind == ledger.Delete {
			delete(m.rows[partition], op.Row.Key)
			continue
		}
		if m.rows[partition] == nil {
			m.rows[partition] = map[string]ledger.Row{}
		}
		m.etag++
		row := clone(op.Row)
		row.ETag = strconv.Itoa(m.etag)
		m.rows[partition][row.Key] = row
	}
	return failed
}

var errTrouble = errors.New("connection reset")
