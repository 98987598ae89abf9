package azfunc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glasswatch/shared/azfunc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExitCodeIsNeverZero(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{azfunc.ErrStopped, 200},
		{fmt.Errorf("serve: %w", azfunc.ErrStopped), 200},
		{errors.New("listen"), 1},
		{nil, 1},
	} {
		if got := azfunc.ExitCode(test.err); got != test.want {
			t.Errorf("exit code of %v is %d, want %d", test.err, got, test.want)
		}
	}
}

// freePort finds a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

func TestServeStopsOnRequestAndSaysSo(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    string // what the client under way gets; empty: it is cut off
	}{
		{"call that ends soon", func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(200 * time.Millisecond)
			_, _ = io.WriteString(w, "whole")
		}, "whole"},
		{"call that waits for its context", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			port := freePort(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			begun := make(chan struct{}, 1)
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					return
				}
				begun <- struct{}{}
				test.handler(w, r)
			})
			served := make(chan error, 1)
			go func() { served <- azfunc.Serve(ctx, port, handler, slog.New(slog.DiscardHandler)) }()

			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			fetch := func(path string) (string, error) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
				if err != nil {
					return "", err
				}
				resp, err := client.Do(req)
				if err != nil {
					return "", err
				}
				defer func() { _ = resp.Body.Close() }()
				body, err := io.ReadAll(resp.Body)
				return string(body), err
			}
			for _, err := fetch("/"); err != nil; _, err = fetch("/") {
				time.Sleep(10 * time.Millisecond)
			}
			got := make(chan string, 1)
			go func() {
				body, _ := fetch("/work")
				got <- body
			}()
			<-begun
			stop()
			select {
			case err := <-served:
				if !errors.Is(err, azfunc.ErrStopped) {
					t.Errorf("Serve returned %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("Serve does not stop")
			}
			if body := <-got; body != test.want {
				t.Errorf("the client got %q, want %q", body, test.want)
			}
		})
	}
}

func TestServeSaysWhyItCannotListen(t *testing.T) {
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := taken.Addr().(*net.TCPAddr).Port
	err = azfunc.Serve(t.Context(), port, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("127.0.0.1:%d", port)) || errors.Is(err, azfunc.ErrStopped) {
		t.Errorf("Serve returned %v", err)
	}
}

func TestLogIsOneJSONObjectALine(t *testing.T) {
	var b strings.Builder
	azfunc.NewLogger(&b, slog.LevelInfo).With("invocationId", "x").Info("two\nlines", "who", "LanguageWorkerConsoleLog\n")
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, `{"time":`) {
		t.Errorf("%q", got)
	}
}
