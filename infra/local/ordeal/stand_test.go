package ordeal_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/azurite"
	"glasswatch/infra/local/funchost"
	"glasswatch/infra/local/hub"
	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

const (
	hubName     = "entra-logs"
	group       = "glasswatch"
	replayGroup = "glasswatch-replay"
	root        = "../../.."
)

// app is the laid out program, built once for all tests of the package.
var app string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "glasswatch-ordeal-")
	if err == nil {
		app, err = filepath.Join(folder, "app"), layOut(filepath.Join(folder, "app"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lay out the program:", err)
		os.Exit(2)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// layOut makes an app root as `make package` does.
func layOut(to string) error {
	functions, err := filepath.Glob(filepath.Join(root, "handlers", "*", "function.json"))
	if err != nil {
		return err
	}
	for _, from := range append(functions, filepath.Join(root, "host.json")) {
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.Base(from))
		if filepath.Base(from) == "function.json" {
			target = filepath.Join(to, filepath.Base(filepath.Dir(from)), "function.json")
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	said, err := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", filepath.Join(to, "glasswatch"), root+"/handlers").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// stand is everything that the program runs among.
type stand struct {
	t        *testing.T
	tables   *azurite.Server
	hub      *hub.Hub
	page     *teamspage.Page
	host     *funchost.Host
	sample   *sample.Generator
	settings map[string]string
	said     *transcript
}

// transcript keeps what the host and the handlers print.
type transcript struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.text.String()
}

// divisor shortens the host's own waits in all tests; the host prints it.
const divisor = 50

// newStand starts everything but the host. Storage keeps its rows over a restart.
func newStand(t *testing.T, seed uint64) *stand {
	t.Helper()
	t.Logf("seed %d; set GLASSWATCH_SEED to repeat", seed)
	s := &stand{t: t, sample: sample.New(seed), said: &transcript{}}
	life := context.WithoutCancel(t.Context())
	var err error
	if s.tables, err = azurite.Start(life, azurite.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.tables.Kill)
	if s.hub, err = hub.Start(life, hub.Options{Partitions: map[string]int{hubName: 2}, ConsumerGroups: []string{group, replayGroup}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.hub.Stop)
	if s.page, err = teamspage.Start(life, teamspage.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.page.Stop)
	s.settings = s.appSettings()
	return s
}

func (s *stand) appSettings() map[string]string {
	tenant := s.sample.Tenant
	var accounts []string
	for _, b := range tenant.BreakGlass {
		accounts = append(accounts, b.ID+"="+b.UPN)
	}
	return map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom",
		"BREAK_GLASS_ACCOUNTS":     strings.Join(accounts, ","),
		"EVIDENCE_TABLES":          s.tables.ConnectionString(),
		"ENTRA_EVENTHUB":           s.hub.ConnectionString(),
		"ENTRA_EVENTHUB_NAME":      hubName,
		"ENTRA_CONSUMER_GROUP":     group,
		"REPLAY_CONSUMER_GROUP":    replayGroup,
		"TEAMS_WEBHOOK_URL":        s.page.WebhookURL(),
		"FALLBACK_WEBHOOK_URL":     s.page.FallbackURL(),
		"FALLBACK_WEBHOOK_FORMAT":  "cloudevents",
		"FALLBACK_WEBHOOK_SECRET":  s.page.FallbackSecret(),
		"HEARTBEAT_URL":            s.page.HeartbeatURL(),
		"PUBLIC_URL":               "http://127.0.0.1:1",
		"LINK_SIGNING_KEYS":        base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)),
		"EXCLUSION_GROUPS":         tenant.ExclusionGroup.ID,
		"TENANT_ID":                tenant.ID,
		"RESOURCE_IDS":             strings.Join(tenant.ResourceIDs(), ","),
		"WATCH_SCHEDULE":           "0 * * * * *",
		"POSTURE_SCHEDULE":         "0 0 6 * * *",
		"GRAPH_ENDPOINT":           "http://127.0.0.1:1",
		"INSTANCE_NAME":            "ordeal",
	}
}

// startHost starts the host over the program; timers run only when fired.
func (s *stand) startHost(checkpoints *funchost.Checkpoints) {
	s.t.Helper()
	port := freePort(s.t)
	s.settings["PUBLIC_URL"] = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	host, err := funchost.Start(context.WithoutCancel(s.t.Context()), funchost.Options{
		Root: app, Settings: s.settings, Port: port, Divisor: divisor, Checkpoints: checkpoints, Output: s.said,
		TimerEvery: map[string]time.Duration{"keepwatch": 0, "checkposture": 0},
	})
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.said)
	}
	s.host = host
	s.t.Cleanup(func() {
		host.Stop()
		if s.t.Failed() {
			text := s.said.String()
			s.t.Logf("the host said (the end of it):\n%s", text[max(0, len(text)-6000):])
		}
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *stand) send(partition string, bodies ...[]byte) {
	s.t.Helper()
	if err := s.hub.Append(s.t.Context(), hubName, partition, time.Time{}, bodies...); err != nil {
		s.t.Fatal(err)
	}
}

// idle waits until all that the hub holds is handled.
func (s *stand) idle(limit time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if err := s.host.WaitIdle(ctx); err != nil {
		s.t.Fatalf("the hub is not handled within %s: %v", limit, err)
	}
}

// sweep runs keepwatch until nothing is owed.
func (s *stand) sweep(limit time.Duration) {
	s.t.Helper()
	end := time.Now().Add(limit)
	for len(s.lines("alerts", "--owed")) > 0 {
		if time.Now().After(end) {
			s.t.Fatalf("after %s these are still owed: %v", limit, s.lines("alerts", "--owed"))
		}
		if err := s.host.Fire(s.t.Context(), "keepwatch"); err != nil {
			s.t.Logf("keepwatch: %v", err)
		}
		time.Sleep(time.Second)
	}
}

// lines runs a verb with --json and returns its objects.
func (s *stand) lines(args ...string) []map[string]any {
	s.t.Helper()
	stdout, stderr, code := s.verb(append(args, "--json")...)
	if code == 2 {
		s.t.Fatalf("glasswatch %s: %s", strings.Join(args, " "), stderr)
	}
	var list []map[string]any
	for line := range strings.Lines(stdout) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			s.t.Fatalf("glasswatch %s: %v in %s", strings.Join(args, " "), err, line)
		}
		list = append(list, object)
	}
	return list
}

