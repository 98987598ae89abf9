// Package azurite runs Microsoft's storage emulator for tests, tables only.
package azurite

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	// The emulator's account and key are public: Microsoft documents both.
	account = "devstoreaccount1"
	key     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

	startLimit = 30 * time.Second
	stopLimit  = 10 * time.Second

	// endWithParent makes the emulator end when this process does, however that ends.
	endWithParent = `data:text/javascript,process.stdin.on("end",()=>process.exit(0));process.stdin.resume();process.stdin.unref();`
)

// Options say how to run the emulator.
type Options struct {
	Dir  string // where rows are kept; empty: in memory, so that a stop loses them
	Port int    // on loopback; 0: a free one
	// Certificate and Key are PEM files. With them the emulator speaks https and takes bearer tokens.
	Certificate, Key string
}

// Server is a running emulator. Its methods are not safe for concurrent use.
type Server struct {
	options Options
	script  string

	process *exec.Cmd
	stdin   io.Closer
	exited  chan struct{}
	said    *output
}

// Start runs the emulator and returns once it takes connections. ctx bounds the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	script, err := script(ctx)
	if err != nil {
		return nil, err
	}
	if o.Port == 0 {
		if o.Port, err = freePort(ctx); err != nil {
			return nil, err
		}
	}
	s := &Server{options: o, script: script}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Run starts an emulator in memory for the tests of one package, hands it to use and runs them. It
// returns the exit code for os.Exit.
func Run(m interface{ Run() int }, use func(*Server)) int {
	s, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Kill()
	use(s)
	return m.Run()
}

// TableName is a table name that no other test uses.
func TableName() string { return "T" + rand.Text() }

// Port is the port on 127.0.0.1 that the emulator listens on, also after a Restart.
func (s *Server) Port() int { return s.options.Port }

// Endpoint is the address of the table service.
func (s *Server) Endpoint() string {
	scheme := "http"
	if s.options.Certificate != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://127.0.0.1:%d/%s", scheme, s.options.Port, account)
}

// ConnectionString opens the table service with the emulator's public key.
func (s *Server) ConnectionString() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;TableEndpoint=%s;", account, key, s.Endpoint())
}

func (s *Server) start(ctx context.Context) error {
	if !portFree(ctx, s.options.Port) {
		return fmt.Errorf("start azurite: port %d is not free", s.options.Port)
	}
	arguments := []string{
		"--import", endWithParent, s.script, "--silent", "--disableTelemetry",
		"--tableHost", "127.0.0.1", "--tablePort", strconv.Itoa(s.options.Port),
	}
	if s.options.Dir == "" {
		arguments = append(arguments, "--inMemoryPersistence")
	} else {
		arguments = append(arguments, "--location", s.options.Dir)
	}
	if s.options.Certificate != "" {
		arguments = append(arguments, "--oauth", "basic", "--cert", s.options.Certificate, "--key", s.options.Key)
	}
	process := exec.CommandContext(context.WithoutCancel(ctx), "node", arguments...)
	process.Dir = filepath.Dir(s.script)
	ownGroup(process) // Ctrl-C in the terminal is for us to act on
	s.said = &output{}
	process.Stdout, process.Stderr = s.said, s.said
	stdin, err := process.StdinPipe()
	if err != nil {
		return fmt.Errorf("start azurite: %w", err)
	}
	if err := process.Start(); err != nil {
		return fmt.Errorf("start azurite: %w", err)
	}
	s.process, s.stdin, s.exited = process, stdin, make(chan struct{}) // stdin stays open as long as s does
	go func(exited chan struct{}) {
		_ = process.Wait() // how it ended is in what it said
		close(exited)
	}(s.exited)
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for !listens(ctx, s.options.Port) {
		select {
		case <-s.exited:
			return fmt.Errorf("start azurite: it ended at once: %s", s.said)
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("start azurite: %w: %s", context.Cause(ctx), s.said)
		case <-time.After(25 * time.Millisecond):
		}
	}
	return nil
}

// Stop ends the emulator, with a Dir after it has saved what it holds. Connections are refused from
// then on.
func (s *Server) Stop() error {
	_ = resume(s.process.Process) // a paused one hears nothing
	// It saves on this signal only.
	if err := s.process.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.Kill()
		return fmt.Errorf("stop azurite: %w", err)
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopLimit):
		s.Kill()
		return errors.New("stop azurite: it had to be killed")
	}
}

// Kill ends the emulator at once. What it has not saved is lost: it saves every few seconds.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	<-s.exited
}

// Pause makes the emulator hang: it takes connections and answers nothing. Nothing is lost.
func (s *Server) Pause() error { return pause(s.process.Process) }

// Resume ends a Pause.
func (s *Server) Resume() error { return resume(s.process.Process) }

// Restart starts a stopped emulator again on the same port, with a Dir also with the same rows.
func (s *Server) Restart(ctx context.Context) error {
	select {
	case <-s.exited:
	default:
		if err := s.Stop(); err != nil {
			return err
		}
	}
	return s.start(ctx)
}

func listens(ctx context.Context, port int) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp4", address(port))
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", address(0))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	chosen, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("find a free port: the listener has none")
	}
	return chosen.Port, nil
}

func portFree(ctx context.Context, port int) bool {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", address(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// output keeps what the emulator says, for errors.
type output struct {
	lock sync.Mutex
	said bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if o.said.Len() < 4<<10 {
		o.said.Write(p)
	}
	return len(p), nil
}

// String is what was said.
func (o *output) String() string {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.said.String()
}
