// Package teams shows messages in a Microsoft Teams channel.
package teams

import (
	"context"
	"net/http"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/post"
)

// Options describe a Channel. URL is required.
type Options struct {
	URL    string           // TEAMS_WEBHOOK_URL, a secret: the signature that permits posting is in its query
	Client *http.Client     // nil: one with the standard transport; its redirect policy is not used
	Now    func() time.Time // nil: time.Now
}

// Channel is a Teams channel behind a Power Automate workflow ("When a Teams webhook request is
// received"). It is safe for concurrent use, and nothing of it shows the webhook's address.
type Channel struct{ box *post.Box }

var _ alert.Sender = (*Channel)(nil)

// New makes a Channel. If the address is not an https one (or http on this machine), every Send
// is refused and says so.
func New(o Options) *Channel {
	return &Channel{box: post.New(post.Options{URL: o.URL, Setting: "TEAMS_WEBHOOK_URL", Client: o.Client, Now: o.Now})}
}

// Name returns "teams".
func (c *Channel) Name() string { return "teams" }

// Send posts the Card of m once, with the deadline of ctx and at most 10 seconds. Status 202 means
// that the workflow has queued the card: nobody has read it yet. Errors are those of post.Box.
func (c *Channel) Send(ctx context.Context, m alert.Message) (status int, err error) {
	return c.box.Post(ctx, Card(m), http.Header{"Content-Type": {"application/json"}})
}
