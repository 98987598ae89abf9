package ledger_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
)

// frozen is a row as testdata/format1.json holds it. That file was written by the first release and
// is never written again: a ledger that somebody keeps must verify for ever.
type frozen struct {
	Partition string            `json:"partition"`
	Key       string            `json:"key"`
	Text      map[string]string `json:"text"`
	Integer   map[string]int64  `json:"integer"`
	Binary    map[string][]byte `json:"binary"` // base64
}

func format1(t *testing.T) *ledgertest.Store {
	t.Helper()
	content, err := os.ReadFile("testdata/format1.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []frozen
	if err := json.Unmarshal(content, &rows); err != nil {
		t.Fatal(err)
	}
	dump := map[string][]ledger.Row{}
	for _, f := range rows {
		row := ledger.Row{Key: f.Key, Columns: map[string]any{}}
		for name, value := range f.Text {
			row.Columns[name] = value
		}
		for name, value := range f.Integer {
			row.Columns[name] = value
		}
		for name, value := range f.Binary {
			row.Columns[name] = value
		}
		dump[f.Partition] = append(dump[f.Partition], row)
	}
	return ledgertest.Load(t, dump)
}

const format1Account = "account-0d7a1d3e-8a5b-4e0c-9c56-3f2f1f6f0a11"

func TestFormat1VerifiesForEver(t *testing.T) {
	store := format1(t)
	found, verdict := verify(t, store, ledger.VerifyOptions{
		Now: at().Add(30 * 24 * time.Hour), Deep: true,
		Checkpoint: "253e9afb74b45c1cbea079b501fae6ff9348d938ea37248e12e178ffc555c954",
		Witnesses:  ledger.FindWitnesses("tenant#2 514a3a6325c7"),
	})
	want := ledger.Verdict{
		OK: true, Streams: 3, Entries: 13, Expired: 2,
		Checkpoint: "253e9afb74b45c1cbea079b501fae6ff9348d938ea37248e12e178ffc555c954",
	}
	if diff := cmp.Diff(want, verdict); diff != "" || len(found) > 0 {
		t.Errorf("found %v, verdict (-want +got):\n%s", found, diff)
	}
}

func TestFormat1IsReadForEver(t *testing.T) {
	store := format1(t)
	l := ledger.New(store, at)
	type line struct {
		Kind      string
		Alertable ledger.Alertable
		Time      string
		Refs      []uint64
		Payload   string
	}
	var lines []line
	for stored, err := range l.Entries(t.Context(), format1Account, 1) {
		if err != nil {
			t.Fatal(err)
		}
		payload, err := stored.Unpack()
		if err != nil {
			payload = []byte(err.Error())
		}
		lines = append(lines, line{stored.Kind, stored.Alertable, stored.Time.Format(time.RFC3339Nano), stored.Refs, string(payload)})
	}
	want := []line{
		{"event", ledger.OwesNothing, "2026-03-01T12:00:00.000000001Z", nil, "payload expired by policy"},
		{"event", ledger.OwesNothing, "2026-03-01T12:00:01.5Z", nil, "payload expired by policy"},
		{"event", ledger.OwesAlert, "2026-03-01T12:00:02Z", nil, `{"name":"bg-alpha <b>&amp;</b> \u202e日本"}`},
		{"event", ledger.OwesSummary, "2026-03-01T12:00:03Z", nil, `{"n":4}`},
		{"event", ledger.OwesSummary, "2026-03-01T12:00:04Z", nil, `{"n":5}`},
		{"receipt", ledger.OwesNothing, "2026-03-01T12:00:05Z", []uint64{3}, `{}`},
		{"summary", ledger.OwesAlert, "2026-03-01T12:00:06Z", []uint64{1, 2, 4, 5}, `"` + strings.Repeat(`0123456789abcdef`, 40) + `"`},
		{"receipt", ledger.OwesNothing, "2026-03-01T12:00:07Z", []uint64{7}, `{}`},
		{"purge", ledger.OwesNothing, "2026-03-02T12:00:00Z", []uint64{1, 2}, `{"v":1,"policy":"RETENTION 1d","before":"2026-03-01T12:00:02Z","from":1,"to":2}`},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("entries (-written +read):\n%s", diff)
	}
	head, err := l.Head(t.Context(), format1Account)
	if err != nil || head.Sequence != 9 || string(head.State) != "state of the journal" {
		t.Errorf("head at %d with state %q, error %v", head.Sequence, head.State, err)
	}
}

func TestFormat1IsContinued(t *testing.T) {
	store := format1(t)
	l := ledger.New(store, at)
	if _, err := l.Append(t.Context(), format1Account, adds(event(`{}`))); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, verdict := verify(t, store, ledger.VerifyOptions{Now: at().Add(30 * 24 * time.Hour), Deep: true})
	if len(found) > 0 || verdict.Entries != 15 {
		t.Errorf("%d entries, found %v", verdict.Entries, found)
	}
}
