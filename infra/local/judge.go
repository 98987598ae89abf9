package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"glasswatch/infra/local/story"
	"glasswatch/infra/local/teamspage"
)

const (
	judgePatience = 45 * time.Second
	pollEvery     = 700 * time.Millisecond
	// quietFor is how long the channels must stay silent before the cards are counted: a card too
	// many comes late.
	quietFor = 2 * time.Second
)

// verdict is what came of the story.
type verdict struct {
	records, events, cards, messages, owed, entries int
	criticalUnheard                                 int // critical events with a card that the fallback channel did not get
	heartbeats                                      int
	p50, p99, storm                                 time.Duration // storm: the slowest card of a storm
	acts                                            []story.ActReport
	posture                                         string // what an operator is told of the tenant
	problems                                        []string
}

func (v verdict) err() error {
	switch len(v.problems) {
	case 0:
		return nil
	case 1:
		return errors.New(v.problems[0])
	default:
		return fmt.Errorf("%d problems, the first: %s", len(v.problems), v.problems[0])
	}
}

// judge waits until what must happen has happened, then looks at everything once more.
func (s *stack) judge(ctx context.Context, acts []story.Act, say *speaker) (verdict, error) {
	enough := say.patience(ctx, "waiting for cards")
	defer enough()
	deadline := time.Now().Add(judgePatience)
	for {
		events, err := s.events(ctx)
		if err != nil {
			return verdict{}, err
		}
		if story.Check(acts, events, mentions(s.page.Cards())).Done() || time.Now().After(deadline) {
			break
		}
		if err := pause(ctx, pollEvery); err != nil {
			return verdict{}, err
		}
	}
	if err := s.silence(ctx); err != nil {
		return verdict{}, err
	}
	return s.look(ctx, acts)
}

// silence waits until no card has come for a while and all are rendered.
func (s *stack) silence(ctx context.Context) error {
	limit := time.Now().Add(judgePatience)
	for before := -1; time.Now().Before(limit); {
		now := len(s.page.Cards()) + len(s.page.Messages())
		if now == before {
			break
		}
		before = now
		if err := pause(ctx, quietFor); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, judgePatience)
	defer cancel()
	return s.page.Settle(ctx)
}

func (s *stack) look(ctx context.Context, acts []story.Act) (verdict, error) {
	events, err := s.events(ctx)
	if err != nil {
		return verdict{}, err
	}
	cards, messages := s.page.Cards(), s.page.Messages()
	report := story.Check(acts, events, mentions(cards))
	v := verdict{events: len(events), cards: len(cards), messages: len(messages), heartbeats: s.page.Heartbeats(), acts: report.Acts, problems: report.Problems}
	for _, a := range acts {
		v.records += a.Records
	}
	v.p50, v.p99 = percentile(report.Latencies, 50), percentile(report.Latencies, 99)
	v.storm = percentile(report.StormLatencies, 100)
	if v.owed, err = s.owed(ctx); err != nil {
		return v, err
	}
	if v.owed > 0 {
		v.problems = append(v.problems, fmt.Sprintf("%d alerts are still owed", v.owed))
	}
	var broken []string
	if v.entries, broken, err = s.verifyLedger(ctx); err != nil {
		return v, err
	}
	v.problems = append(v.problems, broken...)
	said, unsound, err := s.posture(ctx)
	if err != nil {
		return v, err
	}
	v.posture = said
	v.problems = append(v.problems, unsound...)
	v.problems = append(v.problems, channelProblems(cards, s.page)...)
	v.problems = append(v.problems, s.hostProblems()...)
	v.criticalUnheard = unheard(events, cards, messages)
	if v.criticalUnheard > 0 {
		v.problems = append(v.problems, fmt.Sprintf("%d critical alerts did not reach the fallback channel", v.criticalUnheard))
	}
	return v, nil
}

