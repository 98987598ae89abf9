package funchost_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glasswatch/infra/local/funchost"
	"glasswatch/infra/local/hub"
)

const (
	entity = "entra-logs"
	group  = "bg"
)

// built is where TestMain put the test handler.
var built string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "funchost")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(folder, "handler")
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", built, "./testdata/handler")
	if output, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build the test handler: %v\n%s", err, output))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(folder)
		os.Exit(code)
	}))
}

const (
	retrying = `,"retry":{"strategy":"exponentialBackoff","maxRetryCount":-1,"minimumInterval":"00:00:05","maximumInterval":"00:05:00"}`
	hostJSON = `{"version":"2.0","functionTimeout":"00:00:20","customHandler":{"description":{"defaultExecutablePath":"handler","arguments":["serve","%ARGUMENT%"]},"enableProxyingHttpRequest":true},
		"extensions":{"eventHubs":{"maxEventBatchSize":4,"prefetchCount":8},"http":{"routePrefix":"api"}}}`
)

func watch(more string) string {
	return `{"bindings":[{"type":"eventHubTrigger","direction":"in","name":"events","eventHubName":"%HUB_NAME%","consumerGroup":"%HUB_GROUP%","connection":"HUB","cardinality":"many","dataType":"string"}]` + more + `}`
}

func timed(schedule, more string) string {
	return `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"` + schedule + `"` + more + `}]}`
}

func web(level, methods, route string) string {
	return fmt.Sprintf(`{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":%q,"methods":[%s],"route":%q},{"type":"http","direction":"out","name":"res"}]}`, level, methods, route)
}

// appRoot lays an app out on disk: the built handler, host.json and one function.json per name.
func appRoot(t *testing.T, hostFile string, functions map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{"host.json": hostFile}
	for name, content := range functions {
		files[filepath.Join(name, "function.json")] = content
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(built, filepath.Join(root, "handler")); err != nil {
		t.Fatal(err)
	}
	return root
}

// transcript is the host's output, safe to read while it grows.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *transcript) Write(chunk []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(chunk)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// request is what the test handler says it was sent.
type request struct {
	Method, URI, Body string
	Root, Leak        string
	Chunked           bool
	Header            map[string][]string
}

// requests are all that the handler was sent, once there are at least as many as expected: what a
// process prints may reach us a moment after its answer.
func (l *transcript) requests(t *testing.T, atLeast int) []request {
	t.Helper()
	eventually(t, fmt.Sprintf("%d requests are told", atLeast), func() bool { return strings.Count(l.String(), "] got ") >= atLeast })
	var all []request
	for line := range strings.Lines(l.String()) {
		_, told, found := strings.Cut(line, "] got ")
		if !found || !strings.HasSuffix(line, "\n") {
			continue
		}
		var r request
		if err := json.Unmarshal([]byte(told), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// events are the bodies of all hub events that the handler was sent, in order, repeated ones too,
// once there are at least as many as expected.
func (l *transcript) events(t *testing.T, atLeast int) []string {
	t.Helper()
	var all []string
	eventually(t, fmt.Sprintf("%d events are told", atLeast), func() bool {
		all = all[:0]
		for _, r := range l.requests(t, 0) {
			var body struct{ Data struct{ Events string } }
			if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
				t.Fatal(err)
			}
			var events []string
			if err := json.Unmarshal([]byte(body.Data.Events), &events); err != nil {
				t.Fatal(err)
			}
			all = append(all, events...)
		}
		return len(all) >= atLeast
	})
	return all
}

func startHub(t *testing.T) *hub.Hub {
	t.Helper()
	h, err := hub.Start(t.Context(), hub.Options{Partitions: map[string]int{entity: 1}, ConsumerGroups: []string{group}, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Stop)
	return h
}

func hubSettings(t *testing.T, h *hub.Hub, more map[string]string) map[string]string {
	t.Helper()
	settings := map[string]string{"HUB": h.ConnectionString(), "HUB_NAME": entity, "HUB_GROUP": group, "COUNT_FILE": filepath.Join(t.TempDir(), "count")}
	maps.Copy(settings, more)
	return settings
}

func startHost(t *testing.T, options funchost.Options) (*funchost.Host, *transcript) {
	t.Helper()
	out := &transcript{}
	options.Output = out
	if options.Divisor == 0 {
		options.Divisor = 100
	}
	if _, ok := options.Settings["COUNT_FILE"]; !ok {
		options.Settings = maps.Clone(options.Settings)
		if options.Settings == nil {
			options.Settings = map[string]string{}
		}
		options.Settings["COUNT_FILE"] = filepath.Join(t.TempDir(), "count")
	}
	host, err := funchost.Start(t.Context(), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		host.Stop()
		if t.Failed() {
			t.Logf("the host said:\n%s", out)
		}
	})
	return host, out
}

func appendEvents(t *testing.T, h *hub.Hub, bodies ...string) {
	t.Helper()
	raw := make([][]byte, len(bodies))
	for i, body := range bodies {
		raw[i] = []byte(body)
	}
	if err := h.Append(t.Context(), entity, "0", time.Time{}, raw...); err != nil {
		t.Fatal(err)
	}
}

func waitIdle(t *testing.T, host *funchost.Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := host.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for something that the host does on its own.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1500 { // 15 s
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("never happened: %s", what)
}
