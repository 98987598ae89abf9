package ordeal_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// trouble is one way in which Teams, or the network before it, fails while an account signs in.
type trouble struct {
	name    string
	fault   teamspage.Fault
	network toxin
	// What `alerts --json` must say of Teams once the batch is acknowledged, and how often the card
	// must have come at the end: once more where the answer that it was taken was lost.
	state  string
	status int
	cards  int
}

// asked is how long Teams asks to be left alone.
const asked = 7 * time.Second

var troubles = []trouble{
	{name: "well", fault: teamspage.Fault{Mode: teamspage.Well}, state: "delivered", status: 202, cards: 1},
	{name: "throttled", fault: teamspage.Fault{Mode: teamspage.Throttled, RetryAfter: asked}, state: "owed", status: 429, cards: 1},
	{name: "broken", fault: teamspage.Fault{Mode: teamspage.Broken}, state: "owed", status: 500, cards: 1},
	{name: "gone", fault: teamspage.Fault{Mode: teamspage.Gone}, state: "refused", status: 404, cards: 0},
	{name: "reset", fault: teamspage.Fault{Mode: teamspage.Reset}, state: "owed", cards: 1},
	{name: "lost", fault: teamspage.Fault{Mode: teamspage.Lost}, state: "owed", cards: 2},
	{name: "hang", fault: teamspage.Fault{Mode: teamspage.Hang}, state: "owed", cards: 1},
	{name: "half", fault: teamspage.Fault{Mode: teamspage.Half}, state: "owed", cards: 2},
	{name: "latency", network: delays, state: "delivered", status: 202, cards: 1},
	{name: "connection reset in the middle", network: resets, state: "owed", cards: 1},
	{name: "slow answer and slow close", network: drips, state: "delivered", status: 202, cards: 1},
}

// TestTroubledTeams lets an account sign in while Teams is in each kind of trouble: the batch is
// acknowledged, the alert is on the fallback at once, and Teams gets it when it has recovered.
func TestTroubledTeams(t *testing.T) {
	s := newStand(t, seedOf(t))
	network := s.intervene()
	people := make([]sample.Person, len(troubles))
	for n := range troubles {
		people[n] = s.sample.Tenant.BreakGlass[0]
		people[n].ID, people[n].UPN = s.sample.GUID(), fmt.Sprintf("bg-%d@%s", n, s.sample.Tenant.Domain)
		s.settings["BREAK_GLASS_ACCOUNTS"] += "," + people[n].ID + "=" + people[n].UPN
	}
	s.startHost(nil)
	for n, trouble := range troubles {
		network.become(trouble.network)
		s.page.SetFault(teamspage.Teams, trouble.fault)
		s.endure(trouble, people[n])
	}
	network.become(healthy)
	s.page.SetFault(teamspage.Teams, teamspage.Fault{})
	begun := time.Now()
	s.sweep(2 * time.Minute)
	t.Logf("everything owed was delivered %s after the recovery", time.Since(begun).Round(time.Second))
	for n, trouble := range troubles {
		s.recovered(trouble, "account-"+people[n].ID)
	}
	s.whole()
	s.quiet()
}

