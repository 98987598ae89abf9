package tables_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
)

// protocol is a table service that answers as a test says.
func protocol(t *testing.T, answer http.HandlerFunc) *tables.Store {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	s, err := tables.New(tables.Options{
		ConnectionString: "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint=" + server.URL + "/a", Table: "Ledger",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// batch is an answer to a transaction as the service writes it.
func batch(actions ...string) string {
	var b strings.Builder
	b.WriteString("--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n")
	for _, action := range actions {
		b.WriteString("--changesetresponse_2\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + action + "\r\n")
	}
	b.WriteString("--changesetresponse_2--\r\n--batchresponse_1--\r\n")
	return b.String()
}

const done = "HTTP/1.1 204 No Content\r\nX-Content-Type-Options: nosniff\r\nDataServiceVersion: 1.0;\r\n\r\n"

func refused(status, code, message string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\n\r\n"+
		`{"odata.error":{"code":%q,"message":{"lang":"en-US","value":%q}}}`+"\r\n", status, code, message)
}

func accepted(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "multipart/mixed; boundary=batchresponse_1")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, body)
}

func TestTheAnswerToATransaction(t *testing.T) {
	two := batch(done, done)
	for _, c := range []struct {
		name, body string
		conflict   bool
		refused    string // code and key
		ok         bool
	}{
		{name: "both done", body: two, ok: true},
		{name: "a row exists", body: batch(refused("409 Conflict", "EntityAlreadyExists", "1:The specified entity already exists.")), conflict: true},
		{name: "another ETag", body: batch(refused("412 Precondition Failed", "UpdateConditionNotSatisfied", "0:The update condition.")), conflict: true},
		{name: "a row is missing", body: batch(refused("404 Not Found", "ResourceNotFound", "1:The specified resource does not exist.")), conflict: true},
		{name: "a value is too large", body: batch(refused("400 Bad Request", "PropertyValueTooLarge", "1:The property value.")), refused: "PropertyValueTooLarge b"},
		{name: "an entity is too large", body: batch(refused("400 Bad Request", "EntityTooLarge", "0:The entity.\nRequestId:1")), refused: "EntityTooLarge a"},
		{name: "it does not say which row", body: batch(refused("400 Bad Request", "InvalidInput", "One of the request inputs is not valid.")), refused: "InvalidInput "},
		{name: "an index that cannot be", body: batch(refused("400 Bad Request", "InvalidInput", "77:no such action")), refused: "InvalidInput "},
		{name: "the service is busy inside", body: batch(refused("503 Service Unavailable", "ServerBusy", "0:busy"))},
		{name: "a code that nobody knows", body: batch(refused("400 Bad Request", "SomethingNew", "0:new"))},
		{name: "no code at all", body: batch("HTTP/1.1 400 Bad Request\r\n\r\nwhat?\r\n")},
		{name: "an error outside the changeset", body: `{"odata.error":{"code":"ServerBusy","message":{"value":"busy"}}}`},
		{name: "empty", body: ""},
		{name: "one byte", body: "-"},
		{name: "an empty line first", body: "\r\n" + two[:len(two)-6]},
		{name: "not multipart", body: "<html>a proxy speaks</html>"},
		{name: "no actions", body: batch()},
		{name: "one action of two", body: batch(done)},
		{name: "three actions of two", body: batch(done, done, done)},
		{name: "cut within the first action", body: two[:200]},
		{name: "cut before the second action", body: two[:len(two)/2]},
		{name: "cut within the last boundary", body: two[:len(two)-6]},
		{name: "an action that is no HTTP", body: batch(done, "garbage\r\n")},
		{name: "a status that is no success", body: batch(done, "HTTP/1.1 301 Moved\r\n\r\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := protocol(t, func(w http.ResponseWriter, _ *http.Request) { accepted(w, c.body) })
			err := s.Commit(t.Context(), "tenant", []ledger.Op{insert("a", nil), insert("b", nil)})
			if (err == nil) != c.ok {
				t.Fatalf("error %v", err)
			}
			if errors.Is(err, ledger.ErrConflict) != c.conflict {
				t.Errorf("error %v, conflict wanted: %v", err, c.conflict)
			}
			got := ""
			if r, ok := errors.AsType[*ledger.RefusedError](err); ok {
				got = r.Code + " " + r.Key
			}
			if got != c.refused {
				t.Errorf("refused %q, want %q", got, c.refused)
			}
		})
	}
}

// Every answer that is cut anywhere is uncertain, never a success.
func FuzzNoCutAnswerIsASuccess(f *testing.F) {
	two := batch(done, done)
	f.Add(uint16(0), byte(0))
	f.Add(uint16(200), byte(7))
	f.Fuzz(func(t *testing.T, cut uint16, flip byte) {
		body := []byte(two)[:int(cut)%(len(two)-4)]
		if len(body) > 0 {
			body[int(flip)%len(body)] ^= flip
		}
		answer := &http.Response{
			StatusCode: http.StatusAccepted, Header: http.Header{"Content-Type": {"multipart/mixed; boundary=batchresponse_1"}},
			Body: io.NopCloser(bytes.NewReader(body)),
		}
		s, err := tables.New(tables.Options{
			ConnectionString: "AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:1/a", Table: "Ledger",
			Transport: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return answer, nil })},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), "tenant", []ledger.Op{insert("a", nil), insert("b", nil)}); err == nil {
			t.Errorf("success from %q", body)
		}
	})
}

