// Package hub starts an event hub of our own on this machine, so that programs which read from Azure Event Hubs can be tried without Azure.
package hub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const startupLimit = 20 * time.Second

// Options says what the hub holds. The zero value is one hub "entra-logs" of two partitions with the
// consumer group $Default, on a free port.
type Options struct {
	// Directory is infra/local, where the script and its node_modules are. Empty: found from the
	// working directory upwards, beside go.mod.
	Directory string
	// Port is the AMQP port on 127.0.0.1; 0 takes a free one.
	Port int
	// Partitions maps the name of each hub to its number of partitions.
	Partitions map[string]int
	// ConsumerGroups are the groups that exist beside $Default.
	ConsumerGroups []string
	// Retention drops events older than this; 0 keeps all of them until Stop.
	Retention time.Duration
	// Stderr receives what the script complains about; nil discards it.
	Stderr io.Writer
}

// Hub is a running event hub stand-in. Its methods are safe for concurrent use.
type Hub struct {
	address string
	control string
	client  *http.Client
	stdin   io.Closer
	process *exec.Cmd
	exited  chan struct{}
	stop    sync.Once
}

// Start runs the script with node and returns once it listens. The context bounds the start only;
// the hub lives until Stop, or until this process is gone. It needs `npm ci --ignore-scripts` to
// have been run in infra/local.
func Start(ctx context.Context, options Options) (*Hub, error) {
	ctx, cancel := context.WithTimeout(ctx, startupLimit)
	defer cancel()
	directory, err := localDirectory(options.Directory)
	if err != nil {
		return nil, err
	}
	script := filepath.Join(directory, "hub", "hub.js")
	process := exec.CommandContext(context.WithoutCancel(ctx), "node", append([]string{script, "--stop-with-stdin"}, options.arguments()...)...)
	process.Stderr = options.Stderr
	separateFromTerminal(process)
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("connect to the event hub stand-in: %w", err)
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("connect to the event hub stand-in: %w", err)
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("start the event hub stand-in (is node installed?): %w", err)
	}
	h := &Hub{client: &http.Client{Transport: &http.Transport{}}, stdin: stdin, process: process, exited: make(chan struct{})}

	type ready struct{ Amqp, Control string }
	addresses := make(chan ready, 1)
	go func() {
		defer close(h.exited)
		defer func() { _ = process.Wait() }()
		lines := bufio.NewScanner(stdout)
		var told ready
		if lines.Scan() && json.Unmarshal(lines.Bytes(), &told) == nil && told.Amqp != "" {
			addresses <- told
		}
		_, _ = io.Copy(io.Discard, stdout)
	}()
	select {
	case told := <-addresses:
		h.address, h.control = told.Amqp, told.Control
		return h, nil
	case <-h.exited:
		return nil, errors.New("the event hub stand-in ended before it listened; is its port free, and was `npm ci --ignore-scripts` run in infra/local?")
	case <-ctx.Done():
		h.Stop()
		return nil, fmt.Errorf("wait for the event hub stand-in to listen: %w", ctx.Err())
	}
}

// ConnectionString is what the azeventhubs client, and the Functions host stand-in, connect with. It
// names no hub (EntityPath), as the connection string of a namespace does.
func (h *Hub) ConnectionString() string {
	return "Endpoint=sb://" + h.address + ";SharedAccessKeyName=k;SharedAccessKey=s;UseDevelopmentEmulator=true"
}

// Address is the AMQP listener as 127.0.0.1:port.
func (h *Hub) Address() string { return h.address }

// Stop ends the process and waits for it. Everything that the hub held is gone. Stopping twice is
// harmless.
func (h *Hub) Stop() {
	h.stop.Do(func() {
		_ = h.stdin.Close() // the script ends with its standard input
		select {
		case <-h.exited:
		case <-time.After(2 * time.Second):
			_ = h.process.Process.Kill()
			<-h.exited
		}
		h.client.CloseIdleConnections()
	})
}

