package ledger_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
)

// deed is one thing done to the rows of one partition, and all that verify must then say, one line
// for each problem as "stream#sequence problem".
type deed struct {
	name   string
	stream string
	do     func(t *testing.T, rows map[string]ledger.Row)
	want   []string
}

func set(key, column string, value any) func(*testing.T, map[string]ledger.Row) {
	return func(_ *testing.T, rows map[string]ledger.Row) { rows[key].Columns[column] = value }
}

func remove(keys ...string) func(*testing.T, map[string]ledger.Row) {
	return func(_ *testing.T, rows map[string]ledger.Row) {
		for _, key := range keys {
			delete(rows, key)
		}
	}
}

// move puts the entry rows of sequences from … to at sequences shifted by a number.
func move(rows map[string]ledger.Row, from, to, by int) {
	moved := map[string]ledger.Row{}
	for n := from; n <= to; n++ {
		moved[entryKey(n+by)] = rows[entryKey(n)]
		delete(rows, entryKey(n))
	}
	maps.Copy(rows, moved)
}

func bad(sequence int, problem string) []string {
	return []string{fmt.Sprintf("%s#%d %s", account, sequence, problem)}
}

// replay runs deeds, each against a sample of its own.
func replay(t *testing.T, deeds []deed) {
	for _, d := range deeds {
		t.Run(strings.ReplaceAll(d.name, " ", "-"), func(t *testing.T) {
			store := sample(t)
			stream := d.stream
			if stream == "" {
				stream = account
			}
			store.Tamper(stream, func(rows map[string]ledger.Row) { d.do(t, rows) })
			found, verdict := verify(t, store, afterwards())
			if diff := cmp.Diff(d.want, found); diff != "" {
				t.Errorf("verify (-want +found):\n%s", diff)
			}
			if verdict.OK != (len(d.want) == 0) {
				t.Errorf("the verdict is OK=%v", verdict.OK)
			}
		})
	}
}

