// Package funchost plays the Azure Functions host on a developer's machine: it starts the program, feeds it log records, timers and web requests, and punishes what the real host would punish.
package funchost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Options says what to host and how. Only Root is required.
type Options struct {
	// Root is the app root: host.json, and one folder with a function.json for each function.
	Root string
	// Settings are the app settings. The handlers get them as their environment, and beside them
	// only PATH, HOME and TMPDIR of this process: a real webhook address in a developer's shell
	// must not reach a test.
	Settings map[string]string
	// Port is the public HTTP port on 127.0.0.1; 0 takes a free one.
	Port int
	// Divisor shortens the host's own waits: retry intervals, the 30 minutes in which crashes
	// count together, the pauses before a recycle and before a lost partition is read again. It
	// does not shorten functionTimeout, initializationTimeout or schedules. 0 means 1.
	Divisor int
	// FunctionTimeout replaces the functionTimeout of host.json if it is not 0.
	FunctionTimeout time.Duration
	// TimerEvery replaces the schedule of the timer functions named: they run this long after the
	// end of their last run. With 0 or less they run only when Fire is called.
	TimerEvery map[string]time.Duration
	// Keys are function keys by function name; functions without one get a random key.
	Keys map[string]string
	// Checkpoints, if given, continue those of an earlier host; nil begins anew, in memory.
	Checkpoints *Checkpoints
	// Output receives every line that handlers print and what the host itself has to say, each
	// beginning with "[name] "; lines of standard error with "[name stderr] ". nil discards them.
	Output io.Writer
}

// Host is a running host. Its methods are safe for concurrent use.
type Host struct {
	url         string
	keys        keys
	instances   []*instance
	checkpoints *Checkpoints
	counters    *counters
	server      *http.Server
	cancel      context.CancelFunc
	work        sync.WaitGroup
	once        sync.Once
}

// Start reads and checks the app, starts one handler process for each event hub and timer function
// and one for all HTTP functions together, and returns when all of them are ready. The context
// bounds the start only; the host lives until Stop.
func Start(ctx context.Context, options Options) (*Host, error) {
	read, err := readApp(options.Root, options.Settings)
	if err != nil {
		return nil, err
	}
	if options.FunctionTimeout > 0 {
		read.functionTimeout = options.FunctionTimeout
	}
	options.Divisor = max(options.Divisor, 1)
	if options.Output == nil {
		options.Output = io.Discard
	}
	if options.Checkpoints == nil {
		if options.Checkpoints, err = NewCheckpoints(""); err != nil {
			return nil, err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(options.Port)))
	if err != nil {
		return nil, fmt.Errorf("open the host's public port: %w", err)
	}
	h := &Host{
		url:         "http://" + listener.Addr().String(),
		keys:        newKeys(read.functions, options.Keys),
		checkpoints: options.Checkpoints,
		counters:    &counters{stats: Stats{Functions: map[string]FunctionStats{}, Instances: map[string]InstanceStats{}}},
	}
	out := &output{writer: options.Output}
	out.say("host", "the stand-in for the Functions host listens on %s; its own waits are divided by %d", h.url, options.Divisor)
	public := h.arrange(read, options, out)
	h.server = &http.Server{
		Handler:           &proxy{in: public, keys: h.keys, out: out},
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.cancel = cancel
	h.work.Go(func() { _ = h.server.Serve(listener) })
	for _, in := range h.instances {
		h.work.Go(func() { in.supervise(running) })
	}
	for _, in := range h.instances {
		if _, err := in.await(ctx); err != nil {
			h.Stop()
			return nil, err
		}
	}
	return h, nil
}

// arrange distributes the functions over instances as Flex Consumption does, and returns the one
// with the HTTP functions (an empty one if there are none).
func (h *Host) arrange(read *app, options Options, out *output) *instance {
	var basics []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if known, ok := os.LookupEnv(name); ok {
			basics = append(basics, name+"="+known)
		}
	}
	instanceOf := func(name string, functions ...function) *instance {
		in := &instance{
			name: name, app: read, settings: options.Settings, basics: basics, functions: functions,
			divisor: options.Divisor, every: options.TimerEvery, checkpoints: h.checkpoints,
			counters: h.counters, out: out, timers: map[string]chan struct{}{}, changed: make(chan struct{}),
		}
		for _, fn := range functions {
			token := make(chan struct{}, 1)
			token <- struct{}{}
			in.timers[fn.name] = token
			h.counters.function(fn.name, func(*FunctionStats) {})
		}
		return in
	}
	var public []function
	for _, fn := range read.functions {
		if fn.http != nil {
			public = append(public, fn)
		} else {
			h.instances = append(h.instances, instanceOf(fn.name, fn))
		}
	}
	group := instanceOf(httpInstance, public...)
	if len(public) > 0 {
		h.instances = append(h.instances, group)
	}
	for _, in := range h.instances {
		h.counters.instance(in.name, func(*InstanceStats) {})
	}
	return group
}

