//go:build unix

package trial_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/funchost"
	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// options say how a stack differs from the usual one.
type options struct {
	accounts []sample.Person   // to watch; those of the sample tenant if empty
	settings map[string]string // in place of the usual ones; "-" takes a setting away
	divisor  int               // of the host's own waits; 20 if 0
	adjust   func(*stack)      // changes settings that depend on the parts, before the host starts
}

// stack is the program under the host stand-in, with channels of its own.
type stack struct {
	t        *testing.T
	number   int
	sample   *sample.Generator
	watched  []sample.Person
	page     *teamspage.Page
	host     *funchost.Host
	settings map[string]string
	operator map[string]string // in place of the settings, for the verbs
	output   *recorder
}

// start brings a stack up; it ends with the test. Whatever the test is about, at the end no secret
// may stand in what the program printed, and nothing may stand on its standard error.
func start(t *testing.T, o options) *stack {
	t.Helper()
	if o.divisor == 0 {
		o.divisor = 20
	}
	s := &stack{t: t, number: int(shared.stacks.Add(1)) - 1, sample: sample.New(shared.seed), output: &recorder{}}
	if s.number >= maxStacks {
		t.Fatalf("more than %d stacks: raise maxStacks", maxStacks)
	}
	s.sample.Now = time.Now().Add(-time.Minute)
	t.Logf("seed %d (GLASSWATCH_SEED); the host stand-in divides its own waits by %d", shared.seed, o.divisor)
	var err error
	if s.page, err = teamspage.Start(t.Context(), teamspage.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.page.Stop)
	if s.watched = o.accounts; len(s.watched) == 0 {
		s.watched = s.sample.Tenant.BreakGlass
	}
	s.settings = s.appSettings()
	for name, value := range o.settings {
		s.settings[name] = value
		if value == "-" {
			delete(s.settings, name)
		}
	}
	if o.adjust != nil {
		o.adjust(s)
	}
	port := freePort(t)
	if _, set := s.settings["PUBLIC_URL"]; set {
		s.settings["PUBLIC_URL"] = "http://127.0.0.1:" + strconv.Itoa(port)
	}
	s.host, err = funchost.Start(t.Context(), funchost.Options{
		Root: shared.app, Settings: s.settings, Port: port, Divisor: o.divisor, Output: s.output,
		TimerEvery: map[string]time.Duration{"keepwatch": 0, "checkposture": 0}, // they run only when fired
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, s.output.tail())
	}
	t.Cleanup(func() {
		s.host.Stop()
		s.leaks("the output", s.output.all())
		for name, i := range s.host.Stats().Instances {
			if i.StderrLines > 0 {
				t.Errorf("%d lines on the standard error of %s, each an error to the host", i.StderrLines, name)
			}
		}
		if t.Failed() {
			t.Logf("the end of what the program and the host said:\n%s", s.output.tail())
		}
	})
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// appSettings are the settings of the app, as they would stand in Azure.
func (s *stack) appSettings() map[string]string {
	accounts := make([]string, len(s.watched))
	for n, b := range s.watched {
		accounts[n] = b.ID + "=" + b.UPN
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom",
		"BREAK_GLASS_ACCOUNTS":     strings.Join(accounts, ","),
		"EVIDENCE_TABLES":          corner(s.number),
		"ENTRA_EVENTHUB":           shared.hub.ConnectionString(),
		"ENTRA_EVENTHUB_NAME":      hubName(s.number),
		"ENTRA_CONSUMER_GROUP":     group,
		"REPLAY_CONSUMER_GROUP":    replay,
		"TEAMS_WEBHOOK_URL":        s.page.WebhookURL(),
		"FALLBACK_WEBHOOK_URL":     s.page.FallbackURL(),
		"FALLBACK_WEBHOOK_SECRET":  s.page.FallbackSecret(),
		"HEARTBEAT_URL":            s.page.HeartbeatURL(),
		"PUBLIC_URL":               "", // the host's, when its port is known
		"LINK_SIGNING_KEYS":        base64.StdEncoding.EncodeToString(key),
		"EXCLUSION_GROUPS":         s.sample.Tenant.ExclusionGroup.ID,
		"TENANT_ID":                s.sample.Tenant.ID,
		"RESOURCE_IDS":             strings.Join(s.sample.Tenant.ResourceIDs(), ","),
		"WATCH_SCHEDULE":           "0 * * * * *",
		"POSTURE_SCHEDULE":         "0 0 6 * * *",
		"INSTANCE_NAME":            "trial",
	}
}

// secrets are the texts that nobody but a channel may ever see.
func (s *stack) secrets() map[string]string {
	list := map[string]string{}
	if webhook, err := url.Parse(s.settings["TEAMS_WEBHOOK_URL"]); err == nil {
		list["the webhook's signature"] = webhook.Query().Get("sig")
	}
	list["the fallback's secret"] = strings.TrimPrefix(s.settings["FALLBACK_WEBHOOK_SECRET"], "whsec_")
	list["the link key"] = s.settings["LINK_SIGNING_KEYS"]
	list["the storage key"] = shared.storeKey
	maps.DeleteFunc(list, func(_, secret string) bool { return len(secret) < 8 })
	return list
}

// leaks fails the test if a secret stands in the text.
func (s *stack) leaks(where, text string) {
	s.t.Helper()
	for name, secret := range s.secrets() {
		if strings.Contains(text, secret) {
			s.t.Errorf("%s stands in %s", name, where)
		}
	}
}

// send puts messages into one partition of the hub, as if it had taken them now.
func (s *stack) send(partition string, messages ...[]byte) {
	s.t.Helper()
	s.sendAt(time.Time{}, partition, messages...)
}

func (s *stack) sendAt(enqueued time.Time, partition string, messages ...[]byte) {
	s.t.Helper()
	if err := shared.hub.Append(s.t.Context(), s.settings["ENTRA_EVENTHUB_NAME"], partition, enqueued, messages...); err != nil {
		s.t.Fatal(err)
	}
}

// handled waits until the host has handed over and checkpointed all that the hub holds.
func (s *stack) handled(limit time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if err := s.host.WaitIdle(ctx); err != nil {
		s.t.Fatalf("the host did not get everything handled in %s: %v (last failure of watchlogs: %s)", limit, err, s.host.Stats().Functions["watchlogs"].LastFailure)
	}
}

// fire runs keepwatch once; what it reports as failed comes back.
func (s *stack) fire() error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 90*time.Second)
	defer cancel()
	return s.host.Fire(ctx, "keepwatch")
}

// settle runs keepwatch until nothing is owed any more. The program waits by the real clock: 30 s
// before a sweep, 60 s for a claim to lapse, up to 60 s after failures.
func (s *stack) settle(limit time.Duration) (took time.Duration) {
	s.t.Helper()
	began := time.Now()
	for {
		if err := s.fire(); err != nil {
			s.t.Logf("keepwatch: %v", err)
		}
		owed := s.alerts("--owed")
		if len(owed) == 0 {
			return time.Since(began)
		}
		if time.Since(began) > limit {
			s.t.Errorf("%d alerts are still owed after %s, the first is %+v", len(owed), limit, owed[0])
			return time.Since(began)
		}
		time.Sleep(2 * time.Second)
	}
}

// until waits for something to become true.
func (s *stack) until(what string, limit time.Duration, done func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			s.t.Fatalf("after %s still not: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// recorder keeps what the host and the handlers print.
type recorder struct {
	lock sync.Mutex
	said bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.said.Write(p)
}

func (r *recorder) all() string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.said.String()
}

func (r *recorder) tail() string {
	lines := strings.Split(strings.TrimSpace(r.all()), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
