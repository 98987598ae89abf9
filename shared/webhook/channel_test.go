package webhook_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/webhook"
)

var update = flag.Bool("update", false, "write the golden requests anew")

const (
	stream     = "account-4b1f6c1e-8d57-4f0c-9a53-0c6b1d2e7a90"
	routingKey = "R0ut1ngKeySecret0000000000000077"
)

var (
	key   = base64.StdEncoding.EncodeToString([]byte("a key of thirty-two bytes, secret"))
	night = time.Date(2026, 11, 24, 3, 12, 41, 500_000_000, time.UTC)
	sent  = night.Add(4 * time.Second)
)

func message(changes ...func(*alert.Message)) alert.Message {
	m := alert.Message{
		ID: stream + "-17", Kind: alert.MessageAlert, Severity: detect.Critical, Rule: "signin-success", Incident: stream + "-17", Account: "bg-alpha",
		Headline: "Break-glass sign-in succeeded: bg-alpha from 203.0.113.7", Mark: "Repeated",
		Facts:   []alert.Fact{{Name: "From", Value: "203.0.113.7 (Oslo, NO)"}},
		Meaning: "Somebody is inside.", Actions: []string{"Ask the custodians."},
		Links:      []alert.Link{{Title: "Open the incident", URL: "https://glasswatch.contoso.example/api/incidents/1"}, {Title: "evil", URL: "javascript:alert(1)"}},
		HappenedAt: night, Stream: stream, Sequence: 17, EntryHash: strings.Repeat("9f86d081884c7d65", 4),
	}
	for _, change := range changes {
		change(&m)
	}
	return m
}

type request struct {
	Header http.Header
	Body   string
}

// deliver sends m to a server and returns what arrived there.
func deliver(t *testing.T, o webhook.Options, m alert.Message) request {
	t.Helper()
	var got request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = request{r.Header.Clone(), string(b)}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer srv.Close()
	o.URL, o.Client, o.Now = srv.URL, srv.Client(), func() time.Time { return sent }
	status, err := webhook.New(o).Send(t.Context(), m)
	if status != http.StatusAccepted || err != nil {
		t.Fatalf("status %d, error %v", status, err)
	}
	if !utf8.ValidString(got.Body) || !json.Valid([]byte(got.Body)) {
		t.Fatalf("not JSON: %.200s", got.Body)
	}
	return got
}

func TestGoldenRequests(t *testing.T) {
	progress := func(p alert.Progress) func(*alert.Message) {
		return func(m *alert.Message) { m.Kind, m.Progress = alert.MessageNotice, p }
	}
	for _, tc := range []struct {
		name string
		m    alert.Message
	}{
		{"alert", message()},
		{"escalation", message(func(m *alert.Message) { m.Kind = alert.MessageEscalation })},
		{"notice-acknowledged", message(progress(alert.ProgressAcknowledged))},
		{"notice-closed", message(progress(alert.ProgressClosed))},
		{"digest", message(func(m *alert.Message) {
			m.Kind, m.Severity, m.Incident, m.Account, m.HappenedAt = alert.MessageDigest, detect.Info, "", "", time.Time{}
		})},
		{"bare", alert.Message{}},
	} {
		for _, format := range []webhook.Format{webhook.FormatCloudEvents, webhook.FormatPagerDuty} {
			t.Run(string(format)+"/"+tc.name, func(t *testing.T) {
				secret := map[webhook.Format]string{webhook.FormatCloudEvents: key, webhook.FormatPagerDuty: routingKey}[format]
				got := deliver(t, webhook.Options{Format: format, Secret: secret, Instance: "contoso production"}, tc.m)
				var indented bytes.Buffer
				if err := json.Indent(&indented, []byte(got.Body), "", "  "); err != nil {
					t.Fatal(err)
				}
				indented.WriteByte('\n')
				file := filepath.Join("testdata", string(format)+"-"+tc.name+".golden.json")
				if *update {
					if err := os.WriteFile(file, indented.Bytes(), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), indented.String()); diff != "" {
					t.Errorf("the request changed (-want +got); other programs rely on it:\n%s", diff)
				}
			})
		}
	}
}

// TestSignatureHoldsForTheReferenceLibrary asks the library of Standard Webhooks itself, in node.
func TestSignatureHoldsForTheReferenceLibrary(t *testing.T) {
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	odd := message(func(m *alert.Message) { m.ID = "x.y\r\nInjected: 1" })
	for _, tc := range []struct {
		name, secret, verifyWith string
		m                        alert.Message
		change                   func(*request)
		want                     string
	}{
		{"as it came", key, key, message(), nil, "ok"},
		{"secret with its prefix", "whsec_" + key, "whsec_" + key, message(), nil, "ok"},
		{"secret of 64 bytes", base64.StdEncoding.EncodeToString(make([]byte, 64)), base64.StdEncoding.EncodeToString(make([]byte, 64)), message(), nil, "ok"},
		{"an id that could not stand in a header", key, key, odd, nil, "ok"},
		{"text of all kinds", key, key, message(func(m *alert.Message) { m.Headline = "a\x00b\u2028<>&\U0001D49C\xff" }), nil, "ok"},
		{"another key", key, other, message(), nil, "No matching signature found"},
		{"a changed body", key, key, message(), func(r *request) { r.Body = strings.Replace(r.Body, "bg-alpha", "bg-bravo", 1) }, "No matching signature found"},
		{"a changed id", key, key, message(), func(r *request) { r.Header.Set("Webhook-Id", "x") }, "No matching signature found"},
		{"no secret, no signature", "", key, message(), nil, "Missing required headers"},
		{"a secret that is too short", "c2hvcnQ=", key, message(), nil, "Missing required headers"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := deliver(t, webhook.Options{Format: webhook.FormatCloudEvents, Secret: tc.secret}, tc.m)
			if tc.change != nil {
				tc.change(&got)
			}
			in, err := json.Marshal(map[string]any{"secret": tc.verifyWith, "body": got.Body, "now": sent.UnixMilli(), "headers": map[string]string{
				"webhook-id": got.Header.Get("Webhook-Id"), "webhook-timestamp": got.Header.Get("Webhook-Timestamp"), "webhook-signature": got.Header.Get("Webhook-Signature"),
			}})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "verify.cjs"))
			cmd.Stdin = bytes.NewReader(in)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("run the reference library: %v; run npm ci in infra/local\n%s", err, stderr.String())
			}
			if string(out) != tc.want {
				t.Errorf("the library says %q, want %q", out, tc.want)
			}
		})
	}
}