func TestVerifyNamesTheEntryThatWasChanged(t *testing.T) {
	replay(t, []deed{
		{name: "payload", do: set(entryKey(3), "Payload00", []byte("forged")), want: bad(3, "changed")},
		{name: "payload of the first entry with one", do: set(entryKey(3), "Payload00", []byte{}), want: bad(3, "changed")},
		{name: "payload of the last entry", do: set(entryKey(lastEntry), "Payload00", []byte("forged")), want: bad(lastEntry, "changed")},
		{name: "payload with its hash", want: bad(4, "changed"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			setPayload(rows[entryKey(4)], []byte("forged"))
		}},
		{name: "payload with its hash and the entry's", want: bad(4, "changed"), do: func(t *testing.T, rows map[string]ledger.Row) {
			setPayload(rows[entryKey(4)], []byte("forged"))
			seal(t, rows[entryKey(4)])
		}},
		{name: "last entry written anew", want: bad(lastEntry, "changed"), do: func(t *testing.T, rows map[string]ledger.Row) {
			setPayload(rows[entryKey(lastEntry)], []byte("forged"))
			seal(t, rows[entryKey(lastEntry)])
		}},
		{name: "first entry written anew", want: bad(1, "changed"), do: func(t *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(1)].Columns["Kind"] = "notice"
			seal(t, rows[entryKey(1)])
		}},
		{name: "first entry linked elsewhere and written anew", want: bad(1, "changed"), do: func(t *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(1)].Columns["PreviousHash"] = digest([]byte("another stream"))
			seal(t, rows[entryKey(1)])
		}},
		{name: "middle entry linked elsewhere and written anew", want: bad(6, "changed"), do: func(t *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(6)].Columns["PreviousHash"] = digest([]byte("another stream"))
			seal(t, rows[entryKey(6)])
		}},
		{name: "hash", do: set(entryKey(5), "Hash", strings.Repeat("ab", 32)), want: bad(5, "changed")},
		{name: "hash in capitals", want: bad(5, "changed"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(5)].Columns["Hash"] = strings.ToUpper(rows[entryKey(5)].Columns["Hash"].(string))
		}},
		{name: "hash of the last entry", do: set(entryKey(lastEntry), "Hash", strings.Repeat("ab", 32)), want: bad(lastEntry, "changed")},
		{name: "previous hash", do: set(entryKey(5), "PreviousHash", strings.Repeat("ab", 32)), want: bad(5, "changed")},
		{name: "previous hash that is none", do: set(entryKey(5), "PreviousHash", "?"), want: bad(5, "changed")},
		{name: "kind", do: set(entryKey(3), "Kind", "notice"), want: bad(3, "changed")},
		{name: "alertable", do: set(entryKey(3), "Alertable", int64(0)), want: bad(3, "changed")},
		{name: "time", do: set(entryKey(3), "Time", "2026-03-01T12:00:04Z"), want: bad(3, "changed")},
		{name: "refs of a receipt", do: set(entryKey(4), "Refs", "1-3"), want: bad(4, "changed")},
		{name: "payload hash", do: set(entryKey(3), "PayloadHash", strings.Repeat("ab", 32)), want: bad(3, "changed")},
		{name: "payload hash of a purged entry", do: set(entryKey(1), "PayloadHash", strings.Repeat("ab", 32)), want: bad(1, "changed")},
		{name: "payload hash of a purged entry in capitals", want: bad(1, "changed"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(1)].Columns["PayloadHash"] = strings.ToUpper(rows[entryKey(1)].Columns["PayloadHash"].(string))
		}},
		{name: "payload length", do: set(entryKey(3), "PayloadLength", int64(7)), want: bad(3, "changed")},
		{name: "payload length of a purged entry", do: set(entryKey(1), "PayloadLength", int64(7)), want: bad(1, "changed")},
		{name: "number of parts", do: set(entryKey(3), "Parts", int64(-1)), want: bad(3, "changed")},
		{name: "append id", do: set(entryKey(3), "AppendId", "ANOTHER"), want: bad(3, "changed")},
		{name: "check", do: set(entryKey(3), "Check", "0000000000000000"), want: bad(3, "changed")},
		{name: "format version", do: set(entryKey(3), "FormatVersion", int64(2)), want: bad(3, "changed")},
		{name: "a column of another type", do: set(entryKey(3), "Alertable", "1"), want: bad(3, "changed")},
		{name: "a column removed", want: bad(3, "changed"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			delete(rows[entryKey(3)].Columns, "Refs")
		}},
		{name: "a column too many", do: set(entryKey(3), "Note", "x"), want: bad(3, "changed")},
		{name: "a payload column too many", do: set(entryKey(3), "Payload02", []byte("x")), want: bad(3, "changed")},
		{name: "a payload put back in a purged entry", do: set(entryKey(1), "Payload00", []byte("x")), want: bad(1, "changed")},
		{name: "two entries", want: append(bad(3, "changed"), bad(6, "changed")...), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(3)].Columns["Kind"] = "notice"
			rows[entryKey(6)].Columns["Payload00"] = []byte("forged")
		}},
		{name: "an entry of another stream", stream: "tenant", do: set(entryKey(2), "Payload00", []byte("forged")), want: []string{"tenant#2 changed"}},
		{name: "an entry copied over another", want: bad(6, "changed"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(6)] = copied(rows[entryKey(5)])
		}},
	})
}

func TestVerifyNamesTheEntryThatIsMissing(t *testing.T) {
	replay(t, []deed{
		{name: "one", do: remove(entryKey(6)), want: bad(6, "missing")},
		{name: "the first", do: remove(entryKey(1)), want: bad(1, "missing")},
		{name: "several", do: remove(entryKey(3), entryKey(4), entryKey(5)), want: bad(3, "missing")},
		{name: "two apart", do: remove(entryKey(3), entryKey(6)), want: append(bad(3, "missing"), bad(6, "missing")...)},
		{name: "one and the rest numbered anew", want: bad(6, "missing"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			move(rows, 7, lastEntry, -1)
		}},
		{name: "a part", do: remove(partKey(9, 2)), want: bad(9, "missing")},
		{name: "all parts", do: remove(partKey(9, 1), partKey(9, 2)), want: bad(9, "missing")},
		{name: "a payload that no purge covers", want: bad(5, "missing"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			delete(rows[entryKey(5)].Columns, "Payload00")
		}},
		{name: "the payloads of three in a row", want: bad(11, "missing"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			for n := 11; n <= 13; n++ {
				delete(rows[entryKey(n)].Columns, "Payload00")
			}
		}},
		{name: "everything but the head", want: bad(1, "truncated"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			maps.DeleteFunc(rows, func(key string, _ ledger.Row) bool { return key != "head" })
		}},
	})
}