// Faults are troubles to order; the zero value is none. They hold until the next call of SetFaults.
type Faults struct {
	// Swallow accepts what is sent and forgets it.
	Swallow bool `json:"swallow"`
	// Refuse rejects what is sent as "server busy".
	Refuse bool `json:"refuse"`
	// Withhold delivers nothing to readers; what they missed follows when it ends.
	Withhold bool `json:"withhold"`
	// Unauthorized answers every new claim with 401.
	Unauthorized bool `json:"unauthorized"`
	// Silent leaves claims and management requests unanswered.
	Silent bool `json:"silent"`
}

// SetFaults replaces the troubles in force.
func (h *Hub) SetFaults(ctx context.Context, faults Faults) error {
	return h.call(ctx, http.MethodPost, "/faults", faults, nil)
}

// Drop cuts every AMQP connection without a goodbye.
func (h *Hub) Drop(ctx context.Context) error {
	return h.call(ctx, http.MethodPost, "/drop", struct{}{}, nil)
}

// Append stores one event per body in a partition, as if a producer had sent them at enqueuedAt (the
// zero time: now). It goes past the AMQP client, which cannot choose the time.
func (h *Hub) Append(ctx context.Context, hub, partition string, enqueuedAt time.Time, bodies ...[]byte) error {
	request := struct {
		Hub        string   `json:"hub"`
		Partition  string   `json:"partition"`
		EnqueuedAt string   `json:"enqueuedAt,omitempty"`
		Bodies     [][]byte `json:"bodies"`
	}{Hub: hub, Partition: partition, Bodies: bodies}
	if !enqueuedAt.IsZero() {
		request.EnqueuedAt = enqueuedAt.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return h.call(ctx, http.MethodPost, "/append", request, nil)
}

// Forget drops the oldest events of a partition, as retention does.
func (h *Hub) Forget(ctx context.Context, hub, partition string, count int) error {
	request := struct {
		Hub       string `json:"hub"`
		Partition string `json:"partition"`
		Count     int    `json:"count"`
	}{hub, partition, count}
	return h.call(ctx, http.MethodPost, "/forget", request, nil)
}

// State is what the hub holds and who reads from it at one moment.
type State struct {
	Partitions []PartitionState `json:"partitions"`
	Readers    []ReaderState    `json:"readers"`
}

// PartitionState tells which sequence numbers a partition holds: First up to, not including, Next.
type PartitionState struct {
	Hub   string `json:"hub"`
	ID    string `json:"id"`
	First int64  `json:"first"`
	Next  int64  `json:"next"`
}

// ReaderState is one attached reader. Epoch is nil for a reader without owner level; Next is the
// sequence number that it will be sent next.
type ReaderState struct {
	Hub       string `json:"hub"`
	Partition string `json:"partition"`
	Group     string `json:"group"`
	Name      string `json:"name"`
	Epoch     *int64 `json:"epoch"`
	Next      int64  `json:"next"`
}

// State asks the hub what it holds.
func (h *Hub) State(ctx context.Context) (State, error) {
	var state State
	err := h.call(ctx, http.MethodGet, "/state", nil, &state)
	return state, err
}

func (h *Hub) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode a call to the event hub stand-in: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, h.control+path, content)
	if err != nil {
		return fmt.Errorf("build a call to the event hub stand-in: %w", err)
	}
	response, err := h.client.Do(request)
	if err != nil {
		return fmt.Errorf("call the event hub stand-in: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the answer of the event hub stand-in: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the event hub stand-in refused %s: %s", path, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the answer of the event hub stand-in: %w", err)
	}
	return nil
}

func (o Options) arguments() []string {
	partitions := o.Partitions
	if len(partitions) == 0 {
		partitions = map[string]int{"entra-logs": 2}
	}
	hubs := make([]string, 0, len(partitions))
	for name, count := range partitions {
		hubs = append(hubs, name+":"+strconv.Itoa(count))
	}
	slices.Sort(hubs)
	return []string{
		"--port", strconv.Itoa(o.Port),
		"--hubs", strings.Join(hubs, ","),
		"--groups", strings.Join(append([]string{"$Default"}, o.ConsumerGroups...), ","),
		"--retention-ms", strconv.FormatInt(o.Retention.Milliseconds(), 10),
	}
}

func localDirectory(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	directory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find infra/local: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return filepath.Join(directory, "infra", "local"), nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("find infra/local: no go.mod above the working directory; name the directory in the options")
		}
		directory = parent
	}
}