func TestTroubleOutsideATransaction(t *testing.T) {
	odata := func(code string) string {
		return fmt.Sprintf(`{"odata.error":{"code":%q,"message":{"value":"x"}}}`, code)
	}
	for _, c := range []struct {
		name       string
		status     int
		retryAfter string
		body       string
		calls      int64
		refused    bool
	}{
		{"busy, and says for long", 503, "30", odata("ServerBusy"), 1, false},
		{"busy", 503, "", odata("ServerBusy"), 3, false},
		{"too many requests", 429, "", "", 3, false},
		{"broken", 500, "", odata("InternalError"), 3, false},
		{"unauthorised", 401, "", odata("AuthenticationFailed"), 1, false},
		{"forbidden", 403, "", odata("AuthorizationPermissionMismatch"), 1, false},
		{"the body is too large", 413, "", odata("RequestBodyTooLarge"), 1, true},
		{"the body is too large, without a code", 413, "", "", 1, true},
		{"a success that is none", 200, "", "hello", 1, false},
		{"a success without an answer", 204, "", "", 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := protocol(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			err := s.Commit(t.Context(), "tenant", []ledger.Op{insert("a", nil)})
			if err == nil || errors.Is(err, ledger.ErrConflict) {
				t.Fatalf("error %v", err)
			}
			if _, isRefused := errors.AsType[*ledger.RefusedError](err); isRefused != c.refused {
				t.Errorf("error %v, refusal wanted: %v", err, c.refused)
			}
			if s.Calls() != c.calls {
				t.Errorf("%d calls, want %d", s.Calls(), c.calls)
			}
			if _, err := s.Get(t.Context(), "tenant", "a"); err == nil || errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("Get: %v", err)
			}
			if len(err.Error()) > 200 {
				t.Errorf("a long error: %v", err)
			}
		})
	}
}

func TestAShortRetryAfterIsWaitedFor(t *testing.T) {
	var asked atomic.Int64
	s := protocol(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		accepted(w, batch(done))
	})
	start := time.Now()
	if err := s.Commit(t.Context(), "tenant", []ledger.Op{insert("a", nil)}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < time.Second {
		t.Errorf("tried again after %v", took)
	}
}

