package ledger_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// place is one column of one row that the chain answers for; the column "" is the row's key.
type place struct{ partition, key, column string }

// places lists every column of every entry, part, head and register row of the sample.
func places() []place {
	var all []place
	rows := sampleRows()
	for _, partition := range slices.Sorted(maps.Keys(rows)) {
		for _, row := range rows[partition] {
			if row.Key == "purged" { // a note that nothing but the duration of a purge depends on
				continue
			}
			all = append(all, place{partition, row.Key, ""})
			for _, column := range slices.Sorted(maps.Keys(row.Columns)) {
				all = append(all, place{partition, row.Key, column})
			}
		}
	}
	return all
}

// flip changes one bit of a value, counted round its length.
func flip(t testing.TB, value any, bit int) any {
	t.Helper()
	change := func(b []byte) []byte {
		if len(b) == 0 {
			return []byte{1 << (bit % 8)}
		}
		b = bytes.Clone(b)
		bit %= 8 * len(b)
		b[bit/8] ^= 1 << (bit % 8)
		return b
	}
	switch v := value.(type) {
	case string:
		return string(change([]byte(v)))
	case []byte:
		return change(v)
	case int64:
		return v ^ 1<<(bit%64)
	}
	t.Fatalf("a column of type %T", value)
	return nil
}

// findsFlip flips a bit and expects verify to find it.
func findsFlip(t testing.TB, at place, bit int) {
	t.Helper()
	store := ledgertest.Load(t, sampleRows())
	store.Tamper(at.partition, func(rows map[string]ledger.Row) {
		row := rows[at.key]
		if at.column != "" {
			row.Columns[at.column] = flip(t, row.Columns[at.column], bit)
			return
		}
		delete(rows, at.key)
		rows[flip(t, at.key, bit).(string)] = row
	})
	if found, verdict := verify(t, store, afterwards()); verdict.OK || len(found) == 0 {
		t.Errorf("bit %d of column %q of row %s of %s is changed, and verify found nothing", bit, at.column, at.key, at.partition)
	}
}

func TestAChangedBitInAnyColumnIsFound(t *testing.T) {
	for n, at := range places() {
		findsFlip(t, at, 5+7919*n)
	}
}

func FuzzAnyChangedBitIsFound(f *testing.F) {
	all := places()
	for n := 0; n < len(all); n += 20 {
		f.Add(uint16(n), uint32(n))
	}
	f.Fuzz(func(t *testing.T, where uint16, bit uint32) {
		findsFlip(t, all[int(where)%len(all)], int(bit))
	})
}

// FuzzFindWitnesses holds that whatever is found can be written and found again.
func FuzzFindWitnesses(f *testing.F) {
	f.Add("tenant#3 0123456789ab")
	f.Add(fmt.Sprintf("> %s#12  %064x\n", account, 7))
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range ledger.FindWitnesses(text) {
			again := ledger.FindWitnesses(w.String())
			if len(again) != 1 || again[0] != w || w.Sequence == 0 {
				t.Errorf("%+v was found, but in its own words %+v", w, again)
			}
		}
	})
}