func TestHostileTextStaysWithinBounds(t *testing.T) {
	for name, evil := range map[string]string{
		"huge": strings.Repeat("\U0001D49C", 200_000), "quotes": strings.Repeat(`"\`, 100_000), "controls": "a\x00b\r\nc\u202E\u200b\x7f\u2028", "broken": "a\xff\xc3",
		"html": strings.Repeat("<&>", 50_000),
	} {
		m := message(func(m *alert.Message) {
			m.Headline, m.Mark, m.Meaning, m.Rule, m.Account, m.Incident, m.ID, m.Stream = evil, evil, evil, evil, evil, evil, evil, evil
			m.Severity, m.Kind = detect.Severity(evil), alert.MessageKind(evil)
			for range 300 {
				m.Facts = append(m.Facts, alert.Fact{Name: evil, Value: evil})
				m.Actions = append(m.Actions, evil)
				m.Links = append(m.Links, alert.Link{Title: evil, URL: "https://x.example/" + evil})
			}
		})
		for _, format := range []webhook.Format{webhook.FormatCloudEvents, webhook.FormatPagerDuty} {
			t.Run(string(format)+"/"+name, func(t *testing.T) {
				got := deliver(t, webhook.Options{Format: format, Secret: key, Instance: evil}, m)
				if len(got.Body) > 400_000 {
					t.Errorf("%d bytes", len(got.Body))
				}
				for _, bad := range []string{"\u202e", "\u200b", `\u0000`, `\n`, `\r`, `\u2028`, "javascript:"} {
					if strings.Contains(got.Body, bad) {
						t.Errorf("%q stands in the body", bad)
					}
				}
				if format == webhook.FormatCloudEvents {
					return
				}
				var page struct {
					DedupKey string `json:"dedup_key"`
					Payload  struct{ Summary, Severity string }
				}
				if err := json.Unmarshal([]byte(got.Body), &page); err != nil {
					t.Fatal(err)
				}
				if n := utf8.RuneCountInString(page.Payload.Summary); n == 0 || n > 1024 {
					t.Errorf("a summary of %d characters", n)
				}
				if len(page.DedupKey) == 0 || len(page.DedupKey) > 255 || page.Payload.Severity != "critical" {
					t.Errorf("dedup_key of %d bytes, severity %q", len(page.DedupKey), page.Payload.Severity)
				}
			})
		}
	}
}

func TestPagesOfOneIncidentAreOneAlert(t *testing.T) {
	long := strings.Repeat("x", 300)
	keyOf := func(m alert.Message) string {
		var page struct {
			DedupKey string `json:"dedup_key"`
		}
		if err := json.Unmarshal([]byte(deliver(t, webhook.Options{Format: webhook.FormatPagerDuty, Secret: routingKey}, m).Body), &page); err != nil {
			t.Fatal(err)
		}
		return page.DedupKey
	}
	if got := keyOf(message()); got != stream+"-17" {
		t.Errorf("dedup_key %q, want the incident's id", got)
	}
	a, b := keyOf(message(func(m *alert.Message) { m.Incident = long + "1" })), keyOf(message(func(m *alert.Message) { m.Incident = long + "2" }))
	if a == b || a != keyOf(message(func(m *alert.Message) { m.Incident, m.ID = long+"1", "other" })) {
		t.Errorf("keys of long incident ids: %q and %q, want different ones, each always the same", a, b)
	}
}

func TestErrorsKeepAddressAndSecret(t *testing.T) {
	for _, tc := range []struct {
		status    int
		permanent bool
	}{{400, true}, {401, true}, {404, true}, {408, false}, {429, false}, {500, false}, {302, false}} {
		t.Run(fmt.Sprint(tc.status), func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				w.WriteHeader(tc.status)
				_, _ = w.Write(append([]byte(r.RequestURI), b...))
			}))
			defer srv.Close()
			c := webhook.New(webhook.Options{URL: srv.URL + "/hidden-path", Format: webhook.FormatPagerDuty, Secret: routingKey, Client: srv.Client()})
			status, err := c.Send(t.Context(), message())
			if _, permanent := errors.AsType[*alert.Refusal](err); err == nil || permanent != tc.permanent || status != tc.status {
				t.Errorf("status %d, error %v; permanent is %v, want %v", status, err, permanent, tc.permanent)
			}
			var shown bytes.Buffer
			slog.New(slog.NewJSONHandler(&shown, nil)).ErrorContext(t.Context(), "send", "error", err, "channel", c)
			fmt.Fprintf(&shown, "%v %+v %#v %v %+v %#v", err, err, err, c, c, c)
			for _, secret := range []string{"hidden", "R0ut1ng", key, strings.TrimPrefix(srv.URL, "http://")} {
				if strings.Contains(shown.String(), secret) {
					t.Errorf("%q stands in %s", secret, shown.String())
				}
			}
		})
	}
	if name := webhook.New(webhook.Options{}).Name(); name != "fallback" {
		t.Errorf("name %q", name)
	}
}
