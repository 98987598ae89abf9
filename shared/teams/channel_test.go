package teams_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/teams"
)

const signature = "sig=Zk3q-9mV_T0pSecretSignature77"

func TestSendPostsTheCardOnce(t *testing.T) {
	var got []byte
	var head http.Header
	calls := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		got, _ = io.ReadAll(r.Body)
		head = r.Header
		if r.Method != http.MethodPost || r.URL.RawQuery != signature {
			t.Errorf("%s with query %q", r.Method, r.URL.RawQuery)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer srv.Close()
	c := teams.New(teams.Options{URL: srv.URL + "/paths/invoke?" + signature, Client: srv.Client()})
	m := signIn(detect.Critical)
	status, err := c.Send(t.Context(), m)
	if status != http.StatusAccepted || err != nil || calls != 1 {
		t.Errorf("status %d, error %v, %d calls, want 202, none, 1", status, err, calls)
	}
	if diff := cmp.Diff(string(teams.Card(m)), string(got)); diff != "" {
		t.Errorf("what arrived is not the card:\n%s", diff)
	}
	if head.Get("Content-Type") != "application/json" {
		t.Errorf("content type %q", head.Get("Content-Type"))
	}
	if c.Name() != "teams" {
		t.Errorf("name %q", c.Name())
	}
}

func TestSendSaysWhatWentWrongWithoutTheAddress(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		class  string
	}{
		{"throttled", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "12")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "later 12s"},
		{"gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "refusal"},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }, "refusal"},
		{"broken, echoing the address", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, r.RequestURI)
		}, "temporary"},
		{"a redirect to ourselves", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+r.RequestURI, http.StatusTemporaryRedirect)
		}, "temporary"},
		{"hang", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that we left
			<-r.Context().Done()
		}, "temporary"},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "temporary"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(tc.answer)
			defer srv.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			c := teams.New(teams.Options{URL: srv.URL + "/paths/invoke?" + signature, Client: srv.Client()})
			_, err := c.Send(ctx, signIn(detect.High))
			class := "temporary"
			if _, ok := errors.AsType[*alert.Refusal](err); ok {
				class = "refusal"
			}
			if later, ok := errors.AsType[*alert.Later](err); ok {
				class = "later " + later.After.String()
			}
			if err == nil || class != tc.class {
				t.Fatalf("%s: %v, want %s", class, err, tc.class)
			}
			var shown bytes.Buffer
			slog.New(slog.NewJSONHandler(&shown, nil)).ErrorContext(ctx, "send", "error", err, "channel", c)
			fmt.Fprintf(&shown, "%v %+v %#v %v %+v %#v", err, err, err, c, c, c)
			for _, secret := range []string{"Zk3q", "Secret", "sig=", "invoke", strings.TrimPrefix(srv.URL, "http://")} {
				if strings.Contains(shown.String(), secret) {
					t.Errorf("%q stands in %s", secret, shown.String())
				}
			}
		})
	}
}

func TestSendRefusesAnAddressThatIsNotHTTPS(t *testing.T) {
	_, err := teams.New(teams.Options{URL: "http://hooks.example.com/x?" + signature}).Send(t.Context(), signIn(detect.High))
	if refusal, ok := errors.AsType[*alert.Refusal](err); !ok || !strings.Contains(refusal.Reason, "TEAMS_WEBHOOK_URL") || strings.Contains(refusal.Reason, "Zk3q") {
		t.Errorf("%v, want a refusal that names the setting and not the address", err)
	}
}
