package funchost_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/funchost"
	"glasswatch/infra/local/hub"
)

func TestBatchesArriveInOrderAndAreCheckpointed(t *testing.T) {
	h := startHub(t)
	appendEvents(t, h, "1", "2", "3", "4", "5", `{"six":"6"}`)
	checkpoints, err := funchost.NewCheckpoints("")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GLASSWATCH_TEST_LEAK", "a developer's own setting")
	root := appRoot(t, hostJSON, map[string]string{"watch": watch("")})
	host, out := startHost(t, funchost.Options{
		Root: root, Checkpoints: checkpoints,
		Settings: hubSettings(t, h, map[string]string{"ARGUMENT": "expanded", "TIMES": "0"}),
	})
	waitIdle(t, host)
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5", `{"six":"6"}`}, out.events(t, 6)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	requests := out.requests(t, 2) // at most four events in each
	first := requests[0]
	if first.Method != "POST" || first.URI != "/watch" || !first.Chunked || first.Leak != "" || first.Root != root {
		t.Errorf("request %s %s, chunked %v, root %q, leaked %q", first.Method, first.URI, first.Chunked, first.Root, first.Leak)
	}
	for name, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "User-Agent": "Azure-Functions-Host/4.", "X-Azure-Functions-Invocationid": "-", "X-Azure-Functions-Hostversion": "4.", "Traceparent": "00-"} {
		if got := strings.Join(first.Header[name], ","); !strings.Contains(got, want) {
			t.Errorf("header %s is %q, want it to contain %q", name, got, want)
		}
	}
	if sequence, ok := checkpoints.Sequence(entity, group, "0"); !ok || sequence != 5 {
		t.Errorf("checkpoint %d, %v; want 5", sequence, ok)
	}
	if !strings.Contains(out.String(), "[watch] listening serve expanded") || !strings.Contains(out.String(), "[watch log] all is well") {
		t.Errorf("output lacks the handler's lines:\n%s", out)
	}
	if !strings.Contains(out.String(), "divided by 100") {
		t.Error("the divisor is not printed")
	}
	stats := host.Stats()
	if s := stats.Functions["watch"]; s.Failures != 0 || s.Invocations != len(requests) {
		t.Errorf("stats %+v for %d requests", s, len(requests))
	}
	if s := stats.Instances["watch"]; s.StderrLines != 0 || s.Starts != 1 || s.PID == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestFailureIsRetriedInPlaceWithTheSameID(t *testing.T) {
	h := startHub(t)
	appendEvents(t, h, "1")
	host, out := startHost(t, funchost.Options{
		Root:     appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)}),
		Settings: hubSettings(t, h, map[string]string{"MODE": "fails", "TIMES": "2"}),
	})
	waitIdle(t, host)
	requests := out.requests(t, 3)
	if len(requests) != 3 {
		t.Fatalf("%d tries, want two failures and a success", len(requests))
	}
	type try struct {
		RetryCount, MaxRetryCount int
		Failed                    bool
	}
	var tries []try
	for _, r := range requests {
		if got, want := r.Header["X-Azure-Functions-Invocationid"][0], requests[0].Header["X-Azure-Functions-Invocationid"][0]; got != want {
			t.Errorf("invocation id %s, want %s on every try", got, want)
		}
		var body struct {
			Metadata struct {
				RetryContext struct {
					RetryCount, MaxRetryCount int
					Exception                 *struct{ Message string }
				}
			}
		}
		if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
			t.Fatal(err)
		}
		c := body.Metadata.RetryContext
		tries = append(tries, try{c.RetryCount, c.MaxRetryCount, c.Exception != nil && strings.Contains(c.Exception.Message, "500")})
	}
	if diff := cmp.Diff([]try{{0, -1, false}, {1, -1, true}, {2, -1, true}}, tries); diff != "" {
		t.Errorf("retry contexts (-want +got):\n%s", diff)
	}
	if s := host.Stats().Functions["watch"]; s.Failures != 2 || s.Retries != 2 || s.Lost != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestWithoutRetryPolicyAFailedBatchIsLost(t *testing.T) {
	for _, mode := range []string{"fails", "text", "garbled", "exit3"} {
		t.Run(mode, func(t *testing.T) {
			h := startHub(t)
			appendEvents(t, h, "1")
			host, out := startHost(t, funchost.Options{
				Root:     appRoot(t, hostJSON, map[string]string{"watch": watch("")}),
				Settings: hubSettings(t, h, map[string]string{"MODE": mode, "TIMES": "1"}),
			})
			waitIdle(t, host)
			appendEvents(t, h, "2")
			waitIdle(t, host)
			if diff := cmp.Diff([]string{"1", "2"}, out.events(t, 2)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if s := host.Stats().Functions["watch"]; s.Failures != 1 || s.Lost != 1 || s.LastFailure == "" {
				t.Errorf("stats %+v, want one failure that lost its batch", s)
			}
		})
	}
}

func TestRetriesThatRunOutLoseTheBatch(t *testing.T) {
	h := startHub(t)
	appendEvents(t, h, "1")
	host, out := startHost(t, funchost.Options{
		Root:     appRoot(t, hostJSON, map[string]string{"watch": watch(`,"retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:01"}`)}),
		Settings: hubSettings(t, h, map[string]string{"MODE": "fails"}),
	})
	waitIdle(t, host)
	if got := len(out.requests(t, 3)); got != 3 {
		t.Errorf("%d tries, want the first and two more", got)
	}
	if s := host.Stats().Functions["watch"]; s.Lost != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestARestartedHostRedeliversFromTheLastCheckpoint(t *testing.T) {
	h := startHub(t)
	file := filepath.Join(t.TempDir(), "state", "checkpoints.json")
	root := appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)})
	run := func(mode string) (*funchost.Host, *transcript) {
		checkpoints, err := funchost.NewCheckpoints(file)
		if err != nil {
			t.Fatal(err)
		}
		return startHost(t, funchost.Options{Root: root, Checkpoints: checkpoints, Settings: hubSettings(t, h, map[string]string{"MODE": mode})})
	}
	first, out := run("ok")
	appendEvents(t, h, "1", "2")
	waitIdle(t, first)
	first.Stop()

	second, out2 := run("slow")
	appendEvents(t, h, "3")
	eventually(t, "the slow handler has the batch", func() bool { return len(out2.requests(t, 0)) == 1 })
	second.Stop() // in flight: not checkpointed

	third, out3 := run("ok")
	appendEvents(t, h, "4")
	waitIdle(t, third)
	if diff := cmp.Diff([][]string{{"1", "2"}, {"3"}, {"3", "4"}}, [][]string{out.events(t, 2), out2.events(t, 1), out3.events(t, 2)}); diff != "" {
		t.Errorf("events of three hosts (-want +got):\n%s", diff)
	}
}