// endure lets the account sign in during the trouble.
func (s *stand) endure(trouble trouble, who sample.Person) {
	s.t.Helper()
	stream := "account-" + who.ID
	begun := time.Now()
	s.send("0", sample.Message(s.sample.SignIn(sample.SignIn{Who: who, At: time.Now().Add(-time.Minute), Policies: 5})))
	s.arrive(7*time.Second, trouble.name+": the message on the fallback", func(_ []teamspage.Card, messages []teamspage.Message) bool {
		return slices.ContainsFunc(messages, func(m teamspage.Message) bool { return about(m.Witnesses, stream) })
	})
	told := time.Since(begun)
	s.idle(15 * time.Second)
	s.t.Logf("%s: on the fallback after %s, acknowledged after %s", trouble.name, told.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
	alert := s.alertOf(stream)
	teams, fallback := channelOf(alert, "teams"), channelOf(alert, "fallback")
	if fallback["state"] != "delivered" {
		s.t.Errorf("%s: the fallback has %v", trouble.name, fallback)
	}
	status, _ := teams["status"].(float64)
	if teams["state"] != trouble.state || int(status) != trouble.status || teams["attempts"] != 1.0 {
		s.t.Errorf("%s: Teams has %v; want %s after one attempt, status %d", trouble.name, teams, trouble.state, trouble.status)
	}
	if trouble.fault.RetryAfter == 0 {
		return
	}
	text, _ := teams["notBefore"].(string)
	notBefore, err := time.Parse(time.RFC3339Nano, text)
	if wait := notBefore.Sub(begun); err != nil || wait < asked || wait > asked+told+2*time.Second {
		s.t.Errorf("%s: is tried again at %q, %s after the sign-in, although Teams asked for %s", trouble.name, text, wait, asked)
	}
}

// recovered holds the deliveries on Teams to their number after all is well again.
func (s *stand) recovered(trouble trouble, stream string) {
	s.t.Helper()
	whole, lost := 0, 0
	for _, c := range s.page.Cards() {
		switch {
		case !about(c.Witnesses, stream):
		case c.Lost:
			lost++
		default:
			whole++
		}
	}
	if whole+lost != trouble.cards || trouble.cards > 0 && whole != 1 {
		s.t.Errorf("%s: %d cards came, and %d whose answer was lost; want %d in all", trouble.name, whole, lost, trouble.cards)
	}
	messages := 0
	for _, m := range s.page.Messages() {
		if about(m.Witnesses, stream) {
			messages++
		}
	}
	if messages != 1 {
		s.t.Errorf("%s: %d messages on the fallback, want one", trouble.name, messages)
	}
	alert := s.alertOf(stream)
	teams := channelOf(alert, "teams")
	want := "delivered"
	if trouble.state == "refused" {
		want = "refused"
		if said, _ := teams["error"].(string); !strings.Contains(said, "the channel is gone") || teams["attempts"] != 1.0 {
			s.t.Errorf("%s: Teams was tried %v times, and the status says %q; want once and that the channel is gone", trouble.name, teams["attempts"], said)
		}
	}
	if teams["state"] != want || alert["state"] != "delivered" {
		s.t.Errorf("%s: in the end the alert is %v and Teams has %v", trouble.name, alert["state"], teams)
	}
}

func about(witnesses []teamspage.Witness, stream string) bool {
	return slices.ContainsFunc(witnesses, func(w teamspage.Witness) bool { return w.Stream == stream })
}

// alertOf is the only alert of a stream.
func (s *stand) alertOf(stream string) map[string]any {
	s.t.Helper()
	alerts := slices.DeleteFunc(s.lines("alerts"), func(a map[string]any) bool { return a["stream"] != stream })
	if len(alerts) != 1 {
		s.t.Fatalf("%d alerts in stream %s, want one", len(alerts), stream)
	}
	return alerts[0]
}

func channelOf(alert map[string]any, name string) map[string]any {
	channels, _ := alert["channels"].([]any)
	for _, c := range channels {
		if channel, ok := c.(map[string]any); ok && channel["name"] == name {
			return channel
		}
	}
	return nil
}

// toxin is what the network does to what passes through it.
type toxin int

const (
	healthy toxin = iota
	delays        // everything by most of a second, both ways
	resets        // after the first bytes of a request
	drips         // the answer comes byte by byte, and the connection closes late
)

// network stands between the program and Teams.
type network struct {
	listener net.Listener
	behind   string

	lock sync.Mutex
	now  toxin
	open []net.Conn
}

// intervene puts a network in front of Teams.
func (s *stand) intervene() *network {
	s.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	before, rest, _ := strings.Cut(strings.TrimPrefix(s.page.WebhookURL(), "http://"), "/")
	n := &network{listener: l, behind: before}
	s.settings["TEAMS_WEBHOOK_URL"] = "http://" + l.Addr().String() + "/" + rest
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { n.carry(context.WithoutCancel(s.t.Context()), client) })
		}
	})
	s.t.Cleanup(func() {
		_ = l.Close()
		n.become(healthy)
		carrying.Wait()
	})
	return n
}

// become changes the network, and ends what is connected: a trouble begins with its own connection.
func (n *network) become(t toxin) {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.now = t
	for _, c := range n.open {
		_ = c.Close()
	}
	n.open = nil
}

func (n *network) carry(ctx context.Context, client net.Conn) {
	teams, err := (&net.Dialer{}).DialContext(ctx, "tcp4", n.behind)
	if err != nil {
		_ = client.Close()
		return
	}
	n.lock.Lock()
	t := n.now
	n.open = append(n.open, client, teams)
	n.lock.Unlock()
	var both sync.WaitGroup
	both.Go(func() {
		t.pass(client, teams, true)
		_ = teams.Close()
	})
	both.Go(func() {
		t.pass(teams, client, false)
		if t == drips {
			time.Sleep(time.Second)
		}
		_ = client.Close()
	})
	both.Wait()
}

// pass carries one direction until it ends.
func (t toxin) pass(from, to net.Conn, request bool) {
	buffer := make([]byte, 4096)
	for {
		got, err := from.Read(buffer)
		if err != nil {
			return
		}
		step := got
		switch {
		case t == delays:
			time.Sleep(700 * time.Millisecond)
		case t == resets && request:
			_, _ = to.Write(buffer[:min(got, 100)])
			if tcp, ok := from.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a reset instead of a goodbye
			}
			_ = from.Close()
			return
		case t == drips && !request:
			step = 1
		}
		for piece := range slices.Chunk(buffer[:got], step) {
			if _, err := to.Write(piece); err != nil {
				return
			}
			if step == 1 {
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
}
