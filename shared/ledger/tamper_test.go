package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// These tests tamper with rows as somebody with the storage key could. What a forger must compute is
// written here anew, after the design's words, so that it also holds the format to them.

func entryKey(sequence int) string { return fmt.Sprintf("entry|%020d", sequence) }

func partKey(sequence, n int) string { return fmt.Sprintf("part|%020d|%03d", sequence, n) }

// seal computes the hash of an entry row from its columns:
// SHA-256(0x00 || previousHash || uint64 big-endian(seq) || meta || SHA-256(stored payload)).
func seal(t testing.TB, row ledger.Row) {
	t.Helper()
	c := row.Columns
	sequence, err := strconv.ParseUint(strings.TrimPrefix(row.Key, "entry|"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	b := append([]byte{0}, unhex(t, c["PreviousHash"].(string))...)
	b = binary.BigEndian.AppendUint64(b, sequence)
	b = fmt.Appendf(b, "%s|%d|%s|%s", c["Kind"], c["Alertable"], c["Time"], c["Refs"])
	b = append(b, unhex(t, c["PayloadHash"].(string))...)
	c["Hash"] = digest(b)
	c["Check"] = digest(fmt.Appendf(nil, "entry|%s|%d|%d|%s", c["Hash"], c["PayloadLength"], c["Parts"], c["AppendId"]))[:16]
}

// setPayload replaces the payload of an entry row that has one property of it, and all that is
// computed from the payload alone.
func setPayload(row ledger.Row, stored []byte) {
	row.Columns["Payload00"] = stored
	row.Columns["PayloadHash"] = digest(stored)
	row.Columns["PayloadLength"] = int64(len(stored))
}

// setHead makes the head row name an entry as the last one, with all that belongs to it.
func setHead(rows map[string]ledger.Row, sequence int) {
	head := rows["head"]
	hash := rows[entryKey(sequence)].Columns["Hash"].(string)
	head.Columns["Sequence"], head.Columns["Hash"] = int64(sequence), hash
	head.Columns["Check"] = digest(fmt.Appendf(nil, "head|%d|%s|%s|%s", sequence, hash, head.Columns["AppendId"], head.Columns["StateHash"]))[:16]
}

// chainFrom computes the chain anew from an entry to the last one, and the head with it.
func chainFrom(t testing.TB, stream string, rows map[string]ledger.Row, from int) {
	t.Helper()
	last := 0
	for n := from; ; n++ {
		row, ok := rows[entryKey(n)]
		if !ok {
			break
		}
		row.Columns["PreviousHash"] = digest([]byte(stream))
		if n > 1 {
			row.Columns["PreviousHash"] = rows[entryKey(n-1)].Columns["Hash"]
		}
		seal(t, row)
		last = n
	}
	setHead(rows, last)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func copied(row ledger.Row) ledger.Row {
	row.Columns = maps.Clone(row.Columns)
	return row
}

// noise is what does not compress, always the same.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

const (
	account   = "account-6f1d4c1e-3a57-4c33-9d3e-2f0f2b1a7a10"
	lastEntry = 14 // of the account
)

// sample is a small ledger with everything in it: the account's stream has alerts with receipts, a
// summary, an entry with parts, purged entries and a purge; tenant has five entries; there are two
// checkpoints, the newest over all that stands.
func sample(t testing.TB) *ledgertest.Store { return ledgertest.Load(t, sampleRows()) }

// sampleRows writes the sample once.
var sampleRows = sync.OnceValue(func() map[string][]ledger.Row {
	store := ledgertest.New(strict{})
	now := at()
	l := ledger.New(store, func() time.Time { return now })
	ctx := context.Background()
	add := func(stream string, e ledger.Entry) {
		now = now.Add(time.Second)
		e.Time = now
		if e.Payload == nil {
			e.Payload = fmt.Appendf(nil, `{"at":%q}`, now.Format(time.RFC3339))
		}
		_, err := l.Append(ctx, stream, adds(e))
		strict{}.must(err)
	}
	checkpoint := func() {
		now = now.Add(time.Second)
		_, err := l.Checkpoint(ctx)
		strict{}.must(err)
	}
	add(account, ledger.Entry{Kind: ledger.KindEvent})                                                                        // 1, purged below
	add(account, ledger.Entry{Kind: ledger.KindEvent, Payload: noise(900_000)})                                               // 2, purged below, with a part
	add(account, ledger.Entry{Kind: ledger.KindEvent, Alertable: ledger.OwesAlert})                                           // 3
	add(account, ledger.Entry{Kind: ledger.KindReceipt, Refs: []uint64{3}})                                                   // 4
	add(account, ledger.Entry{Kind: ledger.KindEvent, Alertable: ledger.OwesSummary})                                         // 5
	add(account, ledger.Entry{Kind: ledger.KindEvent, Alertable: ledger.OwesSummary})                                         // 6
	add(account, ledger.Entry{Kind: ledger.KindSummary, Alertable: ledger.OwesAlert, Refs: []uint64{5, 6}})                   // 7
	add(account, ledger.Entry{Kind: ledger.KindReceipt, Refs: []uint64{7}})                                                   // 8
	add(account, ledger.Entry{Kind: ledger.KindEvent, Payload: slices.Concat([]byte{'"'}, hexNoise(3_600_000), []byte{'"'})}) // 9, with two parts
	for range 3 {
		add("tenant", ledger.Entry{Kind: ledger.KindEvent})
	}
	checkpoint()
	now = now.Add(time.Minute)
	_, err := l.Purge(ctx, account, ledger.Retention{Before: at().Add(3 * time.Second), Policy: "RETENTION 400d"}) // 10
	strict{}.must(err)
	for range lastEntry - 10 {
		add(account, ledger.Entry{Kind: ledger.KindNotice})
	}
	for range 2 {
		add("tenant", ledger.Entry{Kind: ledger.KindEvent})
	}
	checkpoint()
	return store.Dump()
})

// strict ends the tests when the sample cannot be written.
type strict struct{}

func (strict) Helper() {}

func (strict) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (s strict) must(err error) {
	if err != nil {
		s.Errorf("write the sample: %v", err)
	}
}

// hexNoise is noise that is text; it compresses to about half.
func hexNoise(size int) []byte { return hex.AppendEncode(nil, noise(size/2)) }

// afterwards is a time at which nothing of the sample is pending.
func afterwards() ledger.VerifyOptions { return ledger.VerifyOptions{Now: at().Add(24 * time.Hour)} }

func TestTheSampleIsWhole(t *testing.T) {
	store := sample(t)
	o := afterwards()
	o.Deep = true
	found, verdict := verify(t, store, o)
	rows := store.Dump()
	var newest string
	for _, row := range rows["checkpoint"] {
		if row.Key == entryKey(2) {
			newest = row.Columns["Hash"].(string)
		}
	}
	want := ledger.Verdict{OK: true, Streams: 3, Entries: lastEntry + 5 + 2, Expired: 2, Checkpoint: newest}
	if verdict != want || len(found) > 0 {
		t.Errorf("verdict %+v, want %+v; found %v", verdict, want, found)
	}
	parts := 0
	for _, row := range rows[account] {
		if strings.HasPrefix(row.Key, "part|") {
			parts++
		}
	}
	if parts != 2 {
		t.Errorf("%d part rows: those of the purged entry must go, those of entry 9 stay", parts)
	}
	if !bytes.Equal(unhex(t, newest), unhex(t, verdict.Checkpoint)) {
		t.Error("the verdict names another checkpoint")
	}
}

// TestTheChainIsWhatTheDesignSays computes every hash of the sample anew.
func TestTheChainIsWhatTheDesignSays(t *testing.T) {
	store := sample(t)
	before := store.Dump()
	for _, stream := range []string{account, "tenant", "checkpoint"} {
		store.Tamper(stream, func(rows map[string]ledger.Row) { chainFrom(t, stream, rows, 1) })
	}
	for stream, rows := range store.Dump() {
		for i, row := range rows {
			for _, column := range []string{"Hash", "Check", "PreviousHash"} {
				if row.Columns[column] != before[stream][i].Columns[column] {
					t.Errorf("%s of row %s of %s is %v, the design says %v", column, row.Key, stream, before[stream][i].Columns[column], row.Columns[column])
				}
			}
		}
	}
}
