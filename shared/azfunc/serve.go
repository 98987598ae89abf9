package azfunc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// ErrStopped is what Serve returns after its context has ended.
var ErrStopped = errors.New("stopped on request")

// ExitRestart is the exit code at which the host starts the process anew without counting a crash.
const ExitRestart = 200

const (
	// stopGrace is how long calls may go on after Serve was told to stop.
	stopGrace = 3 * time.Second
	// idleTimeout is longer than the host keeps an unused connection, so that it is never us who
	// close one just as the host sends the next batch over it.
	idleTimeout = 10 * time.Minute
)

// ExitCode is the code with which a process whose Serve has returned err must exit. It is never 0:
// the host does not restart a process that exits with 0, and goes on sending it work. ErrStopped
// gives ExitRestart, everything else 1, which the host counts as a crash (three of them, each
// within 30 minutes of the one before, stop the host).
func ExitCode(err error) int {
	if errors.Is(err, ErrStopped) {
		return ExitRestart
	}
	return 1
}

// Serve answers the host on 127.0.0.1 and port until ctx ends or the listener fails. It never
// returns nil; see ExitCode. When ctx ends, calls under way get three seconds, then their contexts
// end and connections are closed.
//
// There is no write timeout: a call takes as long as its function's own deadline, which the
// handler of Mux enforces.
func Serve(ctx context.Context, port int, handler http.Handler, log *slog.Logger) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	// Calls outlive ctx by the grace.
	calls, endCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer endCalls()
	server := &http.Server{
		Handler:           handler,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String())

	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", address, err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(calls, stopGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("calls were cut off while stopping", "error", err.Error())
		endCalls()
		_ = server.Close() // the process is about to end and frees what is left
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		log.Warn("the listener ended before it was asked to", "error", err.Error())
	}
	return fmt.Errorf("%w: %w", ErrStopped, context.Cause(ctx))
}

// NewLogger returns a logger that writes one JSON object a line. In service w is stdout: the host
// takes every line on stderr for an error.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}
