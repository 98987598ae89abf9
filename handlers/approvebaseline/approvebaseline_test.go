package approvebaseline_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"glasswatch/handlers/approvebaseline"
	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/conditional"
	"glasswatch/shared/detect"
	"glasswatch/shared/journal"
	"glasswatch/shared/ledger"
	"glasswatch/shared/ledger/ledgertest"
	"glasswatch/shared/posture"
)

const account = "11111111-1111-4111-8111-111111111111"

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

type channel struct{ told []alert.Message }

func (c *channel) Name() string { return alert.ChannelTeams }

func (c *channel) Send(_ context.Context, m alert.Message) (int, error) {
	c.told = append(c.told, m)
	return 202, nil
}

// bench is the function over a ledger in memory.
type bench struct {
	t       *testing.T
	store   *ledgertest.Store
	journal *journal.Journal
	channel *channel
	who     string // whom the platform proves
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock := func() time.Time { return now }
	store := ledgertest.New(t)
	accounts := breakglass.NewAccounts([]breakglass.Account{{ObjectID: account}})
	return &bench{t: t, store: store, channel: &channel{}, journal: journal.New(ledger.New(store, clock), journal.Options{
		Describer: journal.Describer{Accounts: accounts}, Judge: detect.NewDetector(detect.Setting{Accounts: accounts}),
		Channels: []string{alert.ChannelTeams}, AcknowledgeWithin: time.Minute, CommitWithin: 5 * time.Second, Now: clock,
	})}
}

// looked stores a snapshot of the age.
func (b *bench) looked(age time.Duration, methods posture.Section[[]posture.Method]) {
	b.t.Helper()
	s := posture.Snapshot{At: now.Add(-age), Accounts: []posture.Account{{
		ID: account, Name: "bg-alpha", User: posture.Got(posture.User{Found: true, Enabled: true, UserPrincipalName: "bg-alpha@contoso.onmicrosoft.com"}), Methods: methods,
	}}}
	raw, err := posture.Encode(s, posture.LargestSnapshot)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.journal.RecordRun(b.t.Context(), journal.Run{At: s.At, Snapshot: raw, Findings: []byte("[]")}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) post(kind, body string) (int, map[string]string) {
	b.t.Helper()
	f := approvebaseline.Function(approvebaseline.Options{
		Journal: b.journal, Sender: alert.NewDispatcher([]alert.Sender{b.channel}, func() time.Time { return now }),
		Principal: func(*http.Request) string { return b.who }, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "/api/posture/approve", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	f.Handler.ServeHTTP(w, r)
	if w.Header().Get("Cache-Control") != "no-store" {
		b.t.Error("the answer may be kept by a cache")
	}
	var said map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		b.t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, said
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
	good   = `{"by":"Ada","note":"two keys, as bought"}`
)

var key = posture.Got([]posture.Method{{ID: "key-1", Kind: conditional.FIDO2, Name: "Safe Oslo"}})

func TestApproves(t *testing.T) {
	for name, request := range map[string][2]string{"JSON": {asJSON, good}, "a form": {asForm, "by=Ada&note=two+keys,+as+bought"}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.who = "ada@contoso.com"
			b.looked(47*time.Hour, key)
			status, said := b.post(request[0], request[1])
			if status != http.StatusOK || len(said["hash"]) != 64 || said["snapshot"] != "2026-11-21T07:00:00Z" {
				t.Fatalf("%d %v", status, said)
			}
			last, err := b.journal.LatestPosture(t.Context())
			if err != nil || !strings.Contains(string(last.Baseline), "key-1") {
				t.Errorf("stored: %s, %v", last.Baseline, err)
			}
			if len(b.channel.told) != 1 || !strings.Contains(b.channel.told[0].Headline, "Ada (ada@contoso.com)") || b.channel.told[0].Witness() == "unrecorded" {
				t.Errorf("told: %+v", b.channel.told)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name       string
		prepare    func(b *bench)
		kind, body string
		status     int
		want       string
	}{
		{"no snapshot", func(*bench) {}, asJSON, good, http.StatusConflict, "run checkposture first"},
		{"an old snapshot", func(b *bench) { b.looked(49*time.Hour, key) }, asJSON, good, http.StatusConflict, "younger than 48 hours"},
		{"keys that were not read", func(b *bench) {
			b.looked(time.Hour, posture.Missed[[]posture.Method](posture.Gap{Reason: posture.NoPermission}))
		}, asJSON, good, http.StatusConflict, "bg-alpha"},
		{"nobody", func(b *bench) { b.looked(time.Hour, key) }, asJSON, `{"note":"two keys"}`, http.StatusBadRequest, "by is missing"},
		{"nothing for the auditor", func(b *bench) { b.looked(time.Hour, key) }, asJSON, `{"by":"Ada"}`, http.StatusBadRequest, "note is missing"},
		{"no JSON", func(b *bench) { b.looked(time.Hour, key) }, asJSON, `{`, http.StatusBadRequest, "not a JSON object"},
		{"another kind of body", func(b *bench) { b.looked(time.Hour, key) }, "text/plain", good, http.StatusBadRequest, "a form or application/json"},
		{"a huge body", func(b *bench) { b.looked(time.Hour, key) }, asJSON, `{"by":"` + strings.Repeat("a", 70_000) + `"}`, http.StatusBadRequest, "64 KiB"},
		{"no storage", func(b *bench) {
			b.store.OnGet(func(string, string) error { return errors.New("the store is s3cret") })
		}, asJSON, good, http.StatusServiceUnavailable, "nothing was approved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.prepare(b)
			status, said := b.post(c.kind, c.body)
			if status != c.status || !strings.Contains(said["error"], c.want) || strings.Contains(said["error"], "s3cret") {
				t.Errorf("%d %v, want %d and %q", status, said, c.status, c.want)
			}
			b.store.OnGet(nil)
			if last, err := b.journal.LatestPosture(t.Context()); err != nil || last.Baseline != nil || len(b.channel.told) != 0 {
				t.Errorf("a refused approval left %s, told %v, %v", last.Baseline, b.channel.told, err)
			}
		})
	}
}