func (s *stand) verb(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), filepath.Join(app, "glasswatch"), args...)
	for name, value := range s.settings {
		command.Env = append(command.Env, name+"="+value)
	}
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	_ = command.Run()
	return out.String(), said.String(), command.ProcessState.ExitCode()
}

// whole fails unless verify finds the ledger whole.
func (s *stand) whole() {
	s.t.Helper()
	if stdout, stderr, code := s.verb("verify", "--deep", "--json"); code != 0 {
		s.t.Errorf("verify exits %d: %s%s", code, stdout, stderr)
	}
}

// quiet fails if a handler wrote to standard error, which the real host takes for errors.
func (s *stand) quiet() {
	s.t.Helper()
	for name, i := range s.host.Stats().Instances {
		if i.StderrLines > 0 {
			s.t.Errorf("%s wrote %d lines to standard error", name, i.StderrLines)
		}
	}
}

// recorded counts the events in the ledger by the record's own id.
func (s *stand) recorded() map[string]int {
	s.t.Helper()
	count := map[string]int{}
	for _, e := range s.lines("events") {
		id, _ := e["recordId"].(string)
		count[id]++
	}
	return count
}

// wire makes the body of a host call, encoded as the host encodes it.
func wire(t *testing.T, messages ...[]byte) []byte {
	t.Helper()
	texts := make([]string, len(messages))
	for n, m := range messages {
		texts[n] = string(m)
	}
	inner, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := json.Marshal(map[string]any{"Data": map[string]string{"events": string(inner)}, "Metadata": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return outer
}

// seedOf is the seed of a test: GLASSWATCH_SEED, or a new one.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	if value := os.Getenv("GLASSWATCH_SEED"); value != "" {
		seed, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			t.Fatalf("GLASSWATCH_SEED: %v", err)
		}
		return seed
	}
	return rand.Uint64()
}