func TestVerifyNamesTheEntryThatWasInserted(t *testing.T) {
	replay(t, []deed{
		{name: "a row with a key that the ledger does not write", want: bad(5, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows["entry|00000000000000000004x"] = copied(rows[entryKey(4)])
		}},
		{name: "a forged entry behind the end", want: bad(lastEntry+1, "inserted"), do: func(t *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(lastEntry+1)] = copied(rows[entryKey(lastEntry)])
			rows[entryKey(lastEntry+1)].Columns["PreviousHash"] = strings.Repeat("ab", 32)
		}},
		{name: "an entry far behind the end", want: bad(lastEntry+1000, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(lastEntry+1000)] = copied(rows[entryKey(lastEntry)])
		}},
		{name: "one in the middle and the rest numbered anew", want: bad(6, "inserted"), do: func(t *testing.T, rows map[string]ledger.Row) {
			move(rows, 6, lastEntry, 1)
			rows[entryKey(6)] = copied(rows[entryKey(5)])
			rows[entryKey(6)].Columns["PreviousHash"] = rows[entryKey(5)].Columns["Hash"]
			setPayload(rows[entryKey(6)], []byte("forged"))
			row := rows[entryKey(6)]
			row.Key = entryKey(6)
			seal(t, row)
		}},
		{name: "a part of an entry that has none", want: bad(3, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[partKey(3, 1)] = copied(rows[partKey(9, 1)])
		}},
		{name: "a part too many", want: bad(9, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[partKey(9, 3)] = copied(rows[partKey(9, 1)])
		}},
		{name: "two parts too many", want: bad(9, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[partKey(9, 3)], rows[partKey(9, 4)] = copied(rows[partKey(9, 1)]), copied(rows[partKey(9, 1)])
		}},
		{name: "a part of a purged entry", want: bad(2, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[partKey(2, 1)] = copied(rows[partKey(9, 1)])
		}},
		{name: "a part behind the end", want: bad(lastEntry+1, "inserted"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[partKey(lastEntry+1, 1)] = copied(rows[partKey(9, 1)])
		}},
		{name: "a part with a key of its own kind", want: []string{account + "#0 inserted"}, do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows["part|x"] = copied(rows[partKey(9, 1)])
		}},
	})
}

func TestVerifyNamesPartsThatWereChanged(t *testing.T) {
	replay(t, []deed{
		{name: "payload", do: set(partKey(9, 1), "Payload03", []byte("forged")), want: bad(9, "changed")},
		{name: "format version", do: set(partKey(9, 1), "FormatVersion", int64(2)), want: bad(9, "changed")},
		{name: "a column too many", do: set(partKey(9, 1), "Note", "x"), want: bad(9, "changed")},
		{name: "exchanged", want: bad(9, "changed"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[partKey(9, 1)], rows[partKey(9, 2)] = rows[partKey(9, 2)], rows[partKey(9, 1)]
		}},
		{name: "named in another number", do: set(entryKey(9), "Parts", int64(1)), want: bad(9, "changed")},
		{name: "of an entry that is missing", do: remove(entryKey(9)), want: bad(9, "missing")},
		{name: "of an entry that cannot be read", do: set(entryKey(9), "Parts", "2"), want: bad(9, "changed")},
	})
}

func TestVerifyNamesTheFirstEntryThatWasReordered(t *testing.T) {
	exchange := func(a, b int) func(*testing.T, map[string]ledger.Row) {
		return func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(a)], rows[entryKey(b)] = rows[entryKey(b)], rows[entryKey(a)]
		}
	}
	replay(t, []deed{
		{name: "neighbours", do: exchange(5, 6), want: bad(5, "reordered")},
		{name: "far apart", do: exchange(3, 12), want: bad(3, "reordered")},
		{name: "the first two", do: exchange(1, 2), want: bad(1, "reordered")},
		{name: "the last two", do: exchange(lastEntry-1, lastEntry), want: bad(lastEntry-1, "reordered")},
		{name: "three in a circle", want: bad(3, "reordered"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows[entryKey(3)], rows[entryKey(5)], rows[entryKey(8)] = rows[entryKey(8)], rows[entryKey(3)], rows[entryKey(5)]
		}},
	})
}

