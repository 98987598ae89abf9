package post_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glasswatch/shared/alert"
	"glasswatch/shared/post"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is the query of a real Workflows address in form, not in substance.
const secret = "/workflows/6f1d2c/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=Zk3q-9mV_T0pSecretSignature77"

func TestPostSendsWhatItWasGiven(t *testing.T) {
	var uri, body, kind string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		uri, body, kind = r.RequestURI, string(b), r.Header.Get("Content-Type")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer srv.Close()
	status, err := post.New(post.Options{URL: srv.URL + secret, Client: srv.Client()}).
		Post(t.Context(), []byte("hello"), http.Header{"Content-Type": {"text/plain"}})
	if status != http.StatusAccepted || err != nil {
		t.Errorf("status %d, error %v, want 202 and none", status, err)
	}
	if uri != secret || body != "hello" || kind != "text/plain" {
		t.Errorf("arrived: %q %q %q; the address must stay byte for byte", uri, body, kind)
	}
}

// class is what a caller may tell errors apart by.
func class(err error) string {
	if err == nil {
		return "accepted"
	}
	if _, ok := errors.AsType[*alert.Refusal](err); ok {
		return "refusal"
	}
	if l, ok := errors.AsType[*alert.Later](err); ok {
		return "later " + l.After.String()
	}
	return "temporary"
}

func TestStatusClasses(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 12, 41, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tc := range []struct {
		status     int
		retryAfter string
		want       string
	}{
		{200, "", "accepted"},
		{202, "", "accepted"},
		{204, "", "accepted"},
		{301, "", "temporary"},
		{302, "", "temporary"},
		{307, "", "temporary"},
		{308, "", "temporary"},
		{400, "", "refusal"},
		{401, "", "refusal"},
		{403, "", "refusal"},
		{404, "", "refusal"},
		{410, "", "refusal"},
		{413, "", "refusal"},
		{400, "30", "refusal"},
		{408, "", "temporary"},
		{500, "", "temporary"},
		{500, "30", "temporary"},
		{502, "", "temporary"},
		{504, "", "temporary"},
		{429, "", "temporary"},
		{503, "", "temporary"},
		{429, "7", "later 7s"},
		{503, " 30 ", "later 30s"},
		{429, "59", "later 59s"},
		{429, "3600", "later 1m0s"},
		{429, "0", "later 1s"},
		{429, "99999999999999999999999", "later 1m0s"},
		{429, "-5", "temporary"},
		{429, "1.5", "temporary"},
		{429, "soon", "temporary"},
		{503, "+3", "temporary"},
		{503, date(20 * time.Second), "later 20s"},
		{429, date(time.Hour), "later 1m0s"},
		{429, date(-time.Hour), "later 1s"},
	} {
		t.Run(fmt.Sprintf("%d after %q", tc.status, tc.retryAfter), func(t *testing.T) {
			calls := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				if tc.retryAfter != "" {
					w.Header().Set("Retry-After", tc.retryAfter)
				}
				w.Header().Set("Location", "/elsewhere"+r.URL.RequestURI())
				w.WriteHeader(tc.status)
				if tc.status != http.StatusNoContent {
					_, _ = io.WriteString(w, "you asked for http://"+r.Host+r.RequestURI)
				}
			}))
			defer srv.Close()
			client := srv.Client()
			defer client.CloseIdleConnections()
			status, err := post.New(post.Options{URL: srv.URL + secret, Client: client, Now: func() time.Time { return now }}).
				Post(t.Context(), []byte("{}"), nil)
			if status != tc.status || class(err) != tc.want {
				t.Errorf("status %d, %s (%v), want %d, %s", status, class(err), err, tc.status, tc.want)
			}
			if calls != 1 {
				t.Errorf("%d calls, want one attempt", calls)
			}
			mustNotLeak(t, srv.URL+secret, err)
		})
	}
}

