package posture

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// LargestSnapshot is the most bytes that an encoded snapshot may have: 500 policies, 2,000 groups
// and 8 accounts take about a third of it.
const LargestSnapshot = 8 << 20

// Encode writes the snapshot as JSON of at most most bytes. If it is larger, the largest sections
// are left out, each marked as too large, until it fits: a reader says unknown and never sees half
// a section. The error says that even the smallest form does not fit.
func Encode(s Snapshot, most int) ([]byte, error) {
	s.Accounts = slices.Clone(s.Accounts)
	for {
		data, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("encode the posture snapshot: %w", err)
		}
		if len(data) <= most {
			return data, nil
		}
		largest, err := s.largest()
		if err != nil {
			return nil, err
		}
		if largest == nil {
			return nil, fmt.Errorf("encode the posture snapshot: it has %d bytes with nothing in it, and %d are allowed; watch fewer accounts", len(data), most)
		}
		largest.wipe(Gap{Reason: TooLarge})
	}
}

// largest finds the section that takes the most room; nil if all are unread.
func (s *Snapshot) largest() (found part, err error) {
	size := 0
	weigh := func(p part) error {
		if _, missed := p.gap(); missed {
			return nil
		}
		data, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("encode the posture snapshot: %w", err)
		}
		if len(data) > size {
			found, size = p, len(data)
		}
		return nil
	}
	var problems []error
	for _, info := range Sections {
		if info.tenant != nil {
			problems = append(problems, weigh(info.tenant(s)))
			continue
		}
		for n := range s.Accounts {
			problems = append(problems, weigh(info.account(&s.Accounts[n])))
		}
	}
	return found, errors.Join(problems...)
}

// Decode reads what Encode wrote, in this version or an earlier one. Sections that an earlier
// version did not know are unread.
func Decode(data []byte) (Snapshot, error) {
	if len(data) > LargestSnapshot {
		return Snapshot{}, fmt.Errorf("read a posture snapshot: it has %d bytes, and %d are the most", len(data), LargestSnapshot)
	}
	var s Snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return Snapshot{}, fmt.Errorf("read a posture snapshot: %w", err)
	}
	return s, nil
}
