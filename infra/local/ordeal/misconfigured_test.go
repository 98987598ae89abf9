package ordeal_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glasswatch/infra/local/teamspage"
)

// misconfiguration is a way in which the settings are wrong.
type misconfiguration struct {
	name     string
	change   map[string]string // an empty value takes the setting away
	settings []string          // that must be named
	stops    bool              // nothing can be watched
	deaf     []teamspage.Channel
}

// hidden stands in values that are wrong; a secret may have been put into the wrong setting.
const hidden = "hush-3f9ac1d2-do-not-show"

var misconfigurations = []misconfiguration{
	{
		name: "no accounts", stops: true,
		change:   map[string]string{"BREAK_GLASS_ACCOUNTS": ""},
		settings: []string{"BREAK_GLASS_ACCOUNTS"},
	},
	{
		name: "accounts that are none", stops: true,
		change:   map[string]string{"BREAK_GLASS_ACCOUNTS": hidden + ", " + hidden},
		settings: []string{"BREAK_GLASS_ACCOUNTS"},
	},
	{
		name: "no tables", stops: true,
		change:   map[string]string{"EVIDENCE_TABLES": ""},
		settings: []string{"EVIDENCE_TABLES"},
	},
	{
		name: "tables that are none, and no accounts", stops: true,
		change:   map[string]string{"EVIDENCE_TABLES": "AccountName=x;AccountKey=" + hidden, "BREAK_GLASS_ACCOUNTS": " "},
		settings: []string{"BREAK_GLASS_ACCOUNTS", "EVIDENCE_TABLES"},
	},
	{
		name:     "a bad account among good ones",
		change:   map[string]string{"BREAK_GLASS_ACCOUNTS": "+" + hidden},
		settings: []string{"BREAK_GLASS_ACCOUNTS"},
	},
	{
		name:     "an unresolved reference for Teams",
		change:   map[string]string{"TEAMS_WEBHOOK_URL": "@Microsoft.KeyVault(SecretUri=https://" + hidden + ".example/secrets/teams)"},
		settings: []string{"TEAMS_WEBHOOK_URL"}, deaf: []teamspage.Channel{teamspage.Teams},
	},
	{
		name:     "a bad secret of the fallback",
		change:   map[string]string{"FALLBACK_WEBHOOK_SECRET": hidden},
		settings: []string{"FALLBACK_WEBHOOK_SECRET"}, deaf: []teamspage.Channel{teamspage.Fallback}, // it refuses what is not signed
	},
	{
		name: "everything but accounts and tables",
		change: map[string]string{
			"FALLBACK_WEBHOOK_URL": "ftp://" + hidden + ".example/", "HEARTBEAT_URL": hidden,
			"LINK_SIGNING_KEYS": hidden, "EXCLUSION_GROUPS": hidden, "TENANT_ID": hidden, "RESOURCE_IDS": hidden, "ACKNOWLEDGE_WITHIN": hidden,
			"DISPLAY_TIME_ZONE": hidden, "POSTURE_POLICY": hidden, "GRAPH_ENDPOINT": "http://" + hidden + ".example", "REPLAY_CONSUMER_GROUP": group,
		},
		settings: []string{
			"FALLBACK_WEBHOOK_URL", "HEARTBEAT_URL", "LINK_SIGNING_KEYS", "EXCLUSION_GROUPS", "TENANT_ID", "RESOURCE_IDS",
			"ACKNOWLEDGE_WITHIN", "DISPLAY_TIME_ZONE", "POSTURE_POLICY", "GRAPH_ENDPOINT", "REPLAY_CONSUMER_GROUP",
		},
		deaf: []teamspage.Channel{teamspage.Fallback},
	},
}

// TestMisconfigured starts the app with settings that are wrong, and holds it to saying so, on
// whatever still works, and to watching whenever it can.
func TestMisconfigured(t *testing.T) {
	for _, m := range misconfigurations {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, seedOf(t))
			m.apply(s.settings)
			s.startHost(nil)
			s.misconfigured(m)
		})
	}
}

// apply makes the settings wrong.
func (m misconfiguration) apply(settings map[string]string) {
	for name, value := range m.change {
		switch added, adds := strings.CutPrefix(value, "+"); {
		case adds:
			settings[name] = added + "," + settings[name]
		case value == "":
			delete(settings, name)
		default:
			settings[name] = value
		}
	}
}