func newKeys(functions []function, given map[string]string) keys {
	k := keys{functions: map[string]string{}, host: newID(), master: newID()}
	for _, fn := range functions {
		if k.functions[fn.name] = given[fn.name]; k.functions[fn.name] == "" {
			k.functions[fn.name] = newID()
		}
	}
	return k
}

// Stop kills every handler, as the real host does without notice, waits until all is quiet, and
// closes the port. Batches in flight are not checkpointed. Stopping twice is harmless.
func (h *Host) Stop() {
	h.once.Do(func() {
		h.cancel()
		_ = h.server.Close()
		h.work.Wait()
	})
}

// URL is the public address, http://127.0.0.1:port without a slash at the end.
func (h *Host) URL() string { return h.url }

// Key is the function key of an HTTP function.
func (h *Host) Key(function string) string { return h.keys.functions[function] }

// Stats returns the counts so far.
func (h *Host) Stats() Stats { return h.counters.copy() }

// Kill ends the process that runs the function with SIGKILL, as a crash that the host counts, and
// returns when it is dead. For an HTTP function that is the process of the whole group.
func (h *Host) Kill(function string) error {
	in, _, err := h.find(function)
	if err != nil {
		return err
	}
	in.mu.Lock()
	p := in.running
	in.mu.Unlock()
	if p == nil {
		return fmt.Errorf("kill the handler of %s: none is running", function)
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the handler of %s: %w", function, err)
	}
	<-p.exited
	return nil
}

// Fire runs a timer function now, with its retries, and returns what the last try ended with. It
// waits for a run that is going on.
func (h *Host) Fire(ctx context.Context, function string) error {
	in, fn, err := h.find(function)
	if err != nil {
		return err
	}
	if fn.timer == nil {
		return fmt.Errorf("fire %s: it has no timer", function)
	}
	return in.fire(ctx, fn, false)
}

// Invoke posts a body of the caller's making to POST /<function> with the host's headers, once, and
// returns the answer whatever its status. Nothing is retried or checkpointed.
func (h *Host) Invoke(ctx context.Context, function string, body []byte) (Answer, error) {
	in, fn, err := h.find(function)
	if err != nil {
		return Answer{}, err
	}
	return in.post(ctx, ctx, fn, newID(), body)
}

// WaitIdle returns when every event that the hubs held at the time of the call has been handled and
// checkpointed by every event hub function.
func (h *Host) WaitIdle(ctx context.Context) error {
	wanted := map[string]int64{}
	for _, in := range h.instances {
		for _, fn := range in.functions {
			if fn.eventHub == nil {
				continue
			}
			if err := fn.eventHub.ends(ctx, wanted); err != nil {
				return err
			}
		}
	}
	return h.checkpoints.wait(ctx, wanted)
}

// ends notes the last sequence number of every partition that holds events.
func (t *eventHubTrigger) ends(ctx context.Context, into map[string]int64) error {
	client, err := t.inquirer()
	if err != nil {
		return err
	}
	defer closeSoon(ctx, client.Close)
	properties, err := client.GetEventHubProperties(ctx, nil)
	if err != nil {
		return fmt.Errorf("ask hub %s for its partitions: %w", t.hub, err)
	}
	for _, id := range properties.PartitionIDs {
		at, err := client.GetPartitionProperties(ctx, id, nil)
		if err != nil {
			return fmt.Errorf("ask hub %s for the end of partition %s: %w", t.hub, id, err)
		}
		if !at.IsEmpty {
			into[checkpointKey(t.hub, t.consumerGroup, id)] = at.LastEnqueuedSequenceNumber
		}
	}
	return nil
}

func (h *Host) find(name string) (*instance, *function, error) {
	for _, in := range h.instances {
		i := slices.IndexFunc(in.functions, func(fn function) bool { return fn.name == name })
		if i >= 0 {
			return in, &in.functions[i], nil
		}
	}
	return nil, nil, fmt.Errorf("there is no function %q", name)
}
