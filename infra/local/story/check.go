package story

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is what this package needs of a line of `glasswatch events --json --raw`.
type Event struct {
	Stream       string          `json:"stream"`
	Sequence     uint64          `json:"sequence"`
	EntryHash    string          `json:"entryHash"`
	Kind         string          `json:"kind"`
	Accounts     []string        `json:"accounts"`
	ReachedAt    time.Time       `json:"reachedAt"`
	Rules        []string        `json:"rules"`
	HeadlineRule string          `json:"headlineRule"`
	Severity     string          `json:"severity"`
	Raw          json.RawMessage `json:"raw"`
}

// Mention is one message of a channel that names a ledger entry as its own.
type Mention struct {
	Stream    string
	Sequence  uint64
	Hash      string // the first 12 hex digits of the entry's hash
	ArrivedAt time.Time
}

// Report is what became of the story.
type Report struct {
	Problems []string // in the order of the story; empty: all is as it should be
	Acts     []ActReport
	// Latencies are the times from the host's hand-over of an event to the arrival of its card,
	// for every event with a card of its own; those of storms apart.
	Latencies, StormLatencies []time.Duration
}

// ActReport counts what became of one act.
type ActReport struct {
	Name          string
	Events, Cards int
	Missing       int // expected events that are not in the ledger
	Unannounced   int // events without the card that they must have
}

// Done says whether nothing that the story waits for is outstanding.
func (r Report) Done() bool {
	for _, a := range r.Acts {
		if a.Missing+a.Unannounced > 0 {
			return false
		}
	}
	return true
}

// severities from least to most urgent.
var severities = []string{"info", "medium", "high", "critical"}

// Check compares what is in the ledger and on the channel with what the acts say.
func Check(acts []Act, events []Event, cards []Mention) Report {
	c := checker{byRaw: map[string][]int{}, events: events, used: make([]bool, len(events)), cards: map[entry][]Mention{}, latencies: map[bool][]time.Duration{}}
	for i, e := range events {
		raw, exact := rawBytes(e.Raw)
		if !exact {
			c.inexact = true
			raw = canonical(raw)
		}
		c.byRaw[string(raw)] = append(c.byRaw[string(raw)], i)
	}
	for _, m := range cards {
		at := entry{m.Stream, m.Sequence}
		c.cards[at] = append(c.cards[at], m)
	}
	var r Report
	for _, a := range acts {
		r.Acts = append(r.Acts, c.act(a))
	}
	for i, e := range events {
		if !c.used[i] && e.Kind != "canary" {
			c.problem("the ledger holds an event that the story does not know: %s#%d, %s, %s", e.Stream, e.Sequence, e.Kind, e.HeadlineRule)
		}
	}
	r.Problems, r.Latencies, r.StormLatencies = c.problems, c.latencies[false], c.latencies[true]
	return r
}

type entry struct {
	stream   string
	sequence uint64
}

type checker struct {
	events    []Event
	byRaw     map[string][]int // by the record's bytes, or by its canonical form
	inexact   bool             // some records came back as JSON instead of as their bytes
	used      []bool
	cards     map[entry][]Mention
	problems  []string
	latencies map[bool][]time.Duration // by whether the act is a storm
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) act(a Act) ActReport {
	r := ActReport{Name: a.Name}
	for _, x := range a.Expect {
		found, cards := c.expectation(a, x)
		r.Events += found
		r.Cards += cards
		if found < max(1, len(x.Accounts)) {
			r.Missing++
		}
		if x.Told == OwnCard && cards == 0 {
			r.Unannounced++
		}
	}
	for _, l := range a.LookAlikes {
		if found := c.find(l.Raw); len(found) > 0 {
			c.problem("%s: a look-alike is in the ledger: %s", a.Name, l.Why)
			for _, i := range found {
				c.used[i] = true
			}
		}
	}
	if a.MaxCards > 0 && r.Cards > a.MaxCards {
		c.problem("%s: %d cards, at most %d are right", a.Name, r.Cards, a.MaxCards)
	}
	return r
}

