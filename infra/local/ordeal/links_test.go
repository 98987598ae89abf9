package ordeal_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/teamspage"
	"glasswatch/shared/alert"
)

// TestLinks opens what the channels were really sent, through the host's public side.
func TestLinks(t *testing.T) {
	t.Run("a scanner that follows every link changes nothing", scannerChangesNothing)
	t.Run("a link that does not hold is refused without detail", brokenLinksAreRefused)
	t.Run("each channel's link quiets what it may", acknowledging)
	t.Run("closing needs the function key", closing)
}

// watched starts a stand on which two accounts have signed in, and says which incidents these are.
func watched(t *testing.T) (s *stand, first, second string) {
	t.Helper()
	s = newStand(t, seedOf(t))
	s.startHost(nil)
	for account := range 2 {
		body, _ := s.success(account)
		s.send("0", body)
	}
	s.idle(30 * time.Second)
	s.arrive(20*time.Second, "what was told", func(cards []teamspage.Card, messages []teamspage.Message) bool {
		return len(cards) >= 2 && len(messages) >= 2
	})
	incidents := s.lines("incidents")
	if len(incidents) != 2 {
		t.Fatalf("%d incidents, want 2: %v", len(incidents), incidents)
	}
	first, _ = incidents[0]["id"].(string)
	second, _ = incidents[1]["id"].(string)
	return s, first, second
}

// addresses are the links into the app in what a channel was sent.
func (s *stand) addresses(body []byte) []string {
	var found []string
	for d := json.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if err != nil {
			return found
		}
		if text, ok := token.(string); ok && strings.HasPrefix(text, s.host.URL()+"/") {
			found = append(found, text)
		}
	}
}

// links are all links into the app that a channel was sent.
func (s *stand) links(channel string) []string {
	var all []string
	if channel == alert.ChannelTeams {
		for _, c := range s.page.Cards() {
			all = append(all, s.addresses(c.Body)...)
		}
		return all
	}
	for _, m := range s.page.Messages() {
		all = append(all, s.addresses(m.Body)...)
	}
	return all
}

// link is the link to the incident that a channel was sent.
func (s *stand) link(incident, channel string) string {
	s.t.Helper()
	for _, l := range s.links(channel) {
		if strings.Contains(l, "/api/incidents/"+incident+"?") {
			return l
		}
	}
	s.t.Fatalf("%s was sent no link to incident %s", channel, incident)
	return ""
}

// page is what the app answered.
type page struct {
	status int
	header http.Header
	body   string
}

// ask makes one request; a body is sent as the kind of content that is named.
func (s *stand) ask(method, address, kind, body string, header http.Header) page {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{answer.StatusCode, answer.Header, string(content)}
}

const (
	asForm = "application/x-www-form-urlencoded"
	asJSON = "application/json"
)

// acknowledge sends the form of the incident page.
func (s *stand) acknowledge(link, name, sequence string, header http.Header) page {
	s.t.Helper()
	return s.ask(http.MethodPost, link, asForm, url.Values{"name": {name}, "sequence": {sequence}}.Encode(), header)
}

// shown is all that the verbs show, to compare before and after.
func (s *stand) shown() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for _, verb := range []string{"incidents", "alerts", "events", "verify"} {
		stdout, stderr, code := s.verb(verb, "--json")
		if code != 0 {
			s.t.Fatalf("%s exits %d: %s%s", verb, code, stdout, stderr)
		}
		all[verb] = stdout
	}
	return all
}

// incident is what `incidents --json` shows of one.
func (s *stand) incident(id string) map[string]any {
	s.t.Helper()
	for _, i := range s.lines("incidents") {
		if i["id"] == id {
			return i
		}
	}
	s.t.Fatalf("there is no incident %s", id)
	return nil
}

