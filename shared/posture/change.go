package posture

import (
	"slices"
	"time"
)

// ChangeKind says why a change of a finding is told at once.
type ChangeKind string

// The kinds.
const (
	Worsened     ChangeKind = "worsened"     // it fails or warns, and did not, or not so badly
	Recovered    ChangeKind = "recovered"    // it failed or warned, and is good now
	WentBlind    ChangeKind = "wentBlind"    // it failed, and now nobody can look: that is no recovery
	StillUnknown ChangeKind = "stillUnknown" // critical, and unknown for two days running
)

// unknownFor is how long a critical check may be unknown before people are told. It is less than
// two whole days, so that two daily runs that start minutes apart in their days are enough.
const unknownFor = 20 * time.Hour

// Change is a change from one run to the next that people are told at once.
type Change struct {
	Kind    ChangeKind
	Finding Finding // as it is now; for a finding that is gone, as it was, with the state Pass
	Before  State   // empty if nothing was found there before
}

// Changes lists what is to be told at once, the worst first: what began to fail or warn, what
// recovered, and critical checks that are unknown for two days running (told once). What stays as
// it was is for the daily digest. An accepted failure is told by nobody until its acceptance ends.
func Changes(previous, current []Finding) []Change {
	before := make(map[Key]Finding, len(previous))
	for _, f := range previous {
		before[f.Key()] = f
	}
	var changes []Change
	now := make(map[Key]bool, len(current))
	for _, f := range current {
		now[f.Key()] = true
		old, known := before[f.Key()]
		if kind, tell := judge(old, known, f); tell {
			changes = append(changes, Change{kind, f, old.State})
		}
	}
	for _, old := range previous {
		if now[old.Key()] || old.State.badness() == 0 {
			continue
		}
		gone := old
		kind := Recovered
		gone.State = Pass
		if blind(current, old) { // its place is taken by an unknown one about the whole
			kind, gone.State = WentBlind, Unknown
		}
		changes = append(changes, Change{kind, gone, old.State})
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		if d := b.Finding.State.badness() - a.Finding.State.badness(); d != 0 {
			return d
		}
		return b.Finding.Severity.Rank() - a.Finding.Severity.Rank()
	})
	return changes
}

func judge(old Finding, known bool, f Finding) (ChangeKind, bool) {
	switch {
	case f.State.badness() > old.State.badness():
		return Worsened, true
	case f.State.badness() > 0, f.State == Accepted, f.State == NotApplicable && !known, f.State == Note:
		return "", false
	case f.State == Unknown:
		if old.State.badness() > 0 {
			return WentBlind, true
		}
		long := f.Seen.Sub(f.LastChanged) >= unknownFor
		told := known && old.State == Unknown && old.Seen.Sub(old.LastChanged) >= unknownFor
		return StillUnknown, f.Severity == Critical && long && !told
	case old.State.badness() > 0:
		return Recovered, true
	}
	return "", false
}

// blind says whether the check is unknown now for the account that an earlier finding was about.
func blind(current []Finding, old Finding) bool {
	return slices.ContainsFunc(current, func(f Finding) bool {
		return f.State == Unknown && f.Check == old.Check && (f.Account == old.Account || f.Account == "")
	})
}

// badness orders the states that people are told about.
func (s State) badness() int {
	switch s {
	case Fail:
		return 2
	case Warn:
		return 1
	case "", Pass, Note, NotApplicable, Unknown, Accepted: // empty: nothing was found before
		return 0
	default:
		return 2
	}
}