func TestAKilledHandlerGetsItsBatchAgain(t *testing.T) {
	h := startHub(t)
	host, out := startHost(t, funchost.Options{
		Root:     appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)}),
		Settings: hubSettings(t, h, map[string]string{"MODE": "slow", "TIMES": "1"}),
	})
	appendEvents(t, h, "1")
	eventually(t, "the handler has the batch", func() bool { return len(out.requests(t, 0)) == 1 })
	before := host.Stats().Instances["watch"].PID
	if err := host.Kill("watch"); err != nil {
		t.Fatal(err)
	}
	waitIdle(t, host)
	if diff := cmp.Diff([]string{"1", "1"}, out.events(t, 2)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s := host.Stats().Instances["watch"]; s.Starts != 2 || s.Crashes != 1 || s.PID == before {
		t.Errorf("stats %+v, process before %d", s, before)
	}
}

func TestLostOwnershipAbandonsTheBatch(t *testing.T) {
	h := startHub(t)
	checkpoints, err := funchost.NewCheckpoints("")
	if err != nil {
		t.Fatal(err)
	}
	host, out := startHost(t, funchost.Options{
		Root: appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)}), Checkpoints: checkpoints, Divisor: 20,
		Settings: hubSettings(t, h, map[string]string{"MODE": "fails", "TIMES": "3"}),
	})
	appendEvents(t, h, "1")
	eventually(t, "the first try failed", func() bool { return host.Stats().Functions["watch"].Failures > 0 })

	thief, err := azeventhubs.NewConsumerClientFromConnectionString(h.ConnectionString(), entity, group, nil)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := thief.NewPartitionClient("0", &azeventhubs.PartitionClientOptions{OwnerLevel: new(int64(5)), StartPosition: azeventhubs.StartPosition{Earliest: new(true)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ReceiveEvents(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the host noticed", func() bool { return strings.Contains(out.String(), "abandoned a batch") })
	if sequence, ok := checkpoints.Sequence(entity, group, "0"); ok {
		t.Errorf("checkpoint %d although another reader owns the partition", sequence)
	}
	closing := context.WithoutCancel(t.Context())
	if err := reader.Close(closing); err != nil {
		t.Error(err)
	}
	if err := thief.Close(closing); err != nil {
		t.Error(err)
	}
	waitIdle(t, host)
}

func TestANewHubIsReadFromItsStart(t *testing.T) {
	first := startHub(t)
	checkpoints, err := funchost.NewCheckpoints("")
	if err != nil {
		t.Fatal(err)
	}
	root := appRoot(t, hostJSON, map[string]string{"watch": watch("")})
	run := func(h *hub.Hub, bodies ...string) []string {
		appendEvents(t, h, bodies...)
		host, out := startHost(t, funchost.Options{Root: root, Checkpoints: checkpoints, Settings: hubSettings(t, h, nil)})
		if len(bodies) == 3 {
			waitIdle(t, host)
		}
		eventually(t, "the last event arrived", func() bool {
			events := out.events(t, 0)
			return len(events) > 0 && events[len(events)-1] == bodies[len(bodies)-1]
		})
		host.Stop()
		return out.events(t, 1)
	}
	run(first, "1", "2", "3")
	if diff := cmp.Diff([]string{"new"}, run(startHub(t), "new")); diff != "" {
		t.Errorf("events of the new hub (-want +got):\n%s", diff)
	}
}

func TestAHubThatComesBackIsReadOn(t *testing.T) {
	h := startHub(t)
	host, out := startHost(t, funchost.Options{
		Root: appRoot(t, hostJSON, map[string]string{"watch": watch(retrying)}), Settings: hubSettings(t, h, nil),
	})
	appendEvents(t, h, "1")
	waitIdle(t, host)
	if err := h.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, h, "2")
	waitIdle(t, host)
	if diff := cmp.Diff([]string{"1", "2"}, out.events(t, 2)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestFromTheEndSkipsWhatWasThere(t *testing.T) {
	h := startHub(t)
	appendEvents(t, h, "old")
	settings := hubSettings(t, h, nil)
	latest := strings.Replace(hostJSON, `"prefetchCount":8`, `"prefetchCount":8,"initialOffsetOptions":{"type":"fromEnd"}`, 1)
	host, out := startHost(t, funchost.Options{Root: appRoot(t, latest, map[string]string{"watch": watch("")}), Settings: settings})
	eventually(t, "the partition is open", func() bool {
		state, err := h.State(t.Context())
		return err == nil && len(state.Readers) == 1
	})
	waitIdle(t, host)
	appendEvents(t, h, "new")
	waitIdle(t, host)
	if diff := cmp.Diff([]string{"new"}, out.events(t, 1)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