func scannerChangesNothing(t *testing.T) {
	s, first, second := watched(t)
	before, cards, messages := s.shown(), len(s.page.Cards()), len(s.page.Messages())
	links := slices.Concat(s.links(alert.ChannelTeams), s.links(alert.ChannelFallback))
	if len(links) < 4 {
		t.Fatalf("%d links, want one for each of two incidents on each of two channels: %v", len(links), links)
	}
	for _, link := range links {
		for range 2 {
			p := s.ask(http.MethodGet, link, "", "", nil)
			if p.status != http.StatusOK || !strings.Contains(p.body, first) && !strings.Contains(p.body, second) {
				t.Errorf("the page answers %d: %.300s", p.status, p.body)
			}
			for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'"} {
				if !strings.Contains(p.header.Get(name), want) {
					t.Errorf("%s is %q, want %s", name, p.header.Get(name), want)
				}
			}
			if strings.Contains(p.body, "token=") {
				t.Error("the page repeats its own link, which a copy of it would give away")
			}
		}
		for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete} {
			if p := s.ask(method, link, "", "", nil); p.status >= 500 {
				t.Errorf("%s answers %d", method, p.status)
			}
		}
	}
	if diff := cmp.Diff(before, s.shown()); diff != "" {
		t.Errorf("looking changed the ledger (-before +after):\n%s", diff)
	}
	if len(s.page.Cards()) != cards || len(s.page.Messages()) != messages {
		t.Error("looking told somebody something")
	}
	s.quiet()
}

func brokenLinksAreRefused(t *testing.T) {
	s, first, second := watched(t)
	good := s.link(first, alert.ChannelTeams)
	before := s.shown()
	changed := func(name, value string) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	own := alert.NewLinks(s.host.URL(), [][]byte{bytes.Repeat([]byte("k"), 32)})
	foreign := alert.NewLinks(s.host.URL(), [][]byte{bytes.Repeat([]byte("x"), 32)})
	if p := s.ask(http.MethodGet, own.URL(first, alert.ChannelTeams, time.Now()), "", "", nil); p.status != http.StatusOK {
		t.Fatalf("a good link of the test's own making answers %d: nothing below would mean anything", p.status)
	}
	want := ""
	for _, test := range []struct{ name, link string }{
		{"without any token", s.host.URL() + "/api/incidents/" + first},
		{"signed with another key", foreign.URL(first, alert.ChannelTeams, time.Now())},
		{"expired", own.URL(first, alert.ChannelTeams, time.Now().Add(-alert.LinkFor-time.Minute))},
		{"of another incident", strings.Replace(good, first, second, 1)},
		{"of another channel", changed("channel", alert.ChannelFallback)},
		{"with a later expiry", changed("expires", "4102444800")},
		{"with an empty token", changed("token", "")},
		{"with a token that is no token", changed("token", "%00<script>")},
		{"with the token twice", good + "&token=x"},
		{"with the token cut short", good[:len(good)-4]},
		{"well signed, of an incident that does not exist", own.URL(strings.TrimRight(first, "0123456789")+"999", alert.ChannelTeams, time.Now())},
		{"well signed, of a stream that does not exist", own.URL("account-00000000-0000-0000-0000-000000000001-1", alert.ChannelTeams, time.Now())},
		{"well signed, of something that is no incident", own.URL("nonsense", alert.ChannelTeams, time.Now())},
		{"forged, of an incident that does not exist", foreign.URL("account-00000000-0000-0000-0000-000000000001-1", alert.ChannelTeams, time.Now())},
	} {
		for _, p := range []page{
			s.ask(http.MethodGet, test.link, "", "", nil),
			s.acknowledge(test.link, "Mallory", "1", nil),
		} {
			if p.status != http.StatusForbidden {
				t.Errorf("%s: status %d, want 403", test.name, p.status)
			}
			if want == "" {
				want = p.body
			}
			if diff := cmp.Diff(want, p.body); diff != "" {
				t.Errorf("%s: the page tells apart what it must not (-first +this):\n%s", test.name, diff)
			}
		}
	}
	if diff := cmp.Diff(before, s.shown()); diff != "" {
		t.Errorf("refused links changed the ledger (-before +after):\n%s", diff)
	}
	s.quiet()
}

// forged is what an outsider may send to pass for somebody.
var forged = http.Header{
	"X-Ms-Client-Principal":      {"eyJ1c2VyRGV0YWlscyI6Im1hbGxvcnkifQ=="},
	"X-Ms-Client-Principal-Name": {"mallory@evil.example"},
	"X-Ms-Client-Principal-Id":   {"mallory"},
}

