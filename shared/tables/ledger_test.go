package tables_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/azurite"
	"glasswatch/shared/ledger"
	"glasswatch/shared/tables"
)

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func event(payload string) ledger.Entry {
	return ledger.Entry{Kind: ledger.KindEvent, Time: now(), Payload: fmt.Appendf(nil, "%q", payload)}
}

func adds(entries ...ledger.Entry) func(context.Context, *ledger.Tx) error {
	return func(_ context.Context, tx *ledger.Tx) error {
		for _, e := range entries {
			tx.Add(e)
		}
		return nil
	}
}

func read(t *testing.T, l *ledger.Ledger, stream string) []string {
	t.Helper()
	payloads := []string{}
	for stored, err := range l.Entries(t.Context(), stream, 1) {
		if err != nil {
			t.Fatal(err)
		}
		payload, err := stored.Unpack()
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(payload, &text); err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, text)
	}
	return payloads
}

func whole(t *testing.T, store ledger.Store) {
	t.Helper()
	problems, verdict := ledger.Verify(t.Context(), store, ledger.VerifyOptions{Now: now(), Deep: true})
	for p, err := range problems {
		t.Errorf("verify: %v, %v", p, err)
	}
	if !verdict.OK {
		t.Error("verify does not call it whole")
	}
}

// isCommit tells whether a request is a transaction on a stream, not on the register.
func isCommit(r *http.Request, body []byte) bool {
	return strings.HasSuffix(r.URL.Path, "/$batch") && !bytes.Contains(body, []byte(`"PartitionKey":"register"`))
}

// between puts a test between the store and the emulator, at every transaction of a stream.
func between(t *testing.T, do func(number int64, pass func() (*http.Response, error)) (*http.Response, error)) http.RoundTripper {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	var number atomic.Int64
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if !isCommit(r, body) {
			return transport.RoundTrip(r)
		}
		return do(number.Add(1), func() (*http.Response, error) { return transport.RoundTrip(r) })
	})
}

func TestAnswerLostAfterCommit(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(answer *http.Response) (*http.Response, error)
	}{
		{"the connection is cut", func(*http.Response) (*http.Response, error) { return nil, errors.New("connection reset by peer") }},
		{"the answer is cut short", func(answer *http.Response) (*http.Response, error) {
			answer.Body = http.MaxBytesReader(nil, answer.Body, 40)
			return answer, nil
		}},
		{"a gateway answers instead", func(answer *http.Response) (*http.Response, error) {
			answer.StatusCode = http.StatusBadGateway
			return answer, nil
		}},
		{"the answer is garbled", func(answer *http.Response) (*http.Response, error) {
			answer.Header.Set("Content-Type", "text/html")
			return answer, nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := open(t, between(t, func(number int64, pass func() (*http.Response, error)) (*http.Response, error) {
				answer, err := pass()
				if number != 2 || err != nil {
					return answer, err
				}
				return c.lose(answer)
			}))
			l := ledger.New(store, now)
			for _, payload := range []string{"1", "2", "3"} {
				sealed, err := l.Append(t.Context(), "tenant", adds(event(payload)))
				if err != nil || len(sealed) != 1 || fmt.Sprint(sealed[0].Sequence) != payload {
					t.Fatalf("entry %s: %v, %v", payload, sealed, err)
				}
			}
			if diff := cmp.Diff([]string{"1", "2", "3"}, read(t, l, "tenant")); diff != "" {
				t.Error(diff)
			}
			whole(t, store)
		})
	}
}

func TestAnotherWriterInBetween(t *testing.T) {
	store := open(t, nil)
	mine, other := ledger.New(store, now), ledger.New(store, now)
	builds := 0
	sealed, err := mine.Append(t.Context(), "tenant", func(ctx context.Context, tx *ledger.Tx) error {
		if builds++; builds < 3 {
			if _, err := other.Append(ctx, "tenant", adds(event("other"))); err != nil {
				t.Error(err)
			}
		}
		tx.Add(event("mine"))
		return nil
	})
	if err != nil || builds != 3 || sealed[0].Sequence != 3 {
		t.Fatalf("sealed %v after %d builds, error %v", sealed, builds, err)
	}
	if diff := cmp.Diff([]string{"other", "other", "mine"}, read(t, mine, "tenant")); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}

