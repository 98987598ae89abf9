package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	khttp "github.com/microsoft/kiota-http-go"
)

// doorkeeper signs requests to Graph, and lets none out to another host. Kiota would send such a
// request without a credential and without a word, so that a wrong address (of another cloud, or in
// a link to a next page) would look like a permission that is missing.
type doorkeeper struct {
	scheme, host string
	signer       authentication.AuthenticationProvider // nil: nothing is signed
}

var errUnlistedHost = errors.New("not the host of the Graph endpoint, so nothing was sent there")

// AuthenticateRequest implements Kiota's AuthenticationProvider.
func (d doorkeeper) AuthenticateRequest(ctx context.Context, request *abstractions.RequestInformation, extra map[string]any) error {
	target, err := request.GetUri()
	if err != nil {
		return fmt.Errorf("work out an address of Graph: %w", err)
	}
	if target.Scheme != d.scheme || !strings.EqualFold(target.Host, d.host) {
		return fmt.Errorf("%.100q is %w", target.Scheme+"://"+target.Host, errUnlistedHost)
	}
	if d.signer == nil {
		return nil
	}
	if err := d.signer.AuthenticateRequest(ctx, request, extra); err != nil {
		return fmt.Errorf("get a token for Graph: %w", err)
	}
	return nil
}

const (
	mostAnswer  = 32 << 20 // bytes of one page; Graph's are below 4 MiB
	mostRetries = 10       // Kiota's own limit
)

// retries makes Kiota's retry handler wait as long as Graph asks, but never so long that the other
// sections starve: by itself it would wait for a day if Retry-After says so.
func retries(patience time.Duration) khttp.RetryHandlerOptions {
	longest := wholePatience(patience)
	return khttp.RetryHandlerOptions{
		MaxRetries: mostRetries, DelaySeconds: 2,
		ShouldRetry: func(waited time.Duration, _ int, request *http.Request, answer *http.Response) bool {
			left := longest - waited
			if deadline, limited := request.Context().Deadline(); limited {
				left = min(left, time.Until(deadline))
			}
			wait := retryAfter(answer.Header)
			if wait <= 0 { // Kiota doubles its waits then: 2 s, 4 s, 8 s, … and up to a second more each
				wait = waited + 3*time.Second
			}
			return wait < left
		},
	}
}

// wholePatience is how long a call may take with all its retries.
func wholePatience(patience time.Duration) time.Duration { return 5 * patience }

func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return time.Until(at)
	}
	return 0
}

// guard is the last station before the network. It counts requests, limits how long and how large
// an answer may be, refuses redirects, and reads the answer whole, so that one which is cut off or
// is no JSON never looks like one that is empty.
type guard struct{ collector *Collector }

// Intercept implements Kiota's Middleware.
func (g guard) Intercept(pipeline khttp.Pipeline, index int, request *http.Request) (*http.Response, error) {
	g.collector.calls.Add(1)
	ctx, cancel := context.WithTimeout(request.Context(), g.collector.options.Patience)
	defer cancel()
	answer, err := pipeline.Next(request.WithContext(ctx), index)
	if err != nil {
		return nil, g.late(request.Context(), ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	if closing := answer.Body.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", g.late(request.Context(), ctx, err))
	case len(body) > mostAnswer:
		return nil, fmt.Errorf("the answer is larger than %d MiB", mostAnswer>>20)
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return nil, fmt.Errorf("it is redirected with HTTP %d, which Graph never does", answer.StatusCode)
	case answer.StatusCode >= 400 && !isJSON(answer, body):
		// Kiota would tell of the body and forget the status.
		body = []byte(`{"error":{"code":"","message":"the body is no JSON"}}`)
		answer.Header.Set("Content-Type", "application/json")
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, nil
}

// late says in words that an answer took too long, unless the run as a whole has ended.
func (g guard) late(run, call context.Context, err error) error {
	if run.Err() == nil && errors.Is(call.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", g.collector.options.Patience)
	}
	return err
}

func isJSON(answer *http.Response, body []byte) bool {
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return err == nil && kind == "application/json" && json.Valid(body)
}
