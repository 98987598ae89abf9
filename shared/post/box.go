// Package post delivers a message to one secret web address and says plainly how that went.
package post

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/outside"
)

// patience bounds one attempt whose caller gave no deadline, or a later one.
const patience = 10 * time.Second

// Options describe a Box. URL is required.
type Options struct {
	URL     string           // https, or http on this machine; kept byte for byte, since the signature is in it
	Setting string           // name of the setting that holds URL, for error texts
	Client  *http.Client     // nil: one with the standard transport
	Now     func() time.Time // nil: time.Now; dates a Retry-After that is a point in time
}

// Box is one address that takes messages. It is safe for concurrent use. The address is a secret:
// neither the errors of a Box nor printing it, in whatever format, shows any part of it.
type Box struct {
	// request hides the address from fmt, which prints the fields of a struct but no closure.
	request func(ctx context.Context, body []byte) (*http.Request, error)
	client  *http.Client
	setting string
	now     func() time.Time
}

// New makes a Box. An address that cannot be used is not an error here: every Post says so, so
// that one wrong setting costs one channel and not the program.
func New(o Options) *Box {
	client := http.Client{}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b := &Box{client: &client, setting: cmp.Or(o.Setting, "the address"), now: o.Now}
	if b.now == nil {
		b.now = time.Now
	}
	address, usable := o.URL, outside.Secure(o.URL)
	b.request = func(ctx context.Context, body []byte) (*http.Request, error) {
		if !usable {
			return nil, &alert.Refusal{Reason: b.setting + " is not an https address: set it to the whole address of the webhook"}
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil { // its text would hold the address
			return nil, &alert.Refusal{Reason: b.setting + " is not a usable address"}
		}
		return r, nil
	}
	return b
}

// Post makes one attempt to deliver body with the given header, for 10 seconds at most. It follows
// no redirect and reads nothing of the answer but its head, so that neither a hanging nor an
// endless body costs anything, and no text of the other side gets into an error.
//
// 2xx is success. 4xx except 408 and 429 is an *alert.Refusal; 429 and 503 with a Retry-After are an
// *alert.Later bounded to a minute; everything else, redirects included, is worth another try. The
// status is 0 if there was no answer. A deadline that passed can be told by errors.Is.
func (b *Box) Post(ctx context.Context, body []byte, header http.Header) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := b.request(ctx, body)
	if err != nil {
		return 0, err
	}
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	answer, err := b.client.Do(r)
	if err != nil {
		return 0, unanswered(ctx, err)
	}
	// The answer was judged by its head; an error in the rest of it changes nothing.
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode, b.judge(answer.StatusCode, answer.Header.Get("Retry-After"))
}

func (b *Box) judge(status int, retryAfter string) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if after, ok := wait(retryAfter, b.now()); ok {
			return &alert.Later{After: after, Status: status, Reason: "the channel asked to wait"}
		}
	case status >= 300 && status < 400:
		return fmt.Errorf("status %d: the channel answered with a redirect, which is not followed; if this goes on, set %s to the new address", status, b.setting)
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return &alert.Refusal{Status: status, Reason: b.advice(status)}
	}
	return fmt.Errorf("status %d: the channel could not take the message", status)
}

func (b *Box) advice(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the channel does not accept our signature or key; renew " + b.setting + " or its secret"
	case http.StatusNotFound, http.StatusGone:
		return "the channel is gone; make a new webhook and renew " + b.setting
	case http.StatusRequestEntityTooLarge:
		return "the message is too large for the channel"
	default:
		return "the channel does not take this message; check that " + b.setting + " is the address of a webhook of the configured kind"
	}
}

// String prints nothing of the address.
func (b *Box) String() string { return "the address in " + b.setting }

// GoString prints nothing of the address.
func (b *Box) GoString() string { return b.String() }

// LogValue prints nothing of the address.
func (b *Box) LogValue() slog.Value { return slog.StringValue(b.String()) }