func TestAnswerLostAndAnotherWriterInBetween(t *testing.T) {
	table := azurite.TableName()
	other := ledger.New(openTable(t, table, nil), now)
	store := openTable(t, table, between(t, func(number int64, pass func() (*http.Response, error)) (*http.Response, error) {
		answer, err := pass()
		if number != 1 || err != nil {
			return answer, err
		}
		if _, err := other.Append(t.Context(), "tenant", adds(event("other"))); err != nil {
			t.Error(err)
		}
		_ = answer.Body.Close()
		return nil, errors.New("connection reset by peer")
	}))
	mine := ledger.New(store, now)
	sealed, err := mine.Append(t.Context(), "tenant", adds(event("mine")))
	if err != nil || sealed[0].Sequence != 1 {
		t.Fatalf("sealed %v, error %v", sealed, err)
	}
	if diff := cmp.Diff([]string{"mine", "other"}, read(t, mine, "tenant")); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}

func TestFourWritersAppendEachEntryExactlyOnce(t *testing.T) {
	const writers, appends = 4, 200
	table := azurite.TableName()
	var group sync.WaitGroup
	start := time.Now()
	for writer := range writers {
		group.Go(func() {
			// Each writer is a process of its own: its own ledger and its own connections.
			l := ledger.New(openTable(t, table, nil), now)
			for n := range appends {
				payload := fmt.Sprintf("%d-%03d", writer, n)
				for {
					_, err := l.Append(t.Context(), "tenant", once(payload))
					if err == nil {
						break
					}
					if !errors.Is(err, ledger.ErrConflict) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d appends by %d writers in %v", writers*appends, writers, time.Since(start))
	store := openTable(t, table, nil)
	got := read(t, ledger.New(store, now), "tenant")
	slices.Sort(got)
	var want []string
	for writer := range writers {
		for n := range appends {
			want = append(want, fmt.Sprintf("%d-%03d", writer, n))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}

// once adds an entry and the row by which a second append of the same knows that it was done.
func once(payload string) func(context.Context, *ledger.Tx) error {
	return func(ctx context.Context, tx *ledger.Tx) error {
		_, err := tx.Get(ctx, "seen|"+payload)
		if err == nil {
			return ledger.ErrNothing
		}
		if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		tx.Add(event(payload))
		tx.Upsert(ledger.Row{Key: "seen|" + payload})
		return nil
	}
}

func TestEightConflictsEndInAnError(t *testing.T) {
	table := azurite.TableName()
	other := ledger.New(openTable(t, table, nil), now)
	builds := 0
	mine := ledger.New(openTable(t, table, nil), now)
	_, err := mine.Append(t.Context(), "tenant", func(ctx context.Context, tx *ledger.Tx) error {
		builds++
		if _, err := other.Append(ctx, "tenant", adds(event("other"))); err != nil {
			t.Error(err)
		}
		tx.Add(event("mine"))
		return nil
	})
	if !errors.Is(err, ledger.ErrConflict) || builds != 8 {
		t.Errorf("%d builds, error %v", builds, err)
	}
	if got := read(t, mine, "tenant"); slices.Contains(got, "mine") {
		t.Errorf("%v", got)
	}
}

func TestCallsPerAppendDoNotGrow(t *testing.T) {
	store := open(t, nil)
	l := ledger.New(store, now)
	for n := range 120 {
		before := store.Calls()
		if _, err := l.Append(t.Context(), "tenant", adds(event("x"))); err != nil {
			t.Fatal(err)
		}
		if calls := store.Calls() - before; n > 0 && calls != 2 {
			t.Fatalf("append %d cost %d calls, not a read and a commit", n+1, calls)
		}
	}
}

func TestAnOutageIsKnownInTimeAndForgottenAfter(t *testing.T) {
	server, err := azurite.Start(t.Context(), azurite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	store, err := tables.New(tables.Options{ConnectionString: server.ConnectionString(), Table: "Ledger"})
	if err != nil {
		t.Fatal(err)
	}
	l := ledger.New(store, now)
	appendWithin := func(payload string) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := l.Append(ctx, "tenant", once(payload))
		return time.Since(start), err
	}
	if _, err := appendWithin("1"); err != nil {
		t.Fatal(err)
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if took, err := appendWithin("2"); err == nil || took > 6*time.Second {
		t.Errorf("a hanging store: %v after %v", err, took)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if took, err := appendWithin("2"); err == nil || took > 3*time.Second {
		t.Errorf("a store that is gone: %v after %v", err, took)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := appendWithin("2"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"1", "2"}, read(t, l, "tenant")); diff != "" {
		t.Error(diff)
	}
	whole(t, store)
}
