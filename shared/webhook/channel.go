// Package webhook tells a system outside Microsoft 365 what happened, as signed events or pages.
//
// # CloudEvents
//
// With FormatCloudEvents each message is one POST of a CloudEvents 1.0 event in structured JSON
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md):
//
//	specversion      "1.0"
//	id               the same over all tries of one message; equal to the header webhook-id
//	source           Options.Instance, as a relative URI reference
//	type             "glasswatch.<kind>.<severity>"; kind is alert, summary, escalation, notice or
//	                 digest; severity is info, medium, high or critical
//	subject          label of the account, "tenant" if it is not about one
//	time             RFC 3339, UTC: when it happened, if that is known, else when it was sent
//	datacontenttype  "application/json"
//	data             see below
//
// The request is signed as Standard Webhooks describe
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md), by
// the headers webhook-id, webhook-timestamp and webhook-signature ("v1," and the base64 of the
// HMAC-SHA256 of "id.timestamp.body"). Without a usable secret it goes out unsigned, because an
// alert that a receiver may refuse is better than none.
//
// data has the fields of Data. Fields may be added, never renamed; what is absent is null, lists
// never are. All texts are single lines without control characters, but otherwise as a log record
// had them: a receiver escapes them for its own medium.
//
// # PagerDuty
//
// With FormatPagerDuty each message is one event of the PagerDuty Events API v2
// (https://developer.pagerduty.com/docs/send-alert-event). The dedup_key is the incident's id, so that all
// messages of an incident are one alert there. Messages trigger, except a notice that the incident
// was acknowledged or closed, which acknowledges or resolves. custom_details is data.
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/post"
)

// Format says what the receiver understands.
type Format string

// The formats, as FALLBACK_WEBHOOK_FORMAT names them.
const (
	FormatCloudEvents Format = "cloudevents"
	FormatPagerDuty   Format = "pagerduty"
)

// Options describe a Channel. URL is required, and for PagerDuty Secret.
type Options struct {
	URL      string // FALLBACK_WEBHOOK_URL, a secret
	Format   Format // anything but FormatPagerDuty is taken as FormatCloudEvents
	Secret   string // the key in base64, with or without "whsec_"; or PagerDuty's routing key
	Instance string // INSTANCE_NAME; "glasswatch" if empty

	Client *http.Client     // nil: one with the standard transport; its redirect policy is not used
	Now    func() time.Time // nil: time.Now
}

// Channel is the fallback channel. It is safe for concurrent use, and nothing of it shows the
// address or the secret.
type Channel struct {
	box *post.Box
	// letter hides the secret from fmt, which prints the fields of a struct but no closure.
	letter func(alert.Message) (body []byte, header http.Header, err error)
}

var _ alert.Sender = (*Channel)(nil)

// New makes a Channel. If the address is not an https one (or http on this machine), every Send
// is refused and says so.
func New(o Options) *Channel {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Instance = cmp.Or(o.Instance, "glasswatch")
	c := &Channel{box: post.New(post.Options{URL: o.URL, Setting: "FALLBACK_WEBHOOK_URL", Client: o.Client, Now: o.Now})}
	if o.Format == FormatPagerDuty {
		c.letter = func(m alert.Message) ([]byte, http.Header, error) {
			return encode(page(m, strings.TrimSpace(o.Secret), o.Instance, o.Now()), http.Header{"Content-Type": {"application/json"}})
		}
		return c
	}
	key := keyOf(o.Secret)
	c.letter = func(m alert.Message) ([]byte, http.Header, error) {
		now := o.Now()
		body, header, err := encode(cloudEvent(m, o.Instance, now), http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}})
		if err == nil {
			sign(header, key, eventID(m), now, body)
		}
		return body, header, err
	}
	return c
}

// Name returns "fallback".
func (c *Channel) Name() string { return "fallback" }

// Send posts m once, with the deadline of ctx and at most 10 seconds. Errors are those of post.Box.
func (c *Channel) Send(ctx context.Context, m alert.Message) (status int, err error) {
	body, header, err := c.letter(m)
	if err != nil {
		return 0, err
	}
	return c.box.Post(ctx, body, header)
}

func encode[T any](letter T, header http.Header) ([]byte, http.Header, error) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false) // "<" would cost six bytes
	if err := e.Encode(letter); err != nil {
		return nil, nil, &alert.Refusal{Reason: fmt.Sprintf("encode the message: %v", err)}
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), header, nil
}

// keyOf decodes a signing secret; nil means that nothing can be signed with it.
func keyOf(secret string) []byte {
	text := strings.TrimRight(strings.TrimPrefix(strings.TrimSpace(secret), "whsec_"), "=")
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil
	}
	return key
}
