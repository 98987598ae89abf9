package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
	"glasswatch/shared/journal"
	"glasswatch/shared/posture"
)

// lockouts answers what a policy change does to an account, from the newest posture snapshot. It is
// safe for concurrent use.
type lockouts struct {
	policy posture.Policy
	now    func() time.Time
	log    *slog.Logger

	lock   sync.Mutex
	looked time.Time
	taken  time.Time
	answer func(old, updated, account string) detect.LockoutAnswer
	newest posture.Snapshot
}

// lookAgain is how long a snapshot is taken for the newest without asking.
const lookAgain = time.Minute

// refresh reads the newest snapshot, if there may be a newer one than is known. What fails leaves
// the older one, whose age every answer states.
func (l *lockouts) refresh(ctx context.Context, j *journal.Journal) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.now().Sub(l.looked) < lookAgain {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	stored, at, err := j.LatestSnapshot(ctx)
	if err != nil {
		l.log.Warn("the posture snapshot could not be read: effects of policy changes rest on an older one, or are unknown", "error", err.Error())
		return
	}
	l.looked = l.now()
	if stored == nil || at.Equal(l.taken) {
		return
	}
	snapshot, err := posture.Decode(stored)
	if err != nil {
		l.log.Error("the posture snapshot is not readable", "error", err.Error())
		return
	}
	l.taken, l.newest, l.answer = at, snapshot, posture.Lockout(snapshot, l.policy)
}

// effect is the answer for detect.Setting.
func (l *lockouts) effect(old, updated, account string) detect.LockoutAnswer {
	l.lock.Lock()
	answer := l.answer
	l.lock.Unlock()
	if answer == nil {
		return detect.LockoutAnswer{Effect: detect.EffectUnknown, Because: "there is no posture snapshot yet"}
	}
	return answer(old, updated, account)
}

// Bounds on the recovery facts of a card.
const (
	suspectsShown = 3
	recentEntries = 40 // newest entries of the tenant's stream that are looked through for changes
)

// recovery is what an emergency sign-in's card says of what probably locked people out: the
// policies changed in the 24 hours before, and those that block most administrators. It is empty
// if nothing is known, and never takes longer than its context.
func (l *lockouts) recovery(ctx context.Context, j *journal.Journal, at time.Time) []alert.Fact {
	l.refresh(ctx, j)
	l.lock.Lock()
	snapshot, taken := l.newest, l.taken
	l.lock.Unlock()
	if taken.IsZero() {
		return nil
	}
	recent, err := j.PolicyChanges(ctx, recentEntries)
	if err != nil {
		l.log.Warn("recent policy changes could not be read", "error", err.Error())
	}
	changes := make([]posture.RecentChange, 0, len(recent))
	for _, c := range recent {
		changes = append(changes, posture.RecentChange(c))
	}
	var facts []alert.Fact
	for n, s := range posture.LockedOutBy(snapshot, l.policy, changes, at) {
		if n == suspectsShown {
			break
		}
		facts = append(facts, alert.Fact{Name: fmt.Sprintf("Suspect %d", n+1), Value: s.Because})
	}
	if len(facts) > 0 {
		facts = append([]alert.Fact{{Name: "If you are locked out", Value: "these policies probably did it, the likeliest first (as of " + taken.UTC().Format("2006-01-02 15:04 UTC") + ")"}}, facts...)
	}
	return facts
}