// expectation checks one record: how many of its ledger entries were found, and how many cards
// name them.
func (c *checker) expectation(a Act, x Expectation) (found, cards int) {
	act := a.Name
	where := map[string]int{}
	for _, i := range c.find(x.Raw) {
		e := c.events[i]
		c.used[i] = true
		where[e.Stream]++
		found++
		c.judge(act, x, e)
		cards += c.told(a, x, e)
	}
	for _, stream := range x.streams() {
		if n := where[stream]; n != 1 {
			c.problem("%s: %s: %d times in the stream %s instead of once", act, x.Name, n, stream)
		}
		delete(where, stream)
	}
	for stream := range where {
		c.problem("%s: %s: also in the stream %s", act, x.Name, stream)
	}
	if found > 0 {
		switch {
		case x.Told == OwnCard && cards != 1:
			c.problem("%s: %s: %d cards instead of one", act, x.Name, cards)
		case x.Told == NotTold && cards != 0:
			c.problem("%s: %s: %d cards, and none is right", act, x.Name, cards)
		case cards > 1:
			c.problem("%s: %s: %d cards for one event", act, x.Name, cards)
		}
	}
	return found, cards
}

func (x Expectation) streams() []string {
	if x.Kind == "unparsed" {
		return []string{"unparsed"}
	}
	if len(x.Accounts) == 0 {
		return []string{"tenant"}
	}
	out := make([]string, 0, len(x.Accounts))
	for _, a := range x.Accounts {
		out = append(out, "account-"+a)
	}
	return out
}

func (c *checker) judge(act string, x Expectation, e Event) {
	if e.Kind != x.Kind {
		c.problem("%s: %s: kind %s instead of %s", act, x.Name, e.Kind, x.Kind)
	}
	if x.Kind != "unparsed" && !slices.Equal(sorted(e.Accounts), sorted(x.Accounts)) {
		c.problem("%s: %s: names the accounts %v instead of %v", act, x.Name, e.Accounts, x.Accounts)
	}
	if !slices.Contains(x.Headlines, e.HeadlineRule) {
		c.problem("%s: %s: headed by %s instead of %s", act, x.Name, e.HeadlineRule, strings.Join(x.Headlines, " or "))
	}
	got, want := slices.Index(severities, e.Severity), slices.Index(severities, x.AtLeast)
	if got < want || x.Exactly && got != want {
		c.problem("%s: %s: severity %s instead of %s", act, x.Name, e.Severity, x.AtLeast)
	}
}

func (c *checker) told(a Act, x Expectation, e Event) int {
	mentions := c.cards[entry{e.Stream, e.Sequence}]
	for _, m := range mentions {
		if !strings.HasPrefix(e.EntryHash, m.Hash) {
			c.problem("%s: %s: the card's witness %s is not of the entry %s#%d", a.Name, x.Name, m.Hash, e.Stream, e.Sequence)
		}
		if x.Told == OwnCard && !e.ReachedAt.IsZero() {
			c.latencies[a.Storm] = append(c.latencies[a.Storm], m.ArrivedAt.Sub(e.ReachedAt))
		}
	}
	return len(mentions)
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// find lists the events that hold a record.
func (c *checker) find(raw []byte) []int {
	found := c.byRaw[string(raw)]
	if !c.inexact {
		return found
	}
	return append(slices.Clone(found), c.byRaw[string(canonical(raw))]...)
}

// rawBytes reads the field raw, which is the text of the record, or base64 of it where it is not
// text, or the record itself as JSON: then exact is false.
func rawBytes(raw json.RawMessage) (record []byte, exact bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw, false
	}
	if !strings.ContainsAny(text, "{<[\"") {
		if b, err := base64.StdEncoding.DecodeString(text); err == nil && len(b) > 0 {
			return b, true
		}
	}
	return []byte(text), true
}

// canonical makes texts equal that mean the same JSON; what is not JSON stays as it is.
func canonical(raw []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any // any JSON at all is what this is about
	if dec.Decode(&v) != nil || dec.More() {
		return raw
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}
