package keepwatch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/pulse"
)

// Problem is a setting that is wrong, in words that show nothing of its value.
type Problem struct {
	Setting string
	Problem string
	Fix     string
	Stops   bool // nothing can be watched until it is mended
}

// Announcer records messages about Glasswatch itself, once per key. journal.Journal is one.
type Announcer interface {
	Announce(ctx context.Context, stream, key string, m alert.Message) ([]*alert.Alert, error)
}

// Notices says once a day what is wrong with the settings, and tests the fallback channel once a
// week, so that a channel that nobody needs for months is known to work on the day it is needed.
type Notices struct {
	Problems []Problem
	Announce Announcer
	Channels []string
	Instance string
	Now      func() time.Time

	lock sync.Mutex
	said map[string]bool // keys announced by this process, in case storage cannot say
}

// Due returns the notices that are to be sent now. If storage cannot tell whether one was sent
// today, this process sends it once, unrecorded.
func (n *Notices) Due(ctx context.Context) ([]*alert.Alert, error) {
	now := n.Now().UTC()
	var due []*alert.Alert
	var failed error
	take := func(key string, m alert.Message) {
		n.lock.Lock()
		done := n.said[key]
		n.lock.Unlock()
		if done {
			return
		}
		alerts, err := n.Announce.Announce(ctx, pulse.Stream, key, m)
		if err != nil {
			failed = err
			alerts = []*alert.Alert{n.unrecorded(key, m)}
		}
		n.lock.Lock()
		defer n.lock.Unlock()
		if n.said == nil || len(n.said) > 100 {
			n.said = map[string]bool{}
		}
		n.said[key] = true
		due = append(due, alerts...)
	}
	if len(n.Problems) > 0 {
		take("settings "+now.Format(time.DateOnly), n.settings())
	}
	if slices.Contains(n.Channels, alert.ChannelFallback) && len(n.Channels) > 1 {
		year, week := now.ISOWeek()
		take(fmt.Sprintf("fallback test %d-%d", year, week), n.test())
	}
	return due, failed
}

func (n *Notices) unrecorded(key string, m alert.Message) *alert.Alert {
	m.ID, m.Mark = "unrecorded-"+key, "not recorded: the ledger cannot be written"
	channels, insistent := alert.Route(m, n.Channels, true)
	return &alert.Alert{ID: m.ID, Message: m, OwedAt: n.Now(), Channels: channels, Insistent: insistent}
}

func (n *Notices) settings() alert.Message {
	m := alert.Message{
		Kind: alert.MessageNotice, Severity: detect.Medium, Rule: "settings",
		Emphasis: "Settings are wrong", Headline: fmt.Sprintf("Settings are wrong: %d to mend", len(n.Problems)),
		Meaning: "What depends on them does not work. This is said once a day until they are mended.",
		Actions: []string{"Mend the settings of the function app; it restarts by itself."},
	}
	if slices.ContainsFunc(n.Problems, func(p Problem) bool { return p.Stops }) {
		m.Severity = detect.Critical
		m.Emphasis = "Nothing is watched"
		m.Headline = "Nothing is watched: the settings do not say which accounts, or where to keep the evidence"
		m.Meaning = "No use of a break-glass account is noticed until this is mended. The hub keeps the records meanwhile, for as long as its retention."
	}
	for _, p := range n.Problems {
		m.Facts = append(m.Facts, alert.Fact{Name: p.Setting, Value: p.Problem + "; " + p.Fix})
	}
	return m
}

// test is the weekly message to the fallback channel. It is addressed to that channel only.
func (n *Notices) test() alert.Message {
	return alert.Message{
		Kind: alert.MessageNotice, Severity: detect.Info, Rule: "fallback-test", Skip: []string{alert.ChannelTeams},
		Emphasis: "Test", Headline: "Test: the fallback channel of Glasswatch works",
		Meaning: "This comes once a week. Nothing has happened. If it stops coming, the channel is dead.",
		Facts:   []alert.Fact{{Name: "Instance", Value: n.Instance}},
	}
}