// raw answers each connection with what answer does, below HTTP.
func raw(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func readHead(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	_, _ = c.Read(make([]byte, 4096))
}

func TestTroubleIsTemporaryAndKeepsTheSecret(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer untrusted.Close()
	closed := raw(t, func(net.Conn) {})
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()
	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer hang.Close()
	defer close(release)

	for _, tc := range []struct{ name, base, says string }{
		{"connection refused", refused.URL, "refused the connection"},
		{"certificate not trusted", untrusted.URL, "not trusted"},
		{"plain HTTP behind https", strings.Replace(hang.URL, "http:", "https:", 1), "TLS"},
		{"no such host", "https://glasswatch.invalid", "host name"},
		{"hang", hang.URL, "in time"},
		{"closed without an answer", closed, "channel"}, // net/http tells it in three ways, one of them without a type
		{"reset", raw(t, func(c net.Conn) {
			readHead(c)
			_ = c.(*net.TCPConn).SetLinger(0)
		}), "reset the connection"},
		{"half a status line", raw(t, func(c net.Conn) { readHead(c); _, _ = io.WriteString(c, "HTTP/1.1 20") }), "could not be read"},
		{"half a head", raw(t, func(c net.Conn) { readHead(c); _, _ = io.WriteString(c, "HTTP/1.1 202 Accepted\r\nContent-Le") }), "could not be read"},
		{"not HTTP", raw(t, func(c net.Conn) { readHead(c); _, _ = io.WriteString(c, "sig=Zk3q "+secret+"\r\n\r\n") }), "could not be read"},
		{"an endless head", raw(t, func(c net.Conn) {
			readHead(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: ")
			for range 300 {
				_, _ = io.WriteString(c, strings.Repeat("x", 64<<10))
			}
		}), "channel"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			box := post.New(post.Options{URL: tc.base + secret, Setting: "TEAMS_WEBHOOK_URL", Client: client})
			status, err := box.Post(ctx, []byte("{}"), nil)
			if status != 0 || class(err) != "temporary" {
				t.Fatalf("status %d, %s (%v), want 0, temporary", status, class(err), err)
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %q does not say %q", err, tc.says)
			}
			if tc.name == "hang" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v is not a passed deadline", err)
			}
			mustNotLeak(t, tc.base+secret, err, box)
		})
	}
}

func TestBodyOfTheAnswerCostsNothing(t *testing.T) {
	for _, tc := range []struct{ name, head string }{
		{"cut short", "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf"},
		{"never sent", "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wait := make(chan struct{})
			url := raw(t, func(c net.Conn) { readHead(c); _, _ = io.WriteString(c, tc.head); <-wait })
			client := &http.Client{Transport: &http.Transport{}}
			status, err := post.New(post.Options{URL: url, Client: client}).Post(t.Context(), nil, nil)
			close(wait)
			if status != 202 || err != nil {
				t.Errorf("status %d, error %v, want 202 and none: the message was accepted", status, err)
			}
		})
	}
}

func TestUnusableAddressIsARefusalAtEveryPost(t *testing.T) {
	for _, address := range []string{
		"", "hooks.example.com/x" + secret, "http://hooks.example.com" + secret, "ftp://127.0.0.1" + secret, "https://" + secret,
		"https://a b" + secret, "http://127.0.0.1.example.com" + secret, "http://localhost.example.com" + secret, "://" + secret, "https://x\x00" + secret,
	} {
		t.Run(strconv.Quote(address), func(t *testing.T) {
			box := post.New(post.Options{URL: address, Setting: "TEAMS_WEBHOOK_URL"})
			status, err := box.Post(t.Context(), nil, nil)
			if status != 0 || class(err) != "refusal" || !strings.Contains(err.Error(), "TEAMS_WEBHOOK_URL") {
				t.Errorf("status %d, %v, want a refusal that names the setting", status, err)
			}
			mustNotLeak(t, address, err, box)
		})
	}
}

// mustNotLeak fails if a part of the address stands in what could be printed.
func mustNotLeak(t *testing.T, address string, shown ...any) {
	t.Helper()
	var b bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&b, nil))
	for _, v := range shown {
		fmt.Fprintf(&b, "%v\n%+v\n%#v\n%s\n%q\n", v, v, v, v, v)
		log.InfoContext(t.Context(), "x", "v", v)
		err, _ := v.(error)
		for ; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(&b, "%#v %+v\n", err, err)
		}
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://"), "/")
	for _, part := range []string{"Zk3q", "Secret", "sig=", "6f1d2c", "invoke", host} {
		if len(part) > 2 && strings.Contains(b.String(), part) {
			t.Errorf("%q stands in %s", part, b.String())
		}
	}
}