// channelProblems are cards that Teams would not show, and requests that a receiver refused.
func channelProblems(cards []teamspage.Card, page *teamspage.Page) []string {
	var out []string
	for _, c := range cards {
		for _, problem := range c.Problems {
			out = append(out, fmt.Sprintf("card %d: %s", c.Number, problem))
		}
	}
	for _, c := range []teamspage.Channel{teamspage.Teams, teamspage.Fallback} {
		if n := page.Refused(c); n > 0 {
			out = append(out, fmt.Sprintf("the %s receiver refused %d requests as wrong", c, n))
		}
	}
	return out
}

// hostProblems are what the host holds against the program, none of which has a place in a story
// without faults.
func (s *stack) hostProblems() []string {
	var out []string
	stats := s.host.Stats()
	for name, f := range stats.Functions {
		if f.Failures > 0 {
			out = append(out, fmt.Sprintf("%s failed %d times, last: %s", name, f.Failures, f.LastFailure))
		}
	}
	for name, i := range stats.Instances {
		if i.Crashes+i.Killed > 0 {
			out = append(out, fmt.Sprintf("the process of %s crashed %d times and was killed %d times", name, i.Crashes, i.Killed))
		}
		if i.StderrLines > 0 {
			out = append(out, fmt.Sprintf("the process of %s wrote %d lines to standard error (see %s)", name, i.StderrLines, s.log.Name()))
		}
	}
	slices.Sort(out)
	return out
}

// unheard counts the critical events with a card of their own that the fallback channel, to which
// critical alerts go at once as well, was not sent.
func unheard(events []story.Event, cards []teamspage.Card, messages []teamspage.Message) int {
	type entry struct {
		stream   string
		sequence uint64
	}
	carded, heard := map[entry]bool{}, map[entry]bool{}
	for _, m := range mentions(cards) {
		carded[entry{m.Stream, m.Sequence}] = true
	}
	for _, m := range messages {
		for _, w := range m.Witnesses {
			heard[entry{w.Stream, w.Sequence}] = true
		}
	}
	n := 0
	for _, e := range events {
		at := entry{e.Stream, e.Sequence}
		if e.Severity == "critical" && carded[at] && !heard[at] {
			n++
		}
	}
	return n
}

func mentions(cards []teamspage.Card) []story.Mention {
	var out []story.Mention
	for _, c := range cards {
		for _, w := range c.Witnesses {
			out = append(out, story.Mention{Stream: w.Stream, Sequence: w.Sequence, Hash: w.Hash, ArrivedAt: c.ArrivedAt})
		}
	}
	return out
}

// percentile is the value that p percent of the values do not exceed (nearest rank).
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	values = slices.Clone(values)
	slices.Sort(values)
	rank := (len(values)*p + 99) / 100
	return values[max(rank, 1)-1]
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// report tells a person what came of the story.
func (s *stack) report(say *speaker, v verdict) {
	s.good = len(v.problems) == 0
	say.linef("")
	if len(v.problems) == 0 {
		say.linef("All of it came out as it should: %d records, %d events in the ledger, %d cards.", v.records, v.events, v.cards)
	} else {
		say.linef("Not all of it came out as it should:")
	}
	for _, a := range v.acts {
		say.linef("  %-10s %4d events, %3d cards", a.Name, a.Events, a.Cards)
	}
	say.linef("  ledger     %d entries verified; %d alerts owed", v.entries, v.owed)
	say.linef("  fallback   %s", measured(v.messages, "messages"))
	say.linef("  heartbeat  %s", measured(v.heartbeats, "heartbeats"))
	say.linef("  delay      half of the cards within %d ms of the hand-over, 99 %% within %d ms; in the storm within %d ms",
		v.p50.Milliseconds(), v.p99.Milliseconds(), v.storm.Milliseconds())
	say.linef("  posture    %s", v.posture)
	say.linef("  not measured: drills")
	for _, p := range v.problems[:min(len(v.problems), 25)] {
		say.linef("  problem: %s", oneLine(p))
	}
	if more := len(v.problems) - 25; more > 0 {
		say.linef("  … and %d more problems", more)
	}
}

// measured never makes a good thing of nothing.
func measured(n int, what string) string {
	if n == 0 {
		return "not measured: none came"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, what))
}
