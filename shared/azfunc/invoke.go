package azfunc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// lateGrace is how long a function whose deadline has passed may take to say so itself.
	lateGrace = 2 * time.Second
	// largestCall is far above the largest batch (16 messages of 1 MB, each byte escaped to four)
	// and keeps a runaway body from taking the process down.
	largestCall = 256 << 20
)

var (
	errPanicked = errors.New("it panicked; the stack is in the log")
	errEnded    = errors.New("it ended without an answer")
	errLeft     = errors.New("it did not end at its deadline and was left behind")
)

// hostCall serves POST /<Name>.
type hostCall struct {
	function Function
	log      *slog.Logger
}

func (h *hostCall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := headerWord(r, "X-Azure-Functions-InvocationId")
	log := h.log.With("invocationId", id)
	if trace := traceID(r); trace != "" {
		log = log.With("traceId", trace)
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.function.deadline())
	defer cancel()
	started := time.Now()
	answer, err := h.run(ctx, Call{
		InvocationID: id,
		Body:         http.MaxBytesReader(w, r.Body, largestCall),
		Log:          log,
	})
	took := time.Since(started)
	if err != nil {
		log.Error("call failed", "error", err.Error(), "took", took.String())
		writeAnswer(w, http.StatusInternalServerError, fmt.Sprintf("%s: %v", h.function.Name, err))
		return
	}
	log.Debug("call done", "took", took.String())
	if len(answer.Logs) == 0 {
		answer.Logs = []string{h.function.Name + " is done."}
	}
	writeAnswer(w, http.StatusOK, answer.Logs...)
}

// run calls Invoke and waits for it, but not beyond its deadline: a function that ignores its
// context must not keep the host waiting until it kills the process. What such a function is still
// doing goes on; it has to be idempotent anyway.
func (h *hostCall) run(ctx context.Context, call Call) (Answer, error) {
	type result struct {
		answer Answer
		err    error
	}
	done := make(chan result, 1)
	var left atomic.Bool
	started := time.Now()
	go func() {
		got := result{err: errEnded} // stays if Invoke ends its goroutine
		defer func() {
			if p := recover(); p != nil {
				call.Log.Error("function panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				got = result{err: errPanicked}
			}
			if left.Load() {
				call.Log.Warn("function that was left behind has ended", "took", time.Since(started).String(), "ok", got.err == nil)
			}
			done <- got
		}()
		got.answer, got.err = h.function.Invoke(ctx, call)
	}()
	select {
	case got := <-done:
		return got.answer, got.err
	case <-ctx.Done():
	}
	select {
	case got := <-done:
		return got.answer, got.err
	case <-time.After(lateGrace):
		left.Store(true)
		return Answer{}, fmt.Errorf("%w after %s: %w", errLeft, time.Since(started).Round(time.Second), context.Cause(ctx))
	}
}

// wireAnswer is the shape of every answer to the host. It is never empty and always JSON: after an
// empty 200 the host waits until functionTimeout and then kills the process.
type wireAnswer struct {
	Outputs     struct{} `json:"Outputs"`
	Logs        []string `json:"Logs"`
	ReturnValue *string  `json:"ReturnValue"` // always null: a string there might be taken for base64
}

func writeAnswer(w http.ResponseWriter, status int, logs ...string) {
	answer := wireAnswer{Logs: make([]string, len(logs))}
	for i, line := range logs {
		answer.Logs[i] = shorten(line, 1000)
	}
	body, err := json.Marshal(answer)
	if err != nil { // strings always marshal; were it otherwise, the host must still get its object
		status, body = http.StatusInternalServerError, []byte(`{"Outputs":{},"Logs":["answer not encodable"],"ReturnValue":null}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // if the host is gone there is nobody left to tell
}

// headerWord returns a header's value if it is a plain word of sensible length: it goes into logs,
// and on proxied requests the public can send it.
func headerWord(r *http.Request, name string) string {
	value := r.Header.Get(name)
	if len(value) > 64 || !plainWord(value, "-_") {
		return ""
	}
	return value
}

// traceID takes the trace id out of a W3C traceparent header, 00-<32 hex>-<16 hex>-<2 hex>.
func traceID(r *http.Request) string {
	parts := strings.Split(headerWord(r, "Traceparent"), "-")
	if len(parts) != 4 || len(parts[1]) != 32 {
		return ""
	}
	return parts[1]
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + " …"
}
