// Package story tells what happens in a sample tenant, act by act, and what Glasswatch should make of it.
package story

import (
	"bytes"
	"time"

	"glasswatch/infra/local/sample"
)

// Told says how an event should reach people.
type Told string

// The ways of telling.
const (
	OwnCard Told = "own"      // exactly one card for this event
	Perhaps Told = "perhaps"  // a card of its own, or told in a summary of many
	NotTold Told = "not told" // recorded only: no card
)

// Expectation says what should become of one record. All of them are written by hand after the
// design's rules, and never computed by the product's code.
type Expectation struct {
	Name      string   // what the record is, for people
	Raw       []byte   // the record as it was sent; for damaged messages, the message
	Kind      string   // as in the output of `glasswatch events`
	Accounts  []string // object ids of the watched accounts that it names, primary first; none for the tenant
	Headlines []string // the rule that should head the event: any of these
	AtLeast   string   // the least severity
	Exactly   bool     // AtLeast is the only right severity
	Told      Told
}

// LookAlike is a record that must leave nothing behind, and why somebody might think otherwise.
type LookAlike struct {
	Raw []byte
	Why string
}

// Act is one scene of the story. Its messages go to one partition of the hub, in order; the story
// does not say what becomes of a message that is lost on the way.
type Act struct {
	Name       string // short, unique
	Title      string // one line
	What       string // what happens, and what to look at
	Messages   [][]byte
	Records    int // in all messages, look-alikes and everyday records included
	Expect     []Expectation
	LookAlikes []LookAlike
	MaxCards   int // the most cards that events of this act may cause; 0: no bound but Told
	// Storm is set where one message holds hundreds of events: what its cards wait for each other
	// says nothing about how fast one event is told.
	Storm bool
}

// accounts of the story, in the order of the sample tenant.
const (
	alpha = iota
	bravo
	charlie
)

// teller gathers an act while it is written down.
type teller struct {
	g      *sample.Generator
	now    time.Time
	act    Act
	buffer []*sample.Object // records of the message that is being put together
}

// Tell writes the whole story for a tenant. It happens in the quarter of an hour before now, so
// that nothing in it comes late.
func Tell(g *sample.Generator, now time.Time) []Act {
	now = now.UTC().Truncate(time.Millisecond)
	scenes := []func(*teller){quiet, spray, nightSignIn, keyRegistered, policyChanged, monitoringRemoved, oneOfEach, damaged}
	acts := make([]Act, 0, len(scenes))
	for _, scene := range scenes {
		t := &teller{g: g, now: now}
		g.Now = now.Add(-6 * time.Minute)
		scene(t)
		t.send()
		acts = append(acts, t.act)
	}
	return acts
}

func (t *teller) title(name, title, what string) {
	t.act.Name, t.act.Title, t.act.What = name, title, what
}

func (t *teller) account(i int) sample.Person { return t.g.Tenant.BreakGlass[i] }

// ago is a time before the present of the story.
func (t *teller) ago(d time.Duration) time.Time { return t.now.Add(-d) }

// everyday adds records that mean nothing to anybody.
func (t *teller) everyday(n int) { t.buffer = append(t.buffer, t.g.Quiet(n)...) }

// lookAlike adds a record that must leave nothing behind.
func (t *teller) lookAlike(why string, r *sample.Object) {
	t.buffer = append(t.buffer, r)
	t.act.LookAlikes = append(t.act.LookAlikes, LookAlike{r.JSON(), why})
}

// happens adds a record with what should become of it.
func (t *teller) happens(r *sample.Object, e Expectation) {
	t.buffer = append(t.buffer, r)
	e.Raw = r.JSON()
	t.act.Expect = append(t.act.Expect, e)
}

// send closes the message that is being put together, in as many parts as its size demands.
func (t *teller) send() {
	t.act.Records += len(t.buffer)
	t.act.Messages = append(t.act.Messages, sample.Messages(0, t.buffer...)...)
	t.buffer = nil
}

// again sends the last message a second time, byte for byte, as the hub may.
func (t *teller) again() {
	t.send()
	if n := len(t.act.Messages); n > 0 {
		t.act.Messages = append(t.act.Messages, bytes.Clone(t.act.Messages[n-1]))
	}
}

// raw sends a message that is not made of records.
func (t *teller) raw(message []byte, e Expectation) {
	t.send()
	t.act.Messages = append(t.act.Messages, message)
	e.Raw = message
	t.act.Expect = append(t.act.Expect, e)
}

func one(rule string) []string { return []string{rule} }
