package ordeal_test

import (
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

func closing(t *testing.T) {
	s, first, second := watched(t)
	address := s.host.URL() + "/api/incidents/" + first + "/close"
	right := `{"classification":"falseAlarm","note":"a test of the seal","by":"Astrid Holm"}`
	before := s.shown()
	with := func(key string) http.Header { return http.Header{"X-Functions-Key": {key}} }
	signed, err := url.Parse(s.link(first, alert.ChannelFallback))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, address string
		header        http.Header
	}{
		{"no key", address, nil},
		{"a wrong key", address, with("wrong")},
		{"the key of another function", address, with(s.host.Key("approvebaseline"))},
		{"a signed link instead", address + "?" + signed.RawQuery, nil},
		{"a forged principal instead", address, forged},
	} {
		if p := s.ask(http.MethodPost, test.address, asJSON, right, test.header); p.status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", test.name, p.status)
		}
	}
	key := with(s.host.Key("closeincident"))
	for _, test := range []struct {
		name, kind, body, want string
		status                 int
	}{
		{"a wrong classification", asJSON, strings.Replace(right, "falseAlarm", "harmless", 1), "drill, emergency, misuse, falseAlarm", 400},
		{"no note", asJSON, strings.Replace(right, "a test of the seal", "", 1), "note is missing", 400},
		{"nobody", asJSON, strings.Replace(right, "Astrid Holm", " ", 1), "by is missing", 400},
		{"no JSON", asJSON, `{"classification"`, "JSON", 400},
		{"another kind of content", "text/plain", right, "application/json", 400},
	} {
		p := s.ask(http.MethodPost, address, test.kind, test.body, key)
		if p.status != test.status || !strings.Contains(p.body, test.want) {
			t.Errorf("%s: status %d, %s; want %d and %q", test.name, p.status, p.body, test.status, test.want)
		}
	}
	missing := s.host.URL() + "/api/incidents/account-00000000-0000-0000-0000-000000000001-1/close"
	if p := s.ask(http.MethodPost, missing, asJSON, right, key); p.status != http.StatusNotFound {
		t.Errorf("an incident that does not exist: status %d, want 404", p.status)
	}
	if diff := cmp.Diff(before, s.shown()); diff != "" {
		t.Fatalf("what was refused changed the ledger (-before +after):\n%s", diff)
	}
	header := forged.Clone()
	header.Set("X-Functions-Key", s.host.Key("closeincident"))
	if p := s.ask(http.MethodPost, address, asJSON, right, header); p.status != http.StatusOK {
		t.Errorf("with the key: status %d, %s", p.status, p.body)
	}
	if i := s.incident(first); i["state"] != "closed" || i["classification"] != "falseAlarm" || i["closedBy"] != "Astrid Holm" || i["note"] != "a test of the seal" || i["reminderDue"] != nil {
		t.Errorf("closed: %v", i)
	}
	s.closeByVerb(second)
	s.arrive(10*time.Second, "the notices of closing", func(cards []teamspage.Card, messages []teamspage.Message) bool {
		return cardsSaying(cards, "Closed as ") == 2 && messagesSaying(messages, "Closed as ") == 2
	})
	s.unbelieved()
	s.sweep(time.Minute)
	s.whole()
	s.quiet()
}

// closeByVerb closes an incident as an operator does, with the wrong means first.
func (s *stand) closeByVerb(incident string) {
	s.t.Helper()
	args := []string{"incidents", "close", incident, "--as", "drill", "--note", "the yearly drill", "--by", "Bo Lind"}
	if _, said, code := s.verb(args...); code != 2 || !strings.Contains(said, "GLASSWATCH_URL") {
		s.t.Errorf("without an address: exit %d, %s", code, said)
	}
	s.settings["GLASSWATCH_URL"], s.settings["GLASSWATCH_KEY"] = s.host.URL(), "wrong-key-of-nobody"
	if _, said, code := s.verb(args...); code != 2 || !strings.Contains(said, "GLASSWATCH_KEY") || strings.Contains(said, "wrong-key-of-nobody") {
		s.t.Errorf("with a wrong key: exit %d, %s", code, said)
	}
	s.settings["GLASSWATCH_KEY"] = s.host.Key("closeincident")
	wrong := slices.Replace(slices.Clone(args), 4, 5, "harmless")
	if _, said, code := s.verb(wrong...); code != 2 || !strings.Contains(said, "falseAlarm") {
		s.t.Errorf("with a wrong classification: exit %d, %s", code, said)
	}
	if state := s.incident(incident)["state"]; state != "open" {
		s.t.Errorf("the incident is %v before it was closed", state)
	}
	stdout, said, code := s.verb(args...)
	if i := s.incident(incident); code != 0 || i["state"] != "closed" || i["classification"] != "drill" || i["closedBy"] != "Bo Lind" {
		s.t.Errorf("exit %d, %s%s: %v", code, stdout, said, i)
	}
}
