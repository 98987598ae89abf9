package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds on one round of sending.
const (
	SendFor       = 10 * time.Second // the whole round
	singleSends   = 10               // messages of one round that a channel gets one by one
	coalescedList = 20               // headlines that the message for the rest names
)

// Dispatcher sends owed alerts to the channels. It is safe for concurrent use.
type Dispatcher struct {
	senders []Sender
	now     func() time.Time
}

// NewDispatcher returns a dispatcher over the channels, in order of preference.
func NewDispatcher(senders []Sender, now func() time.Time) *Dispatcher {
	return &Dispatcher{senders: senders, now: now}
}

// Channels lists the names of the channels, in order of preference.
func (d *Dispatcher) Channels() []string {
	names := make([]string, 0, len(d.senders))
	for _, s := range d.senders {
		names = append(names, s.Name())
	}
	return names
}

// Send tries every alert once on each channel where it is due, all channels at the same time, for
// ten seconds at most. It takes what came of it into the alerts, and reports every attempt made.
// Where a refusal makes another channel due, that one is tried at once. On one channel the most
// severe go first, then the oldest; beyond ten the rest go as one message. After a channel has
// asked to be left alone, only critical alerts are still tried there in this round. Channels that
// are not configured any more report nothing, so their alerts stay owed.
func (d *Dispatcher) Send(ctx context.Context, alerts []*Alert) []Attempt {
	ctx, cancel := context.WithTimeout(ctx, SendFor)
	defer cancel()
	var all []Attempt
	for range len(d.senders) {
		made := d.round(ctx, alerts)
		if len(made) == 0 {
			break
		}
		for _, t := range made {
			for _, a := range alerts {
				if a.ID == t.AlertID {
					a.Apply(t)
				}
			}
		}
		all = append(all, made...)
	}
	return all
}

func (d *Dispatcher) round(ctx context.Context, alerts []*Alert) []Attempt {
	var (
		wait     sync.WaitGroup
		mu       sync.Mutex
		attempts []Attempt
	)
	for _, sender := range d.senders {
		queue := d.queue(sender.Name(), alerts)
		wait.Go(func() {
			made := d.drain(ctx, sender, queue)
			mu.Lock()
			defer mu.Unlock()
			attempts = append(attempts, made...)
		})
	}
	wait.Wait()
	return attempts
}

func (d *Dispatcher) queue(channel string, alerts []*Alert) []*Alert {
	now := d.now()
	var queue []*Alert
	for _, a := range alerts {
		if slices.Contains(a.Due(now), channel) {
			queue = append(queue, a)
		}
	}
	slices.SortStableFunc(queue, func(a, b *Alert) int {
		return cmp.Or(
			cmp.Compare(b.Message.Severity.Rank(), a.Message.Severity.Rank()),
			a.OwedAt.Compare(b.OwedAt))
	})
	return queue
}

// drain sends one channel's queue. The single messages go out side by side, so that a slow answer
// to one does not use up the time of the others.
func (d *Dispatcher) drain(ctx context.Context, sender Sender, queue []*Alert) []Attempt {
	single, rest := queue, []*Alert(nil)
	if len(queue) > singleSends {
		single, rest = queue[:singleSends], queue[singleSends:]
	}
	made := make([]Attempt, len(single))
	var wait sync.WaitGroup
	for n, a := range single {
		wait.Go(func() { made[n] = d.attempt(ctx, sender, a.ID, a.Message) })
	}
	wait.Wait()
	if len(rest) == 0 {
		return made
	}
	asked := time.Duration(0)
	for _, t := range made {
		asked = max(asked, t.Wait)
	}
	if asked > 0 && rest[0].Message.Severity.Rank() < 3 {
		return made
	}
	result := d.attempt(ctx, sender, "", coalesce(rest))
	for _, a := range rest {
		result.AlertID = a.ID
		made = append(made, result)
	}
	return made
}

func (d *Dispatcher) attempt(ctx context.Context, sender Sender, id string, m Message) Attempt {
	status, err := sender.Send(ctx, m)
	t := Attempt{AlertID: id, Channel: sender.Name(), At: d.now(), Status: status}
	if err == nil {
		return t
	}
	t.Failure = err.Error()
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		t.Refused, t.Status = true, refusal.Status
	}
	if later, ok := errors.AsType[*Later](err); ok {
		t.Wait, t.Status = later.After, later.Status
	}
	return t
}

// coalesce makes one message of many: the heading of the most severe, and a line for each.
func coalesce(alerts []*Alert) Message {
	first := alerts[0].Message
	m := Message{
		ID: first.ID + "+" + fmt.Sprint(len(alerts)-1), Kind: MessageSummary, Severity: first.Severity, Rule: first.Rule,
		Incident: first.Incident, Account: first.Account,
		Emphasis: fmt.Sprintf("%d more alerts", len(alerts)),
		Meaning:  "These came at the same time as ten others and are told together. Each stands in the ledger on its own.",
		Links:    first.Links, HappenedAt: first.HappenedAt,
		Stream: first.Stream, Sequence: first.Sequence, EntryHash: first.EntryHash,
	}
	m.Headline = m.Emphasis + ", the most severe: " + first.Headline
	for n, a := range alerts {
		if n == coalescedList {
			m.Facts = append(m.Facts, Fact{"and", fmt.Sprintf("%d more", len(alerts)-n)})
			break
		}
		m.Facts = append(m.Facts, Fact{string(a.Message.Severity), strings.TrimSpace(a.Message.Headline + " (" + a.Message.Witness() + ")")})
	}
	return m
}
