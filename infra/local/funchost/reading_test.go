package funchost

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const goodHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"go"},"enableProxyingHttpRequest":true}}`

func read(t *testing.T, host string, functions map[string]string) (*app, error) {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "host.json"), []byte(host), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, content := range functions {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name, "function.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return readApp(root, map[string]string{
		"CRON": "0 */5 * * * *", "HUB_NAME": "logs", "HUB": "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=s;UseDevelopmentEmulator=true",
		"IDENTITY__fullyQualifiedNamespace": "ns.servicebus.windows.net",
	})
}

func TestMistakesInTheAppAreNamed(t *testing.T) {
	hubBinding := func(fields string) string {
		return `{"bindings":[{"type":"eventHubTrigger","direction":"in","name":"events",` + fields + `}]}`
	}
	timer := `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%CRON%"}]}`
	for _, test := range []struct{ name, host, function, want string }{
		{"no functions", goodHost, "", "no function.json"},
		{"wrong version", `{"version":"1.0"}`, timer, "version"},
		{"unknown field in host.json", `{"version":"2.0","functionTimout":"00:05:00"}`, timer, "functionTimout"},
		{"unknown setting of the hub extension", `{"version":"2.0","extensions":{"eventHubs":{"maxBatchSize":5}}}`, timer, "maxBatchSize"},
		{"empty route prefix", strings.Replace(goodHost, `{"version"`, `{"extensions":{"http":{"routePrefix":""}},"version"`, 1), timer, "routePrefix"},
		{"no such executable", strings.Replace(goodHost, `"go"`, `"no-such-handler"`, 1), timer, "no-such-handler"},
		{"a time span that is none", strings.Replace(goodHost, `{"version"`, `{"functionTimeout":"5 minutes","version"`, 1), timer, "functionTimeout"},
		{"unknown field in function.json", goodHost, `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","scheduel":"x"}]}`, "scheduel"},
		{"two triggers", goodHost, `{"bindings":[{"type":"timerTrigger","direction":"in","name":"a","schedule":"%CRON%"},{"type":"timerTrigger","direction":"in","name":"b","schedule":"%CRON%"}]}`, "more than one trigger"},
		{"a setting that is missing", goodHost, `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%NOPE%"}]}`, "%NOPE%"},
		{"cardinality absent means one", goodHost, hubBinding(`"eventHubName":"x","connection":"HUB"`), "cardinality"},
		{"a connection in percent signs", goodHost, hubBinding(`"eventHubName":"x","connection":"%HUB%","cardinality":"many"`), "without percent"},
		{"an identity", goodHost, hubBinding(`"eventHubName":"x","connection":"IDENTITY","cardinality":"many"`), "IDENTITY__fullyQualifiedNamespace"},
		{"a retry policy without a count", goodHost, strings.TrimSuffix(timer, "}") + `,"retry":{"strategy":"fixedDelay","delayInterval":"00:00:01"}}`, "maxRetryCount"},
		{"an HTTP trigger without output", goodHost, `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"}]}`, "output"},
		{"wrapped mode", strings.Replace(goodHost, "true", "false", 1), `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"},{"type":"http","direction":"out","name":"res"}]}`, "enableProxyingHttpRequest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			functions := map[string]string{}
			if test.function != "" {
				functions["fn"] = test.function
			}
			if _, err := read(t, test.host, functions); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that names %q", err, test.want)
			}
		})
	}
}