func TestVerifyNamesWhatIsWrongAtTheEnd(t *testing.T) {
	replay(t, []deed{
		{name: "the last entry cut off", do: remove(entryKey(lastEntry)), want: bad(lastEntry, "truncated")},
		{name: "six entries cut off, their parts not", want: bad(9, "truncated"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			for n := 9; n <= lastEntry; n++ {
				delete(rows, entryKey(n))
			}
		}},
		{name: "four entries cut off", do: remove(entryKey(11), entryKey(12), entryKey(13), entryKey(14)), want: bad(11, "truncated")},
		{name: "the head set back", want: bad(lastEntry, "headMismatch"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			setHead(rows, lastEntry-1)
		}},
		{name: "the head set back without its check", do: set("head", "Sequence", int64(lastEntry-2)), want: bad(lastEntry-2, "headMismatch")},
		{name: "the head set forward", do: set("head", "Sequence", int64(lastEntry+3)), want: bad(lastEntry+3, "headMismatch")},
		{name: "the head missing", do: remove("head"), want: bad(lastEntry, "headMismatch")},
		{name: "the head's hash", do: set("head", "Hash", strings.Repeat("ab", 32)), want: bad(lastEntry, "headMismatch")},
		{name: "the head's append id", do: set("head", "AppendId", "ANOTHER"), want: bad(lastEntry, "headMismatch")},
		{name: "the head's check", do: set("head", "Check", "0000000000000000"), want: bad(lastEntry, "headMismatch")},
		{name: "the head's state", do: set("head", "State00", []byte("forged")), want: bad(lastEntry, "headMismatch")},
		{name: "the head's state hash", do: set("head", "StateHash", strings.Repeat("ab", 32)), want: bad(lastEntry, "headMismatch")},
		{name: "the head's state length", do: set("head", "StateLength", int64(4)), want: bad(lastEntry, "headMismatch")},
		{name: "the head's format version", do: set("head", "FormatVersion", int64(2)), want: bad(lastEntry, "headMismatch")},
		{name: "a column of the head of another type", do: set("head", "Sequence", "14"), want: bad(lastEntry, "headMismatch")},
		{name: "a column of the head removed", want: bad(lastEntry, "headMismatch"), do: func(_ *testing.T, rows map[string]ledger.Row) {
			delete(rows["head"].Columns, "AppendId")
		}},
		{name: "a column of the head too many", do: set("head", "Note", "x"), want: bad(lastEntry, "headMismatch")},
	})
}

func TestVerifyHoldsTheRegister(t *testing.T) {
	replay(t, []deed{
		{name: "a stream removed that a checkpoint names", stream: "register", do: remove("stream|" + account), want: []string{account + "#0 missing"}},
		{name: "the time of a stream", stream: "register", do: set("stream|tenant", "Time", "2025-01-01T00:00:00Z"), want: []string{"register#0 changed"}},
		{name: "the check of a stream", stream: "register", do: set("stream|tenant", "Check", "0000000000000000"), want: []string{"register#0 changed"}},
		{name: "the format version of a stream", stream: "register", do: set("stream|tenant", "FormatVersion", int64(2)), want: []string{"register#0 changed"}},
		{name: "a column too many", stream: "register", do: set("stream|tenant", "Note", "x"), want: []string{"register#0 changed"}},
		{name: "the time of the installation", stream: "register", do: set("installed", "Time", "2025-01-01T00:00:00Z"), want: []string{"register#0 changed"}},
		{name: "the installation removed", stream: "register", do: remove("installed"), want: []string{"register#0 missing"}},
		{name: "an unknown row", stream: "register", want: []string{"register#0 changed"}, do: func(_ *testing.T, rows map[string]ledger.Row) {
			rows["something"] = ledger.Row{Columns: map[string]any{"A": "x"}}
		}},
	})
}
