package funchost

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

const hostVersion = "4.1054.250.26428"

// Answer is what a handler answered to a call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// invoke is one invocation with its retries: the same id for every try, waits in between, and keep
// asked whether the work is still ours. It reports whether the invocation came to an end, in success
// or in final failure; otherwise it was abandoned and counts for nothing.
func (in *instance) invoke(ctx context.Context, fn *function, encode func(attempt) ([]byte, error), keep func() bool) (ended bool, err error) {
	id := newID()
	var last error
	for failures := 0; ; {
		try := attempt{number: failures, last: last, now: time.Now(), random: newID()}
		body, err := encode(try)
		if err == nil {
			err = in.call(ctx, fn, id, body)
		}
		if ctx.Err() != nil || !keep() {
			return false, err
		}
		if err == nil {
			return true, nil
		}
		failures, last = failures+1, err
		in.counters.function(fn.name, func(s *FunctionStats) { s.Failures, s.LastFailure = s.Failures+1, err.Error() })
		if !fn.retry.again(failures) {
			in.out.say("host", "%s: invocation %s failed: %v", fn.name, id, err)
			return true, err
		}
		wait := fn.retry.delay(failures)
		in.out.say("host", "%s: invocation %s failed: %v; try %d follows in %s", fn.name, id, err, failures+1, wait/time.Duration(in.divisor))
		if !in.pause(ctx, wait) || !keep() {
			return false, err
		}
		in.counters.function(fn.name, func(s *FunctionStats) { s.Retries++ })
	}
}

// call is one try: the request, and the host's judgement of the answer.
func (in *instance) call(ctx context.Context, fn *function, id string, body []byte) error {
	limit := in.limit()
	defer limit.stop()
	answer, err := in.post(context.WithoutCancel(ctx), ctx, fn, id, body) // the host never cancels the request itself
	if limit.passed() {
		return fmt.Errorf("timeout value of %s was exceeded by function %s; the handler was killed", in.app.functionTimeout, fn.name)
	}
	if err != nil {
		return err
	}
	if answer.Status < 200 || answer.Status > 299 {
		return fmt.Errorf("response status code does not indicate success: %d (%s)", answer.Status, http.StatusText(answer.Status))
	}
	if content := bytes.TrimSpace(answer.Body); len(content) == 0 || string(content) == "null" {
		in.out.say("host", "%s: status %d with an empty body: the invocation hangs until functionTimeout", fn.name, answer.Status)
		select {
		case <-limit.over:
			return fmt.Errorf("timeout value of %s was exceeded by function %s; the answer had no body", in.app.functionTimeout, fn.name)
		case <-ctx.Done():
			return fmt.Errorf("wait for an answer with a body: %w", ctx.Err())
		}
	}
	return in.accept(fn, answer)
}

// accept checks an answer with status 2xx and a body, and passes its Logs on.
func (in *instance) accept(fn *function, answer Answer) error {
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || (media != "application/json" && media != "text/json") {
		return fmt.Errorf("no MediaTypeFormatter is available to read content with media type %q", answer.Header.Get("Content-Type"))
	}
	var result struct {
		Outputs     map[string]json.RawMessage
		Logs        []string
		ReturnValue json.RawMessage
	}
	if err := json.Unmarshal(answer.Body, &result); err != nil {
		return fmt.Errorf("read the handler's answer: %w", err)
	}
	for _, entry := range result.Logs {
		in.out.say(fn.name+" log", "%s", entry)
	}
	return nil
}

// post sends one request to the handler once it is ready. The wait ends with waiting, the request
// itself with sending or with the process.
func (in *instance) post(sending, waiting context.Context, fn *function, id string, body []byte) (Answer, error) {
	in.counters.function(fn.name, func(s *FunctionStats) { s.Invocations++ })
	p, err := in.await(waiting)
	if err != nil {
		return Answer{}, err
	}
	// A reader of unknown length: the host's client does not know the length either and sends chunks.
	unsized := struct{ io.Reader }{bytes.NewReader(body)}
	request, err := http.NewRequestWithContext(sending, http.MethodPost, p.base.String()+"/"+fn.name, unsized)
	if err != nil {
		return Answer{}, fmt.Errorf("build the invocation: %w", err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Azure-Functions-Host/"+hostVersion)
	setHostHeaders(request.Header, id)
	response, err := p.client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("call the handler: %w", withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read the handler's answer: %w", err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: content}, nil
}

func setHostHeaders(header http.Header, id string) {
	header.Set("X-Azure-Functions-HostVersion", hostVersion)
	header.Set("X-Azure-Functions-InvocationId", id)
	var trace [24]byte
	_, _ = rand.Read(trace[:]) // never fails
	header.Set("traceparent", "00-"+hex.EncodeToString(trace[:16])+"-"+hex.EncodeToString(trace[16:])+"-01")
}

// withoutURL takes off what http.Client adds: who calls what is said already.
func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// timeLimit is functionTimeout running: when it is over, the process that then runs is killed.
type timeLimit struct {
	over  chan struct{}
	timer *time.Timer
}

func (in *instance) limit() *timeLimit {
	limit := &timeLimit{over: make(chan struct{})}
	if in.app.functionTimeout > 0 {
		limit.timer = time.AfterFunc(in.app.functionTimeout, func() {
			close(limit.over)
			in.killForTimeout()
		})
	}
	return limit
}

func (l *timeLimit) passed() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}

func (l *timeLimit) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// newID is a random GUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
