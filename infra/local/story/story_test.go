package story_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/story"
)

var now = time.Date(2026, time.November, 22, 3, 12, 0, 0, time.UTC)

// every rule of the design that one record can head.
var rules = []string{
	"policy-now-applies", "exclusion-group-changed", "monitoring-changed", "signin-success-after-failures", "legacy-auth",
	"signin-blocked", "signin-success", "signin-password-right", "account-changed", "account-acted", "risk", "token-use",
	"signin-interrupted", "signin-failed", "policy-changed", "token-expired", "unparsed",
}

func TestEveryRuleHeadsSomeEvent(t *testing.T) {
	t.Parallel()
	heads := map[string]bool{}
	for _, a := range story.Tell(sample.New(1), now) {
		for _, x := range a.Expect {
			if len(x.Headlines) == 1 {
				heads[x.Headlines[0]] = true
			}
		}
	}
	for _, r := range rules {
		if !heads[r] {
			t.Errorf("no record is sure to be headed by %s", r)
		}
	}
	if len(heads) != len(rules) {
		t.Errorf("the story expects rules that the design does not have: %v", heads)
	}
}

func TestTheStoryIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	one, two := story.Tell(sample.New(1), now), story.Tell(sample.New(1), now)
	if !reflect.DeepEqual(one, two) { // some megabytes: a diff would take longer than everything else here
		t.Error("two tellings with one seed differ")
	}
}

func TestActsHoldWhatTheySay(t *testing.T) {
	t.Parallel()
	g := sample.New(1)
	names := map[string]bool{}
	for _, a := range story.Tell(g, now) {
		if a.Name == "" || a.Title == "" || a.What == "" || names[a.Name] {
			t.Errorf("act %q: name, title and description are required, and the name is its own", a.Name)
		}
		names[a.Name] = true
		all := bytes.Join(a.Messages, []byte("\n"))
		for _, m := range a.Messages {
			if len(m) > 1<<20 {
				t.Errorf("%s: a message of %d bytes", a.Name, len(m))
			}
		}
		for _, x := range a.Expect {
			if !bytes.Contains(all, x.Raw) {
				t.Errorf("%s: %s is expected and not sent", a.Name, x.Name)
			}
			if x.Name == "" || x.Kind == "" || len(x.Headlines) == 0 || x.Told == "" || !slices.Contains([]string{"info", "medium", "high", "critical"}, x.AtLeast) {
				t.Errorf("%s: expectation without a name, kind, headline, severity or way of telling: %+v", a.Name, x)
			}
		}
		for _, l := range a.LookAlikes {
			if !bytes.Contains(all, l.Raw) {
				t.Errorf("%s: the look-alike %q is not sent", a.Name, l.Why)
			}
		}
	}
	quiet := story.Tell(g, now)[0]
	if len(quiet.Expect) != 0 || len(quiet.LookAlikes) < 8 || quiet.Records < 300 {
		t.Errorf("the quiet tenant expects %d events of %d records, with %d look-alikes", len(quiet.Expect), quiet.Records, len(quiet.LookAlikes))
	}
}

func TestNothingInTheStoryIsLateOrInTheFuture(t *testing.T) {
	t.Parallel()
	for _, a := range story.Tell(sample.New(1), now) {
		for _, x := range a.Expect {
			if x.Kind == "unparsed" || x.Kind == "riskyUser" {
				continue // no time, or one without a zone
			}
			var r struct {
				Time       string `json:"time"`
				Properties struct {
					Created string `json:"createdDateTime"`
				} `json:"properties"`
			}
			if err := json.Unmarshal(x.Raw, &r); err != nil {
				t.Fatal(err)
			}
			text := r.Properties.Created
			if text == "" {
				text = r.Time
			}
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				continue
			}
			if at.After(now) || now.Sub(at) > 15*time.Minute {
				t.Errorf("%s: %s happens at %s, told at %s", a.Name, x.Name, at, now)
			}
		}
	}
}