func TestDefaultsAreTheHosts(t *testing.T) {
	a, err := read(t, goodHost, map[string]string{
		"watch":    `{"bindings":[{"type":"eventHubTrigger","direction":"in","name":"events","eventHubName":"%HUB_NAME%","connection":"HUB","cardinality":"many"}]}`,
		"off":      `{"disabled":true,"bindings":[]}`,
		"greeting": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"},{"type":"http","direction":"out","name":"res"}]}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	if a.functionTimeout != 30*time.Minute || a.initialization != 30*time.Second || a.hubs.batchSize != 100 || a.hubs.prefetch != 300 || a.routePrefix != "api" {
		t.Errorf("app %+v", a)
	}
	if len(a.functions) != 2 || a.functions[0].http.level != "function" || a.functions[0].http.route.template != "greeting" {
		t.Fatalf("functions %+v", a.functions)
	}
	if hub := a.functions[1].eventHub; hub.hub != "logs" || hub.consumerGroup != "$Default" || hub.namespace != "127.0.0.1:1" {
		t.Errorf("trigger %+v", hub)
	}
}

func TestSchedulesFindTheirNextOccurrence(t *testing.T) {
	for _, test := range []struct{ schedule, after, want string }{
		{"0 * * * * *", "2026-05-01T12:00:00Z", "2026-05-01T12:01:00Z"},
		{"* * * * * *", "2026-05-01T12:00:00.4Z", "2026-05-01T12:00:01Z"},
		{"0 0 6 * * *", "2026-05-01T06:00:00Z", "2026-05-02T06:00:00Z"},
		{"0 */15 9-17 * * 1-5", "2026-05-01T17:45:00Z", "2026-05-04T09:00:00Z"}, // a Friday evening
		{"30 5/20 * * * *", "2026-05-01T12:25:31Z", "2026-05-01T12:45:30Z"},
		{"0 0 0 29 2 *", "2026-05-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 0 0 13 * FRI", "2026-05-01T00:00:00Z", "2026-11-13T00:00:00Z"}, // both days must hold
		{"0 0 0 1 JAN,jul *", "2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z"},
		{"5 4 * * *", "2026-05-01T12:00:00+02:00", "2026-05-02T04:05:00Z"}, // five fields; UTC counts
	} {
		s, err := parseSchedule(test.schedule)
		if err != nil {
			t.Errorf("%q: %v", test.schedule, err)
			continue
		}
		if got := s.next(at(test.after)); !got.Equal(at(test.want)) {
			t.Errorf("%q after %s: %s, want %s", test.schedule, test.after, got, test.want)
		}
	}
	if s, err := parseSchedule("0 0 0 30 2 *"); err != nil || !s.next(at("2026-05-01T00:00:00Z")).IsZero() {
		t.Errorf("30 February: %v", err)
	}
	for _, wrong := range []string{"", "* * * *", "60 * * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 * 13 *", "0 0 0 * * 7", "0 5-1 * * * *", "*/0 * * * * *", "a * * * * *"} {
		if _, err := parseSchedule(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestTimeSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"00:00:05": 5 * time.Second, "00:05:00": 5 * time.Minute, "1.02:00:00": 26 * time.Hour, "00:00:00.25": 250 * time.Millisecond} {
		if got, err := timeSpan(text); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, wrong := range []string{"", "5", "5m", "00:60:00", "25:00:00", "-00:00:01", "00:00:05 "} {
		if _, err := timeSpan(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	policy := &retryPolicy{limit: -1, minimum: 5 * time.Second, maximum: 5 * time.Minute}
	if got := policy.delay(1); got != 5*time.Second {
		t.Errorf("first delay %s", got)
	}
	for failures, around := range map[int]time.Duration{2: 10 * time.Second, 3: 15 * time.Second, 4: 25 * time.Second} {
		if got := policy.delay(failures); got < around*8/10 || got > around*12/10 {
			t.Errorf("delay after %d failures: %s, want about %s", failures, got, around)
		}
	}
	for _, failures := range []int{10, 100, 100_000} {
		if got := policy.delay(failures); got != 5*time.Minute {
			t.Errorf("delay after %d failures: %s", failures, got)
		}
	}
	limited := &retryPolicy{limit: 2}
	if !limited.again(2) || limited.again(3) || (*retryPolicy)(nil).again(1) || !policy.again(1000) {
		t.Error("the number of retries is not the policy's")
	}
}

func TestCheckpointsOutliveTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "checkpoints.json")
	first, err := NewCheckpoints(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.save("logs/bg/0", 41), first.saveTimer("tick", timerState{Last: at("2026-05-01T06:00:00Z")})); err != nil {
		t.Fatal(err)
	}
	second, err := NewCheckpoints(file)
	if err != nil {
		t.Fatal(err)
	}
	if sequence, ok := second.Sequence("Logs", "BG", "0"); !ok || sequence != 41 || !second.timer("tick").Last.Equal(at("2026-05-01T06:00:00Z")) {
		t.Errorf("read back %d, %v, %+v", sequence, ok, second.timer("tick"))
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewCheckpoints(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a damaged file gave %v, want it named", err)
	}
}
