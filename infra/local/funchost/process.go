package funchost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	probeEvery = 25 * time.Millisecond
	exitClean  = 0   // never restarted
	exitFree   = 200 // restarted without being counted
)

// process is one handler process from start to exit.
type process struct {
	command    *exec.Cmd
	base       url.URL
	client     *http.Client
	exited     chan struct{}
	deliberate atomic.Bool // the host killed it
}

// startProcess starts the handler as the host does: nothing on the command line that host.json does
// not name, everything else in the environment.
func startProcess(ctx context.Context, a *app, port int, settings map[string]string, basics []string, stdout, stderr *lines) (*process, error) {
	id := newID()
	command := exec.CommandContext(context.WithoutCancel(ctx), a.executable, a.arguments...)
	command.Dir = a.workingDirectory
	command.Env = append(command.Env, basics...)
	for name, setting := range settings {
		command.Env = append(command.Env, name+"="+setting)
	}
	command.Env = append(command.Env,
		"FUNCTIONS_CUSTOMHANDLER_PORT="+strconv.Itoa(port),
		"FUNCTIONS_HTTPWORKER_PORT="+strconv.Itoa(port),
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id,
		"FUNCTIONS_HTTPWORKER_ID="+id,
		"FUNCTIONS_APP_ROOT_PATH="+a.root,
	)
	command.Stdout, command.Stderr = stdout, stderr
	command.WaitDelay = time.Second
	dieWithParent(command)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the handler: %w", err)
	}
	p := &process{
		command: command,
		base:    url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))},
		client:  &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}},
		exited:  make(chan struct{}),
	}
	go func() {
		_ = command.Wait() // the exit code is read from ProcessState
		stdout.flush()
		stderr.flush()
		p.client.CloseIdleConnections()
		close(p.exited)
	}()
	return p, nil
}

// waitReady asks GET / every 25 ms. Any answer, and any trouble but a refused connection, means
// ready. Only the pauses count against the budget, so a handler that accepts and does not answer
// stalls here, as it stalls the host.
func (p *process) waitReady(ctx context.Context, budget time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	for waited := time.Duration(0); ; waited += probeEvery {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base.String()+"/", http.NoBody)
		if err != nil {
			return fmt.Errorf("ask whether the handler is ready: %w", err)
		}
		response, err := p.client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("wait for the handler: %w", ctx.Err())
		case !errors.Is(err, syscall.ECONNREFUSED):
			return nil
		case waited >= budget:
			return fmt.Errorf("wait for the handler: it does not listen on %s after %s", p.base.Host, budget)
		}
		select {
		case <-time.After(probeEvery):
		case <-ctx.Done():
		}
	}
}

// kill ends the process by the host's hand, so that its exit is not held against it, and waits.
func (p *process) kill() {
	p.deliberate.Store(true)
	_ = p.command.Process.Kill()
	<-p.exited
}

func (p *process) pid() int { return p.command.Process.Pid }

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: %s is no TCP address", listener.Addr())
	}
	return address.Port, nil
}