// played is what a perfect Glasswatch makes of the acts.
func played(acts []story.Act) (events []story.Event, cards []story.Mention) {
	next := map[string]uint64{}
	for _, a := range acts {
		for _, x := range a.Expect {
			streams := []string{"tenant"}
			if x.Kind == "unparsed" {
				streams = []string{"unparsed"}
			} else if len(x.Accounts) > 0 {
				streams = nil
				for _, id := range x.Accounts {
					streams = append(streams, "account-"+id)
				}
			}
			for i, s := range streams {
				next[s]++
				text, _ := json.Marshal(string(x.Raw))
				e := story.Event{
					Stream: s, Sequence: next[s], EntryHash: fmt.Sprintf("%064x", next[s]+uint64(len(s))<<40), Kind: x.Kind, Accounts: x.Accounts,
					ReachedAt: now, HeadlineRule: x.Headlines[0], Severity: x.AtLeast, Raw: text,
				}
				events = append(events, e)
				if i == 0 && x.Told == story.OwnCard {
					cards = append(cards, story.Mention{Stream: s, Sequence: e.Sequence, Hash: e.EntryHash[:12], ArrivedAt: now.Add(20 * time.Millisecond)})
				}
			}
		}
	}
	return events, cards
}

func TestCheckIsContentWithWhatIsRight(t *testing.T) {
	t.Parallel()
	acts := story.Tell(sample.New(1), now)
	events, cards := played(acts)
	r := story.Check(acts, events, cards)
	if len(r.Problems) > 0 || !r.Done() {
		t.Errorf("problems: %v", r.Problems)
	}
	if len(r.Latencies)+len(r.StormLatencies) != len(cards) || len(r.StormLatencies) == 0 || r.Latencies[0] != 20*time.Millisecond {
		t.Errorf("%d and %d latencies for %d cards: %v", len(r.Latencies), len(r.StormLatencies), len(cards), r.Latencies)
	}
}

func TestCheckNoticesWhatIsWrong(t *testing.T) {
	t.Parallel()
	acts := story.Tell(sample.New(1), now)
	last := func(e []story.Event) *story.Event { return &e[len(e)-1] }
	cases := []struct {
		name  string
		spoil func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention)
		want  string
	}{
		{"event lost", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) { return e[1:], c }, "0 times in the stream"},
		{"event twice", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			twin := e[0]
			twin.Sequence = 9000
			return append(e, twin), c
		}, "2 times in the stream"},
		{"unknown event", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			return append(e, story.Event{Stream: "tenant", Sequence: 77, Kind: "audit", Raw: json.RawMessage(`{"x":1}`)}), c
		}, "does not know"},
		{"look-alike stored", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			return append(e, story.Event{Stream: "tenant", Sequence: 77, Kind: "audit", Raw: acts[0].LookAlikes[0].Raw}), c
		}, "look-alike"},
		{"wrong rule", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			e[0].HeadlineRule = "token-use"
			return e, c
		}, "headed by token-use"},
		{"too mild", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			e[0].Severity = "medium"
			return e, c
		}, "severity medium"},
		{"too urgent", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			e[0].Severity = "critical"
			return e, c
		}, "severity critical"},
		{"card lost", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) { return e, c[1:] }, "0 cards instead of one"},
		{"card twice", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) { return e, append(c, c[0]) }, "2 cards"},
		{"false witness", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			c[0].Hash = "ffffffffffff"
			return e, c
		}, "witness"},
		{"card where none belongs", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			return e, append(c, story.Mention{Stream: last(e).Stream, Sequence: last(e).Sequence, Hash: last(e).EntryHash[:12]})
		}, "none is right"},
		{"a card for every attempt of the spray", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			for i := 1; i < 40; i++ {
				c = append(c, story.Mention{Stream: e[i].Stream, Sequence: e[i].Sequence, Hash: e[i].EntryHash[:12]})
			}
			return e, c
		}, "at most 12"},
		{"wrong account", func(e []story.Event, c []story.Mention) ([]story.Event, []story.Mention) {
			e[0].Accounts = []string{"someone"}
			return e, c
		}, "names the accounts"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			events, cards := c.spoil(played(acts))
			r := story.Check(acts, events, cards)
			if said := strings.Join(r.Problems, "\n"); !strings.Contains(said, c.want) {
				t.Errorf("problems %q, want one with %q", said, c.want)
			}
		})
	}
}
