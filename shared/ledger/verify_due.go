package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// cover marks the payloads that a purge entry answers for.
func (s *streamCheck) cover(r span, purged time.Time) {
	kept := time.Duration(0)
	if s.options.Retention != nil {
		kept = s.options.Retention(s.name)
	}
	first, _ := slices.BinarySearchFunc(s.gone, r.from, func(g expiry, sequence uint64) int { return cmp.Compare(g.sequence, sequence) })
	for i := first; i < len(s.gone) && s.gone[i].sequence <= r.to; i++ {
		g := &s.gone[i]
		if purged.Sub(g.at) >= kept {
			g.covered = true
		} else {
			g.early = true
		}
	}
}

// expired counts payloads that went by policy and reports those that went otherwise, one problem
// for each run of entries. Where a later entry is damaged or gone it may have been the purge, so
// only the damage is reported.
func (s *streamCheck) expired() {
	var previous uint64
	for _, g := range s.gone {
		if g.covered {
			s.verdict.Expired++
			continue
		}
		if g.sequence <= s.doubtful && !g.early {
			continue
		}
		if g.sequence != previous+1 || previous == 0 {
			why := "no purge entry covers it"
			if g.early {
				why = "it was purged before its time"
			}
			s.structure = append(s.structure, Problem{s.name, g.sequence, Missing, fmt.Sprintf("the payload of entry %d is gone, and %s", g.sequence, why)})
		}
		previous = g.sequence
	}
}

// compareMarks holds the stream to checkpoints and witnesses. A checkpoint that no longer fits is
// reported only where nothing before it explains that already.
func (s *streamCheck) compareMarks() []Problem {
	var problems []Problem
	explained := func(sequence uint64) bool {
		for _, p := range s.structure {
			if p.Sequence <= sequence {
				return true
			}
		}
		return false
	}
	for _, m := range s.marks[s.name] {
		if s.hashes[m.Sequence] != m.Hash && !explained(m.Sequence) {
			problems = append(problems, Problem{
				s.name, m.Sequence, CheckpointMismatch,
				fmt.Sprintf("a checkpoint names another hash for entry %d, %s", m.Sequence, s.present(m.Sequence)),
			})
			break
		}
	}
	for _, w := range s.options.Witnesses {
		if w.Stream != s.name {
			continue
		}
		if len(w.Hash) < witnessDigits || !strings.HasPrefix(s.hashes[w.Sequence], w.Hash) {
			problems = append(problems, Problem{
				s.name, w.Sequence, WitnessMismatch,
				fmt.Sprintf("a witness names another hash for entry %d, %s", w.Sequence, s.present(w.Sequence)),
			})
		}
	}
	return problems
}

// present says in words what stands at a sequence that a mark or witness names.
func (s *streamCheck) present(sequence uint64) string {
	if hash := s.hashes[sequence]; hash != "" {
		return "which has " + hash[:min(len(hash), witnessDigits)]
	}
	return "which is not there"
}

// unreceipted reports alerts that nobody was told of in time. Where a later entry is damaged or gone
// the receipt may have been there, so only the damage is reported.
func (s *streamCheck) unreceipted() []Problem {
	var problems []Problem
	for _, seq := range s.sortedOwing() {
		due, what := alertDue, "its alert has no receipt"
		if s.owes[seq].alertable == OwesSummary {
			due, what = summaryDue, "no delivered summary tells of it"
		}
		at, err := time.Parse(time.RFC3339Nano, s.owes[seq].time)
		if age := s.options.Now.Sub(at); err == nil && age < due && age > -due {
			s.verdict.Pending++
			continue
		}
		if seq > s.doubtful {
			problems = append(problems, Problem{s.name, seq, Unreceipted, fmt.Sprintf("entry %d: %s", seq, what)})
		}
	}
	return problems
}
