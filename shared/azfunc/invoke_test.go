package azfunc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"glasswatch/shared/azfunc"
)

func TestEveryAnswerOfAHostCallIsAFullObject(t *testing.T) {
	for _, test := range []struct {
		name   string
		invoke func(context.Context, azfunc.Call) (azfunc.Answer, error)
		status int
		want   string
	}{
		{"sentences", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			return azfunc.Answer{Logs: []string{"2 events, 1 match."}}, nil
		}, 200, `{"Outputs":{},"Logs":["2 events, 1 match."],"ReturnValue":null}`},
		{"nothing to say", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			return azfunc.Answer{}, nil
		}, 200, `{"Outputs":{},"Logs":["watchlogs is done."],"ReturnValue":null}`},
		{"error", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			return azfunc.Answer{Logs: []string{"lost"}}, errors.New("append: storage answered 503")
		}, 500, `{"Outputs":{},"Logs":["watchlogs: append: storage answered 503"],"ReturnValue":null}`},
		{"panic", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			panic("the inside of the program")
		}, 500, `{"Outputs":{},"Logs":["watchlogs: it panicked; the stack is in the log"],"ReturnValue":null}`},
		{"ended goroutine", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			runtime.Goexit()
			return azfunc.Answer{}, nil
		}, 500, `{"Outputs":{},"Logs":["watchlogs: it ended without an answer"],"ReturnValue":null}`},
		{"hostile text", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			return azfunc.Answer{Logs: []string{"a\nb\x00\xff</script>"}}, nil
		}, 200, `{"Outputs":{},"Logs":["a\nb\u0000\ufffd\u003c/script\u003e"],"ReturnValue":null}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(app(t, test.invoke))
			defer server.Close()
			got := post(t, server, "/watchlogs", strings.NewReader("{}"))
			if got.status != test.status || got.kind != "application/json" || got.text != test.want {
				t.Errorf("got %d %q\n%s\nwant %d\n%s", got.status, got.kind, got.text, test.status, test.want)
			}
			if again := get(t, server, "/"); again.status != http.StatusOK {
				t.Errorf("after it GET / answers %d", again.status)
			}
		})
	}
	t.Run("very long text is shortened", func(t *testing.T) {
		server := httptest.NewServer(app(t, func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			return azfunc.Answer{}, errors.New(strings.Repeat("ä", 1<<20))
		}))
		defer server.Close()
		if got := post(t, server, "/watchlogs", nil); len(got.text) > 2000 || !json.Valid([]byte(got.text)) {
			t.Errorf("the answer has %d bytes", len(got.text))
		}
	})
	t.Run("refusals", func(t *testing.T) {
		server := httptest.NewServer(app(t, forbidden(t)))
		defer server.Close()
		for _, got := range []reply{get(t, server, "/watchlogs"), post(t, server, "/nothing", nil), get(t, server, "/")} {
			if got.kind != "application/json" || len(got.logs) == 0 {
				t.Errorf("%d %q %s", got.status, got.kind, got.text)
			}
		}
	})
}

// forbidden is a function that must not be called.
func forbidden(t *testing.T) func(context.Context, azfunc.Call) (azfunc.Answer, error) {
	return func(context.Context, azfunc.Call) (azfunc.Answer, error) {
		t.Error("called")
		return azfunc.Answer{}, nil
	}
}

func TestCallHandsOverBodyAndIdentity(t *testing.T) {
	var logged lockedBuffer
	mux, err := azfunc.Mux([]azfunc.Function{{
		Name: "watchlogs", Binding: []byte(hubBinding),
		Invoke: func(_ context.Context, call azfunc.Call) (azfunc.Answer, error) {
			body, err := io.ReadAll(call.Body)
			call.Log.Info("read")
			return azfunc.Answer{Logs: []string{call.InvocationID + " " + string(body)}}, err
		},
	}}, azfunc.NewLogger(&logged, slog.LevelInfo))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	// A reader of unknown length is sent chunked, as the host does.
	got := post(t, server, "/watchlogs", io.MultiReader(strings.NewReader(`{"Data"`), strings.NewReader(`:{}}`)))
	if want := `5b1f4e0e-8a59-4f5a-9a1c-0b6a3f1d2c11 {"Data":{}}`; len(got.logs) != 1 || got.logs[0] != want {
		t.Errorf("got %q, want %q", got.logs, want)
	}
	for _, want := range []string{`"function":"watchlogs"`, `"invocationId":"5b1f4e0e-8a59-4f5a-9a1c-0b6a3f1d2c11"`, `"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"`} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, logged.String())
		}
	}
}

func TestInvocationIDThatIsNoneStaysOutOfTheLog(t *testing.T) {
	for _, forged := range []string{"a b", "x\"y", strings.Repeat("a", 65), "é"} {
		mux := app(t, func(_ context.Context, call azfunc.Call) (azfunc.Answer, error) {
			return azfunc.Answer{Logs: []string{"<" + call.InvocationID + ">"}}, nil
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/watchlogs", nil)
		r.Header.Set("X-Azure-Functions-InvocationId", forged)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `\u003c\u003e`) {
			t.Errorf("%q was taken for an id: %s", forged, w.Body)
		}
	}
}

func TestPanicLeavesItsStackInTheLogOnly(t *testing.T) {
	var logged lockedBuffer
	mux, err := azfunc.Mux([]azfunc.Function{
		{Name: "watchlogs", Binding: []byte(hubBinding), Invoke: func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			panic("inside")
		}},
		{Name: "showstatus", Binding: httpBinding("status", `"get"`), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", "attachment")
			panic("inside")
		})},
	}, azfunc.NewLogger(&logged, slog.LevelInfo))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, got := range []reply{post(t, server, "/watchlogs", nil), get(t, server, "/api/status?code=functionkey")} {
		if got.status != 500 || strings.Contains(got.text, "inside") || strings.Contains(got.text, "goroutine") {
			t.Errorf("%d %s", got.status, got.text)
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/status", nil))
	if got := w.Header().Get("Content-Disposition"); got != "" {
		t.Errorf("the apology is sent as %q", got)
	}
	if n := strings.Count(logged.String(), "invoke_test.go"); n < 2 {
		t.Errorf("the log has %d stacks:\n%s", n, logged.String())
	}
	if strings.Contains(logged.String(), "functionkey") {
		t.Error("the log holds the key from the query")
	}
}

func TestHalfAnAnswerIsBrokenOffByAPanic(t *testing.T) {
	mux, err := azfunc.Mux([]azfunc.Function{{
		Name: "exportevidence", Binding: httpBinding("evidence", `"get"`),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("the other half")
		}),
	}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/evidence", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%q passed for a whole answer", got)
	}
}

func TestPublicBodyIsBounded(t *testing.T) {
	mux, err := azfunc.Mux([]azfunc.Function{{
		Name: "rundrill", Binding: httpBinding("drills", `"post"`),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); !tooLarge || n > 1<<20 {
				t.Errorf("read %d bytes, error %v", n, err)
			}
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}),
	}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/drills", strings.NewReader(strings.Repeat("x", 2<<20)))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}

func TestDeadlineIsKept(t *testing.T) {
	for _, test := range []struct {
		name   string
		invoke func(context.Context, azfunc.Call) (azfunc.Answer, error)
		status int
		after  time.Duration
		text   string
	}{
		{"function that heeds it", func(ctx context.Context, _ azfunc.Call) (azfunc.Answer, error) {
			<-ctx.Done()
			return azfunc.Answer{}, ctx.Err()
		}, 500, time.Minute, "context deadline exceeded"},
		{"function that ends its work in the grace", func(ctx context.Context, _ azfunc.Call) (azfunc.Answer, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return azfunc.Answer{Logs: []string{"just made it"}}, nil
		}, 200, time.Minute + time.Second, "just made it"},
		{"function that ignores it", func(context.Context, azfunc.Call) (azfunc.Answer, error) {
			time.Sleep(time.Hour)
			return azfunc.Answer{}, nil
		}, 500, time.Minute + 2*time.Second, "left behind"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged lockedBuffer
				mux, err := azfunc.Mux([]azfunc.Function{{Name: "watchlogs", Binding: []byte(hubBinding), Deadline: time.Minute, Invoke: test.invoke}},
					azfunc.NewLogger(&logged, slog.LevelInfo))
				if err != nil {
					t.Fatal(err)
				}
				started := time.Now()
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/watchlogs", strings.NewReader("{}")))
				if took := time.Since(started); took != test.after || w.Code != test.status || !strings.Contains(w.Body.String(), test.text) {
					t.Errorf("%d after %s: %s", w.Code, took, w.Body)
				}
				time.Sleep(2 * time.Hour)
				if left := strings.Contains(logged.String(), "left behind has ended"); left != (test.text == "left behind") {
					t.Errorf("the log says of one left behind: %v\n%s", left, logged.String())
				}
			})
		})
	}
}

func TestPublicRequestHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux, err := azfunc.Mux([]azfunc.Function{{
			Name: "showstatus", Binding: httpBinding("status", `"get"`), Deadline: time.Minute,
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		}}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/status", nil))
		if took := time.Since(started); took != time.Minute {
			t.Errorf("it ended after %s", took)
		}
	})
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
