// Package teamspage stands in for a Teams channel, and for the alerting channel outside Microsoft 365, and shows on one page what they were sent.
package teamspage

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Paths of the page. The webhook's has the form of a Workflows address; its query is a secret.
const (
	teamsPath    = "/powerautomate/automations/direct/workflows/local/triggers/manual/paths/invoke"
	fallbackPath = "/fallback"
	pulsePath    = "/heartbeat"
)

// Options say how the page runs. The zero value is a page on a free port that does not render.
type Options struct {
	// Address to listen on, on loopback only; empty takes a free port of 127.0.0.1.
	Address string
	// Renderer is the script that renders cards, run by node as `render.mjs --serve`. Without one
	// the page shows cards as text, and says so.
	Renderer string
	// Stderr receives what the renderer complains about; nil discards it.
	Stderr io.Writer
	// Now is the clock for arrival times; nil is time.Now.
	Now func() time.Time
}

// Page is a running page. Its methods are safe for concurrent use.
type Page struct {
	now       func() time.Time
	base      string
	signature string // the query of the webhook's address
	secret    []byte // of the fallback channel
	server    *http.Server
	renderer  *renderer
	style     string
	running   sync.WaitGroup
	stopped   chan struct{}

	mu       sync.Mutex
	cards    []Card
	messages []Message
	beats    int // heartbeats taken
	lastBeat time.Time
	faults   map[Channel]Fault
	refused  map[Channel]int
	changed  chan struct{} // closed and replaced whenever something above changes
	pending  int           // cards that are still being rendered
}

// Card is one message that the Teams channel was sent.
type Card struct {
	Number    int // from 1, in order of arrival
	ArrivedAt time.Time
	Size      int       // bytes of the request body
	Body      []byte    // the request body
	Witnesses []Witness // the ledger entries that the card names as its own
	Problems  []string  // why Teams would not have shown it as it should be; filled once rendered
	Lost      bool      // taken, but the sender got no whole answer: it will come again
	HTML      string    // the card as the renderer draws it; empty until then
	Rendered  bool
}

// Start listens and serves until Stop. The context bounds the start only.
func Start(ctx context.Context, o Options) (*Page, error) {
	p := &Page{
		now: o.Now, signature: "api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=" + random(24), secret: randomBytes(32),
		faults: map[Channel]Fault{}, refused: map[Channel]int{}, changed: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	if p.now == nil {
		p.now = time.Now
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if host, _, err := net.SplitHostPort(o.Address); err != nil || !isLoopback(host) {
		return nil, fmt.Errorf("start the Teams page: %q is not an address on loopback, such as 127.0.0.1:8081", o.Address)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("start the Teams page: %w", err)
	}
	if o.Renderer != "" {
		if p.renderer, p.style, err = startRenderer(ctx, o.Renderer, o.Stderr); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	p.base = "http://" + listener.Addr().String()
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	p.running.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

func random(n int) string { return base64.RawURLEncoding.EncodeToString(randomBytes(n)) }

func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.show)
	mux.HandleFunc("GET "+pulsePath, p.takeHeartbeat)
	mux.HandleFunc("GET /cards.json", p.listCards)
	mux.HandleFunc("GET /messages.json", p.listMessages)
	mux.HandleFunc("GET /control/fault", p.controlFault)
	mux.HandleFunc("POST /control/fault", p.controlFault)
	mux.Handle(teamsPath, p.faulty(Teams, p.takeCard))
	mux.Handle(fallbackPath, p.faulty(Fallback, p.takeMessage))
	return mux
}

// URL is where people look at the page.
func (p *Page) URL() string { return p.base + "/" }

// WebhookURL is the value for TEAMS_WEBHOOK_URL. Its query is a secret, and a request without it
// is refused.
func (p *Page) WebhookURL() string { return p.base + teamsPath + "?" + p.signature }

// FallbackURL is the value for FALLBACK_WEBHOOK_URL.
func (p *Page) FallbackURL() string { return p.base + fallbackPath }

// FallbackSecret is the value for FALLBACK_WEBHOOK_SECRET: "whsec_" and base64 of 32 bytes.
func (p *Page) FallbackSecret() string {
	return "whsec_" + base64.StdEncoding.EncodeToString(p.secret)
}

// HeartbeatURL is the value for HEARTBEAT_URL: the dead-man's switch.
func (p *Page) HeartbeatURL() string { return p.base + pulsePath }

// Heartbeats counts the heartbeats so far.
func (p *Page) Heartbeats() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.beats
}

func (p *Page) takeHeartbeat(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats++
	p.lastBeat = p.now()
	p.announce()
	w.WriteHeader(http.StatusNoContent)
}

// Cards are the cards so far, in order of arrival.
func (p *Page) Cards() []Card {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.cards)
}

// Messages are what the fallback channel was sent so far, in order of arrival.
func (p *Page) Messages() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.messages)
}

// Refused counts the requests that the channel did not take because they were wrong, not because
// of a Fault.
func (p *Page) Refused(c Channel) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused[c]
}

// Wait returns when done says that it has seen enough, or with ctx's error. done is called with
// what has arrived so far, again whenever that changed.
func (p *Page) Wait(ctx context.Context, done func(cards []Card, messages []Message) bool) error {
	for {
		p.mu.Lock()
		cards, messages, changed := slices.Clone(p.cards), slices.Clone(p.messages), p.changed
		p.mu.Unlock()
		if done(cards, messages) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for the Teams page: %w", ctx.Err())
		}
	}
}

// Settle waits until every card that has arrived is rendered.
func (p *Page) Settle(ctx context.Context) error {
	return p.Wait(ctx, func([]Card, []Message) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.pending == 0
	})
}

// Stop closes every connection and ends the renderer. It must be called once.
func (p *Page) Stop() {
	close(p.stopped)
	_ = p.server.Close()
	if p.renderer != nil {
		p.renderer.stop()
	}
	p.running.Wait()
}

// announce must be called with mu held, after every change.
func (p *Page) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}
