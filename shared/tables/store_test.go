package tables_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/azurite"
	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
)

// emulator is shared by the tests of this package; each has its own table.
var emulator *azurite.Server

func TestMain(m *testing.M) {
	os.Exit(azurite.Run(m, func(s *azurite.Server) { emulator = s }))
}

func open(t testing.TB, transport http.RoundTripper) *tables.Store {
	t.Helper()
	return openTable(t, azurite.TableName(), transport)
}

func openTable(t testing.TB, table string, transport http.RoundTripper) *tables.Store {
	t.Helper()
	o := tables.Options{ConnectionString: emulator.ConnectionString(), Table: table}
	if transport != nil {
		o.Transport = &http.Client{Transport: transport}
	}
	s, err := tables.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func insert(key string, columns map[string]any) ledger.Op {
	return ledger.Op{Kind: ledger.Insert, Row: ledger.Row{Key: key, Columns: columns}}
}

func commit(t *testing.T, s *tables.Store, ops ...ledger.Op) {
	t.Helper()
	if err := s.Commit(t.Context(), "tenant", ops); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, s *tables.Store, from, to string) []ledger.Row {
	t.Helper()
	var rows []ledger.Row
	for row, err := range s.List(t.Context(), "tenant", from, to) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestColumnsComeBackAsTheyWere(t *testing.T) {
	s := open(t, nil)
	columns := map[string]any{
		"Empty": "", "Text": "Gräfin <b>'\"\\ \u2028 \x01 'quoted'", "Date": "2026-03-01T00:00:00Z",
		"Yes": true, "No": false,
		"Zero": int64(0), "Max": int64(1<<63 - 1), "Min": int64(-1 << 63), "Small": int64(7),
		"Fraction": 0.1, "Huge": 1.5e300, // the emulator forgets that 3.0 is no integer
		"Time":   time.Date(2026, 3, 1, 12, 0, 0, 123456700, time.UTC),
		"Nobyte": []byte{}, "Full": make([]byte, 64<<10), "Binary": []byte{0, 1, 255},
	}
	commit(t, s, insert("row|1", columns))
	row, err := s.Get(t.Context(), "tenant", "row|1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(columns, row.Columns); diff != "" {
		t.Errorf("Get (-written +read):\n%s", diff)
	}
	listed := list(t, s, "row|", "row|~")
	if len(listed) != 1 {
		t.Fatalf("%d rows listed", len(listed))
	}
	if diff := cmp.Diff(row, listed[0]); diff != "" || row.ETag == "" {
		t.Errorf("List (-Get +List), ETag %q:\n%s", row.ETag, diff)
	}
}

func TestTheTableIsMadeWhenItIsMissing(t *testing.T) {
	s := open(t, nil)
	if _, err := s.Get(t.Context(), "tenant", "head"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("Get without a table: %v", err)
	}
	if rows := list(t, s, "", "~"); len(rows) != 0 {
		t.Errorf("List without a table: %v", rows)
	}
	commit(t, s, insert("head", nil))
	if _, err := s.Get(t.Context(), "tenant", "head"); err != nil {
		t.Error(err)
	}
}

func TestPreconditions(t *testing.T) {
	s := open(t, nil)
	commit(t, s, insert("a", map[string]any{"N": int64(1)}), insert("b", nil))
	row, err := s.Get(t.Context(), "tenant", "a")
	if err != nil {
		t.Fatal(err)
	}
	op := func(kind ledger.OpKind, key, etag string) ledger.Op {
		return ledger.Op{Kind: kind, Row: ledger.Row{Key: key, ETag: etag, Columns: map[string]any{"N": int64(2)}}}
	}
	commit(t, s, op(ledger.Replace, "a", row.ETag))
	for name, second := range map[string]ledger.Op{
		"an insert of what exists":     op(ledger.Insert, "b", ""),
		"a replace with an old ETag":   op(ledger.Replace, "a", row.ETag),
		"a replace of what is missing": op(ledger.Replace, "c", "*"),
		"a delete with an old ETag":    op(ledger.Delete, "a", row.ETag),
		"a delete of what is missing":  op(ledger.Delete, "c", "*"),
	} {
		err := s.Commit(t.Context(), "tenant", []ledger.Op{insert("new", nil), second})
		if !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Get(t.Context(), "tenant", "new"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: the rest was committed: %v", name, err)
		}
	}
	commit(t, s, op(ledger.Upsert, "a", ""), op(ledger.Upsert, "c", ""), op(ledger.Delete, "b", "*"))
	var keys []string
	for _, row := range list(t, s, "", "~") {
		keys = append(keys, row.Key)
	}
	if diff := cmp.Diff([]string{"a", "c"}, keys); diff != "" {
		t.Error(diff)
	}
}

func TestListReadsPageByPageInOrder(t *testing.T) {
	s := open(t, nil)
	for block := range 11 {
		var ops []ledger.Op
		for n := range 100 {
			ops = append(ops, insert(fmt.Sprintf("entry|%020d", block*100+n), nil))
		}
		commit(t, s, ops...)
	}
	commit(t, s, insert("head", nil), insert("owed|1", nil))
	rows := list(t, s, fmt.Sprintf("entry|%020d", 50), "entry|~")
	if len(rows) != 1050 {
		t.Fatalf("%d rows", len(rows))
	}
	for n, row := range rows {
		if want := fmt.Sprintf("entry|%020d", n+50); row.Key != want {
			t.Fatalf("row %d is %s, want %s", n, row.Key, want)
		}
	}
	for row, err := range s.List(t.Context(), "tenant", "entry|", "entry|~") {
		if err != nil || row.Key != rows[0].Key[:len(rows[0].Key)-2]+"00" {
			t.Errorf("the first row is %s, error %v", row.Key, err)
		}
		break // a caller may stop early
	}
}

func TestPermanentRefusalsNameTheRow(t *testing.T) {
	s := open(t, nil)
	commit(t, s, insert("first", nil))
	for _, c := range []struct {
		name    string
		columns map[string]any
	}{
		{"a string of 33 Ki characters", map[string]any{"A": strings.Repeat("x", 33<<10)}},
		{"a binary of more than 64 KiB", map[string]any{"A": make([]byte, 64<<10+1)}},
	} {
		err := s.Commit(t.Context(), "tenant", []ledger.Op{insert("good", nil), insert("bad", c.columns)})
		refused, ok := errors.AsType[*ledger.RefusedError](err)
		if !ok || refused.Code != "PropertyValueTooLarge" {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if refused.Op != -1 && refused.Key != "bad" {
			t.Errorf("%s: names row %q", c.name, refused.Key)
		}
	}
}

func TestTransactionsAreHeldToTheServicesBounds(t *testing.T) {
	var called atomic.Bool
	s := open(t, roundTrip(func(*http.Request) (*http.Response, error) {
		called.Store(true)
		return nil, errors.New("no request should be made")
	}))
	var many, heavy []ledger.Op
	for n := range 101 {
		many = append(many, insert(fmt.Sprintf("row|%d", n), nil))
	}
	for n := range 50 {
		heavy = append(heavy, insert(fmt.Sprintf("row|%d", n), map[string]any{"A": make([]byte, 64<<10)}))
	}
	row := func(kind ledger.OpKind, etag string) []ledger.Op {
		return []ledger.Op{{Kind: kind, Row: ledger.Row{Key: "a", ETag: etag}}}
	}
	for _, c := range []struct {
		name, partition string
		ops             []ledger.Op
		want            string
	}{
		{"no rows", "tenant", nil, "0 rows"},
		{"101 rows", "tenant", many, "101 rows"},
		{"more than 4 MiB", "tenant", heavy, "RequestBodyTooLarge"},
		{"a row twice", "tenant", []ledger.Op{insert("a", nil), insert("a", nil)}, "twice"},
		{"a slash in a key", "tenant", []ledger.Op{insert("a/b", nil)}, "letters, digits"},
		{"a quote in a partition", "te'nant", []ledger.Op{insert("a", nil)}, "letters, digits"},
		{"an empty key", "tenant", []ledger.Op{insert("", nil)}, "letters, digits"},
		{"a replace without an ETag", "tenant", row(ledger.Replace, ""), "without saying"},
		{"a delete without an ETag", "tenant", row(ledger.Delete, ""), "without saying"},
		{"a type that no column has", "tenant", []ledger.Op{insert("a", map[string]any{"A": 1})}, "type"},
	} {
		if err := s.Commit(t.Context(), c.partition, c.ops); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := s.Get(t.Context(), "tenant", "a'b"); err == nil || errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a quote in a key that is read: %v", err)
	}
	for _, err := range s.List(t.Context(), "tenant", "a' or 'a' eq 'a", "~") {
		if err == nil {
			t.Error("a quote in a range was taken")
		}
	}
	if called.Load() {
		t.Error("a request was made")
	}
}

func TestABigTransactionFits(t *testing.T) {
	s := open(t, nil)
	var ops []ledger.Op
	for n := range 44 { // 2.75 MiB of binary, near what the ledger packs
		ops = append(ops, insert(fmt.Sprintf("row|%02d", n), map[string]any{"A": make([]byte, 64<<10)}))
	}
	commit(t, s, ops...)
	if rows := list(t, s, "row|", "row|~"); len(rows) != len(ops) {
		t.Errorf("%d rows came back", len(rows))
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNoSecretInErrors(t *testing.T) {
	const secret = "c2VjcmV0c2VjcmV0c2VjcmV0" // a made-up key
	for _, connection := range []string{
		"AccountName=a;AccountKey=" + secret + "!;TableEndpoint=http://127.0.0.1:1/a", // not base64
		"nonsense-" + secret,
		"AccountName=a;SharedAccessSignature=sig=" + secret,
		"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=" + secret + ";TableEndpoint=http://127.0.0.1:1/a",
	} {
		s, err := tables.New(tables.Options{
			ConnectionString: connection, Table: "T",
			Transport: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })},
		})
		if err == nil {
			_, err = s.Get(t.Context(), "tenant", "head")
		}
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v", err)
		}
	}
}

func TestADeadServiceIsKnownSoon(t *testing.T) {
	s, err := tables.New(tables.Options{ConnectionString: strings.ReplaceAll(emulator.ConnectionString(), fmt.Sprint(emulator.Port()), "1"), Table: "T"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Commit(ctx, "tenant", []ledger.Op{insert("a", nil)}); err == nil || ctx.Err() != nil {
		t.Errorf("error %v, context %v", err, ctx.Err())
	}
}
