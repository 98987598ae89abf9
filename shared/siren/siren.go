// Package siren raises the alarm about an event that cannot be written down.
package siren

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/breakglass"
	"glasswatch/shared/detect"
)

// Limits on alarms while storage is gone (design 5.4).
const (
	repeatAfter = 15 * time.Minute // per account and rule
	maxSent     = 20_000           // events remembered as sent
)

// Judge finds the rules that hold for an event. detect.Detector is one.
type Judge interface {
	Judge(e breakglass.Event, h detect.History) (detect.Verdict, detect.History)
}

// Describer makes the message of an event. journal.Describer is one.
type Describer interface {
	Describe(account string, e breakglass.Event, v detect.Verdict) alert.Message
}

// Sender sends alerts to the channels. alert.Dispatcher is one.
type Sender interface {
	Send(ctx context.Context, alerts []*alert.Alert) []alert.Attempt
	Channels() []string
}

// Siren alerts without the ledger: on every channel, marked as not recorded. It needs no storage,
// and no token. Its memory is the process's own, so another process may alert the same. It is safe
// for concurrent use.
type Siren struct {
	judge    Judge
	describe Describer
	send     Sender
	now      func() time.Time

	lock   sync.Mutex
	raised map[string]time.Time // account and rule -> last alarm
	sent   map[string]time.Time // event id -> when its alarm was taken by a channel
}

// New makes a siren.
func New(judge Judge, describe Describer, send Sender, now func() time.Time) *Siren {
	return &Siren{judge: judge, describe: describe, send: send, now: now, raised: map[string]time.Time{}, sent: map[string]time.Time{}}
}

// Raise alerts about events that could not be recorded: at most one alarm per account and rule in
// 15 minutes. mark says why, for people. An alarm that no channel took may be raised again at
// once. It returns what was attempted.
func (s *Siren) Raise(ctx context.Context, events []breakglass.Event, mark string) []alert.Attempt {
	var alerts []*alert.Alert
	reserved := map[string]string{} // alert id -> key
	ids := map[string]string{}      // alert id -> event id
	for _, e := range events {
		verdict, _ := s.judge.Judge(e, detect.History{})
		if !verdict.Severity.Alertable() {
			continue
		}
		key := strings.Join([]string{e.Account, verdict.HeadlineRule}, " ")
		if !s.reserve(key, e.ID) {
			continue
		}
		m := s.describe.Describe(e.Account, e, verdict)
		m.ID = "unrecorded-" + e.ID
		m.Mark = alert.Marks(mark, m.Mark)
		m.Actions = append([]string{fmt.Sprintf("Act on this message: it is not in the ledger yet, and further events of this kind are not alerted for %s.", alert.Duration(repeatAfter))}, m.Actions...)
		channels, insistent := alert.Route(m, s.send.Channels(), true)
		alerts = append(alerts, &alert.Alert{ID: m.ID, Message: m, OwedAt: s.now(), Channels: channels, Insistent: insistent})
		reserved[m.ID], ids[m.ID] = key, e.ID
	}
	if len(alerts) == 0 {
		return nil
	}
	attempts := s.send.Send(ctx, alerts)
	s.settle(alerts, reserved, ids)
	return attempts
}

// reserve says whether an alarm of this kind may be raised now, and takes the turn if so.
func (s *Siren) reserve(key, event string) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	now := s.now()
	if _, done := s.sent[event]; done {
		return false
	}
	if last, ok := s.raised[key]; ok && now.Sub(last) < repeatAfter {
		return false
	}
	s.raised[key] = now
	return true
}

// settle remembers what was sent, and gives back the turns of alarms that no channel took.
func (s *Siren) settle(alerts []*alert.Alert, reserved, ids map[string]string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.sent) > maxSent {
		s.sent = map[string]time.Time{} // better an alarm twice than a memory without end
	}
	for _, a := range alerts {
		if a.Told() {
			s.sent[ids[a.ID]] = s.now()
		} else {
			delete(s.raised, reserved[a.ID])
		}
	}
}

// Sent says when this process alerted about the event without the ledger, if it did.
func (s *Siren) Sent(event string) (time.Time, bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	at, ok := s.sent[event]
	return at, ok
}