func acknowledging(t *testing.T) {
	s, first, second := watched(t)
	other := s.incident(second)
	told := func(words string) int {
		return min(cardsSaying(s.page.Cards(), words), messagesSaying(s.page.Messages(), words))
	}
	// The Teams link, by somebody who pretends to be signed in.
	teams := s.link(first, alert.ChannelTeams)
	for _, bad := range []struct{ name, sequence string }{{"", "1"}, {"A", "1"}, {"Astrid Holm", ""}, {"Astrid Holm", "-1"}, {"Astrid Holm", "all"}} {
		if p := s.acknowledge(teams, bad.name, bad.sequence, nil); p.status != http.StatusBadRequest {
			t.Errorf("name %q and sequence %q: status %d, want 400", bad.name, bad.sequence, p.status)
		}
	}
	if state := s.incident(first)["state"]; state != "open" {
		t.Fatalf("after wrong forms only, the incident is %v", state)
	}
	if p := s.acknowledge(teams, "Astrid Holm", "1", forged); p.status != http.StatusOK || !strings.Contains(p.body, "Noted under the name Astrid Holm") {
		t.Errorf("acknowledging answers %d: %.400s", p.status, p.body)
	}
	i := s.incident(first)
	if i["state"] != "acknowledged" || i["acknowledgedBy"] != "Astrid Holm" {
		t.Errorf("the incident is %v by %v", i["state"], i["acknowledgedBy"])
	}
	if i["reminderDue"] == nil {
		t.Error("the Teams link ended the reminders outside Teams, which an intruder who reads Teams could then do")
	}
	s.arrive(10*time.Second, "the notice of the acknowledgement", func([]teamspage.Card, []teamspage.Message) bool { return told("Acknowledged by Astrid Holm") == 1 })

	// Again, and as somebody else: no change.
	before, cards, messages := s.shown(), len(s.page.Cards()), len(s.page.Messages())
	for _, name := range []string{"Astrid Holm", "Astrid Holm", "Bo Lind"} {
		if p := s.acknowledge(teams, name, "1", nil); p.status != http.StatusOK {
			t.Errorf("repeated: status %d", p.status)
		}
	}
	if diff := cmp.Diff(before, s.shown()); diff != "" {
		t.Errorf("a repeated acknowledgement changed the ledger (-before +after):\n%s", diff)
	}
	if len(s.page.Cards()) != cards || len(s.page.Messages()) != messages {
		t.Error("a repeated acknowledgement was told again")
	}

	// The fallback's own link ends the reminders; a later sign-in begins them anew.
	if p := s.acknowledge(s.link(first, alert.ChannelFallback), "Carl Berg", "1", nil); p.status != http.StatusOK {
		t.Errorf("the fallback's link answers %d", p.status)
	}
	if i := s.incident(first); i["reminderDue"] != nil || i["acknowledgedBy"] != "Carl Berg" {
		t.Errorf("after the fallback's link a reminder is due %v, acknowledged by %v", i["reminderDue"], i["acknowledgedBy"])
	}
	s.arrive(10*time.Second, "the notice of the second acknowledgement", func([]teamspage.Card, []teamspage.Message) bool { return told("Acknowledged by Carl Berg") == 1 })
	for account := range 2 {
		body, _ := s.success(account)
		s.send("0", body)
	}
	s.idle(30 * time.Second)
	if i := s.incident(first); i["reminderDue"] == nil {
		t.Errorf("a sign-in after the acknowledgement is not escalated: %v", i)
	}
	if got := s.incident(second); got["acknowledgedBy"] != nil || got["state"] != other["state"] {
		t.Errorf("the other incident was touched: %v", got)
	}
	s.unbelieved()
	s.sweep(time.Minute)
	s.whole()
	s.quiet()
}

// unbelieved fails if the forged name stands anywhere that people read.
func (s *stand) unbelieved() {
	s.t.Helper()
	texts := s.shown()
	texts["cards"], texts["messages"], texts["log"] = "", "", s.said.String()
	for _, c := range s.page.Cards() {
		texts["cards"] += string(c.Body)
	}
	for _, m := range s.page.Messages() {
		texts["messages"] += string(m.Body)
	}
	for where, text := range texts {
		if strings.Contains(text, "mallory") {
			s.t.Errorf("%s: the principal that an outsider claimed to be is believed", where)
		}
	}
}