func TestASlowServiceEndsWithTheDeadline(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := protocol(t, func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := s.Commit(ctx, "tenant", []ledger.Op{insert("a", nil)})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestAHangingTryLeavesTimeForAnother(t *testing.T) {
	var asked atomic.Int64
	release := make(chan struct{})
	defer close(release)
	s := protocol(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			<-release
			return
		}
		accepted(w, batch(done))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := s.Commit(ctx, "tenant", []ledger.Op{insert("a", nil)}); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

func TestWhoHasNoDeadlineReadsOverASlowLine(t *testing.T) {
	t.Parallel()
	s := protocol(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		page := `{"odata.metadata":"m","value":[{"PartitionKey":"tenant","RowKey":"a"}]}`
		for half := range strings.SplitSeq(page[:30]+"\x00"+page[30:], "\x00") {
			_, _ = io.WriteString(w, half)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(1500 * time.Millisecond) // together longer than a function would wait
		}
	})
	if rows := list(t, s, "", "~"); len(rows) != 1 || s.Calls() != 1 {
		t.Errorf("%d rows in %d calls", len(rows), s.Calls())
	}
}

func TestHalfAnswersToReads(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = io.WriteString(w, `{"RowKey":"a","N@odata.type":"Edm.Int64",`)
		},
		"not JSON":    func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"another row": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"RowKey":"b"}`) },
		"a number that is none": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"RowKey":"a","N":"x","N@odata.type":"Edm.Int64"}`)
		},
		"a binary that is none": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"RowKey":"a","N":"%%","N@odata.type":"Edm.Binary"}`)
		},
		"a type that is not a word": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"RowKey":"a","N":"x","N@odata.type":7}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := protocol(t, answer)
			if _, err := s.Get(t.Context(), "tenant", "a"); err == nil || errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("Get: %v", err)
			}
		})
	}
	t.Run("a list without rows", func(t *testing.T) {
		s := protocol(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `<html>`) })
		failed := false
		for _, err := range s.List(t.Context(), "tenant", "", "~") {
			failed = failed || err != nil
		}
		if !failed {
			t.Error("a page that cannot be read ended the list without an error")
		}
	})
}

func TestTypesAsTheServiceSendsThem(t *testing.T) {
	s := protocol(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"odata.metadata":"m","odata.type":"a.Ledger","odata.id":"i","odata.etag":"W/\"1\"","odata.editLink":"e",
			"PartitionKey":"tenant","RowKey":"a","Timestamp@odata.type":"Edm.DateTime","Timestamp":"2026-03-01T12:00:00.1234567Z",
			"Three@odata.type":"Edm.Double","Three":3.0,"Whole@odata.type":"Edm.Double","Whole":3,"Plain":7,"Half":0.5,"Yes":true,
			"Long@odata.type":"Edm.Int64","Long":"-9223372036854775808","When@odata.type":"Edm.DateTime","When":"2026-03-01T12:00:00Z"}`)
	})
	row, err := s.Get(t.Context(), "tenant", "a")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"Three": 3.0, "Whole": 3.0, "Plain": int64(7), "Half": 0.5, "Yes": true, "Long": int64(-1 << 63),
		"When": time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	if len(row.Columns) != len(want) || row.ETag != `W/"1"` {
		t.Errorf("row %v", row)
	}
	for name, value := range want {
		if row.Columns[name] != value {
			t.Errorf("%s is %#v, want %#v", name, row.Columns[name], value)
		}
	}
}

// Full metadata is the only format for which an ETag of a listed row is documented; the emulator always sends it.
func TestListedRowsCanBeClaimed(t *testing.T) {
	s := protocol(t, func(w http.ResponseWriter, r *http.Request) {
		etag := ""
		if strings.Contains(r.URL.Query().Get("$format"), "odata=fullmetadata") {
			etag = `"odata.etag":"W/\"1\"",`
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"odata.metadata":"m","value":[{`+etag+`"PartitionKey":"tenant","RowKey":"owed|1"}]}`)
	})
	for row, err := range s.List(t.Context(), "tenant", "", "~") {
		if err != nil || row.ETag == "" {
			t.Errorf("row %v, error %v", row, err)
		}
	}
}
