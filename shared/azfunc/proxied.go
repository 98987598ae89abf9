package azfunc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// largestRequest bounds the body of a request of the public. Forms and small JSON are all that the
// HTTP functions take.
const largestRequest = 1 << 20

// proxied serves requests that the host passes on as they came.
type proxied struct {
	function Function
	log      *slog.Logger
}

func (p *proxied) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), p.function.deadline())
	defer cancel()
	inner := r.WithContext(ctx)
	inner.Body = http.MaxBytesReader(w, r.Body, largestRequest)
	watched := &watchedWriter{ResponseWriter: w}
	defer func() {
		recovered := recover()
		if recovered == nil {
			return
		}
		if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
		// The URL stays out of the log: its query holds function keys and link tokens.
		p.log.Error("function panicked", "invocationId", headerWord(r, "X-Azure-Functions-InvocationId"),
			"panic", fmt.Sprint(recovered), "stack", string(debug.Stack()))
		if watched.started {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		clear(w.Header())
		writePlain(w, http.StatusInternalServerError, "Something went wrong here; it has been logged.")
	}()
	p.function.Handler.ServeHTTP(watched, inner)
}

// watchedWriter remembers whether an answer has begun. http.ResponseController finds the real
// writer through Unwrap, so that streaming functions can flush.
type watchedWriter struct {
	http.ResponseWriter
	started bool
}

func (w *watchedWriter) WriteHeader(status int) {
	w.started = w.started || status >= http.StatusOK
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

func (w *watchedWriter) FlushError() error {
	w.started = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func writePlain(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(sentence + "\n")) // if the reader is gone there is nobody left to tell
}