func (s *stand) misconfigured(m misconfiguration) {
	s.t.Helper()
	told, stops := s.reported()
	for _, name := range m.settings {
		if !slices.Contains(told, name) {
			s.t.Errorf("the log does not name %s, but %v", name, told)
		}
	}
	if stops != m.stops {
		s.t.Errorf("the log says that nothing can be watched: %v, want %v", stops, m.stops)
	}

	body, id := s.success(0)
	answer, err := s.host.Invoke(s.t.Context(), "watchlogs", wire(s.t, body))
	want := http.StatusOK
	if m.stops {
		want = http.StatusInternalServerError
	}
	if err != nil || answer.Status != want || !json.Valid(answer.Body) {
		s.t.Errorf("watchlogs answers %d, %v: %.300s; want %d", answer.Status, err, answer.Body, want)
	}
	if !m.stops {
		if n := s.recorded()[id]; n != 1 {
			s.t.Errorf("the sign-in is in the ledger %d times", n)
		}
	}
	if err := s.host.Fire(s.t.Context(), "keepwatch"); err == nil == m.stops {
		s.t.Errorf("keepwatch ends with %v", err)
	}
	s.saysSo(m)
	if got := s.health(); got != `{"status":"degraded"}` {
		s.t.Errorf("health: %s", got)
	}
	s.discreet()
	for name, i := range s.host.Stats().Instances {
		if i.Crashes > 0 || i.Starts != 1 {
			s.t.Errorf("%s: %d crashes, %d starts", name, i.Crashes, i.Starts)
		}
	}
	s.quiet()
}

// reported lists the settings that the first process named in its log, all at once, and says
// whether one of them stops everything. It is read before anything was asked of the process.
func (s *stand) reported() (names []string, stops bool) {
	s.t.Helper()
	for line := range strings.SplitSeq(s.said.String(), "\n") {
		text, ours := strings.CutPrefix(line, "[watchlogs] ")
		var said struct {
			Setting string `json:"setting"`
			Stops   bool   `json:"stops"`
			Fix     string `json:"fix"`
		}
		if !ours || json.Unmarshal([]byte(text), &said) != nil || said.Setting == "" {
			continue
		}
		if said.Fix == "" {
			s.t.Errorf("%s is wrong, and nothing is said of how to mend it", said.Setting)
		}
		names, stops = append(names, said.Setting), stops || said.Stops
	}
	return names, stops
}

// saysSo waits until each channel that works has one message that names every setting.
func (s *stand) saysSo(m misconfiguration) {
	s.t.Helper()
	names := func(body []byte) bool {
		return !slices.ContainsFunc(m.settings, func(setting string) bool {
			// A card may break words, and escapes the underscore.
			return !bytes.Contains(bytes.ReplaceAll(body, []byte(`\\_`), []byte("_")), []byte(setting))
		})
	}
	heard := func(cards []teamspage.Card, messages []teamspage.Message) bool {
		if !slices.Contains(m.deaf, teamspage.Teams) {
			return slices.ContainsFunc(cards, func(c teamspage.Card) bool { return names(c.Body) })
		}
		return slices.ContainsFunc(messages, func(one teamspage.Message) bool { return names(one.Body) })
	}
	s.arrive(15*time.Second, "the message that names the settings", heard)
	cards, messages := len(s.page.Cards()), len(s.page.Messages())
	_ = s.host.Fire(s.t.Context(), "keepwatch")
	if diff := cmp.Diff([2]int{cards, messages}, [2]int{len(s.page.Cards()), len(s.page.Messages())}); diff != "" {
		s.t.Errorf("a minute later it is said again (-before +after):\n%s", diff)
	}
}

// discreet fails if a wrong value stands anywhere that people read.
func (s *stand) discreet() {
	s.t.Helper()
	texts := map[string]string{"the log": s.said.String()}
	for _, c := range s.page.Cards() {
		texts["a card"] += string(c.Body)
	}
	for _, one := range s.page.Messages() {
		texts["the fallback"] += string(one.Body)
	}
	for _, verb := range []string{"events", "alerts", "incidents", "verify"} {
		stdout, stderr, _ := s.verb(verb, "--json")
		texts[verb] = stdout + stderr
	}
	for where, text := range texts {
		if strings.Contains(text, hidden) {
			s.t.Errorf("%s: shows the value of a setting", where)
		}
	}
}
