//go:build unix

package trial_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// toxic says what a network does to connections.
type toxic struct {
	latency time.Duration // before each piece of up to 4 KiB is passed on, in both directions
	reset   int64         // each connection is reset after a random number of bytes up to this; 0: none is
	linger  time.Duration // how long the end of one side is kept from the other
}

// network stands between a client and a server and passes bytes on, badly.
type network struct {
	toxic
	listener net.Listener
	target   string
	resets   atomic.Int64
	opened   atomic.Int64

	lock  sync.Mutex
	dice  *rand.Rand
	conns map[net.Conn]bool
	work  sync.WaitGroup
}

// between puts a bad network in front of an address; it ends with the test.
func between(t *testing.T, target string, x toxic) *network {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{toxic: x, listener: listener, target: target, dice: rand.New(rand.NewPCG(shared.seed, 3)), conns: map[net.Conn]bool{}}
	n.work.Go(n.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		n.lock.Lock()
		for c := range n.conns {
			_ = c.Close()
		}
		n.lock.Unlock()
		n.work.Wait()
	})
	return n
}

func (n *network) address() string { return n.listener.Addr().String() }

// through leads an address, or a connection string that holds one, over the network.
func (n *network) through(s string) string { return strings.ReplaceAll(s, n.target, n.address()) }

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address cannot be read")
	}
	return u.Host
}

func (n *network) accept() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.work.Go(func() { n.carry(client) })
	}
}

func (n *network) carry(client net.Conn) {
	n.opened.Add(1)
	server, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(context.Background(), "tcp4", n.target)
	if err != nil {
		_ = client.Close()
		return
	}
	n.lock.Lock()
	n.conns[client], n.conns[server] = true, true
	budget := int64(1 << 62)
	if n.reset > 0 {
		budget = n.dice.Int64N(n.reset)
	}
	n.lock.Unlock()
	var left atomic.Int64
	left.Store(budget)
	var both sync.WaitGroup
	both.Go(func() { n.pass(client, server, &left) })
	both.Go(func() { n.pass(server, client, &left) })
	both.Wait()
	_, _ = client.Close(), server.Close()
	n.lock.Lock()
	defer n.lock.Unlock()
	delete(n.conns, client)
	delete(n.conns, server)
}

// pass copies one direction until an end, or until the connection's budget of bytes is used up.
func (n *network) pass(to, from net.Conn, left *atomic.Int64) {
	piece := make([]byte, 4<<10)
	for {
		size, err := from.Read(piece)
		if size > 0 {
			time.Sleep(n.latency)
			if left.Add(-int64(size)) < 0 {
				n.resets.Add(1)
				sever(to)
				sever(from)
				return
			}
			if _, err := to.Write(piece[:size]); err != nil {
				return
			}
		}
		if err != nil {
			time.Sleep(n.linger)
			if tcp, ok := to.(*net.TCPConn); ok && errors.Is(err, io.EOF) {
				_ = tcp.CloseWrite()
			}
			return
		}
	}
}

// sever resets a connection instead of closing it.
func sever(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// A bad network to storage and to the channels loses nothing, and records nothing twice.
func TestToxicNetwork(t *testing.T) {
	t.Parallel() // half of it is waiting
	cases := []struct {
		name     string
		storage  toxic
		channels toxic
	}{
		{"slow", toxic{latency: 15 * time.Millisecond}, toxic{latency: 150 * time.Millisecond, linger: 2 * time.Second}},
		{"resets of storage alone", toxic{reset: 120 << 10}, toxic{}},
		{"resets", toxic{reset: 200 << 10}, toxic{reset: 40 << 10, linger: time.Second}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := between(t, hostOf(t, shared.emulator.Endpoint()), c.storage)
			var channels *network
			s := start(t, options{adjust: func(s *stack) {
				channels = between(t, hostOf(t, s.page.WebhookURL()), c.channels)
				s.operator = map[string]string{"EVIDENCE_TABLES": s.settings["EVIDENCE_TABLES"]} // his way to storage is a good one
				s.settings["EVIDENCE_TABLES"] = store.through(s.settings["EVIDENCE_TABLES"])
				for _, name := range []string{"TEAMS_WEBHOOK_URL", "FALLBACK_WEBHOOK_URL"} {
					s.settings[name] = channels.through(s.settings[name])
				}
			}})
			began := time.Now()
			o := s.trouble(60)
			for n, message := range o.messages {
				s.send([]string{"0", "1", "2", "3"}[n%partitions], message)
				time.Sleep(20 * time.Millisecond)
			}
			s.handled(2 * time.Minute)
			took := time.Since(began)
			if c.channels == (toxic{}) {
				s.toldOnce() // what was recorded although the answer was lost is told at once all the same
			}
			s.settle(3 * time.Minute)
			t.Logf("handled in %s; to storage %d connections, %d reset; to the channels %d, %d reset; %d failed calls of watchlogs",
				took.Round(time.Millisecond), store.opened.Load(), store.resets.Load(), channels.opened.Load(), channels.resets.Load(),
				s.host.Stats().Functions["watchlogs"].Failures)
			if c.storage.reset > 0 && store.resets.Load() == 0 || c.channels.reset > 0 && channels.resets.Load() == 0 {
				t.Error("nothing was reset: the network was not bad")
			}
			s.recorded(o)
			s.toldAtLeastOnce()
			s.verify()
		})
	}
}
