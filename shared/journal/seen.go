package journal

import (
	"encoding/hex"
	"fmt"
	"slices"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/ledger"
)

// seen is what a stream knows of one record id: which contents came, and the worst outcome.
type seen struct {
	contents  []byte // 16 bytes each, in order of arrival
	worst     int    // outcome rank
	revisions int
}

const contentSize = 16

// maxContents bounds the row; a content beyond it is stored again each time it comes.
const maxContents = 2048

func readSeen(row ledger.Row) (seen, error) {
	if row.Columns == nil {
		return seen{}, nil
	}
	contents, ok := row.Columns["Contents"].([]byte)
	worst, okWorst := row.Columns["WorstOutcome"].(int64)
	revisions, okRevisions := row.Columns["Revisions"].(int64)
	if !ok || !okWorst || !okRevisions || len(contents)%contentSize != 0 {
		return seen{}, fmt.Errorf("row %s does not hold what was written to it", row.Key)
	}
	return seen{contents: contents, worst: int(worst), revisions: int(revisions)}, nil
}

func (s *seen) row(id string) ledger.Row {
	return ledger.Row{Key: seenKey(id), Columns: map[string]any{
		"FormatVersion": int64(1),
		"Contents":      s.contents,
		"WorstOutcome":  int64(s.worst),
		"Revisions":     int64(s.revisions),
	}}
}

// knows says whether the content came before. A content hash is 32 hex digits.
func (s *seen) knows(contentHash string) bool {
	want, err := hex.DecodeString(contentHash)
	if err != nil || len(want) != contentSize {
		return false
	}
	for known := range slices.Chunk(s.contents, contentSize) {
		if string(known) == string(want) {
			return true
		}
	}
	return false
}

// admit notes a content and says which revision it is, and whether the record is new or its
// outcome got worse.
func (s *seen) admit(contentHash string, outcome breakglass.Outcome) (revision int, tell bool) {
	if raw, err := hex.DecodeString(contentHash); err == nil && len(raw) == contentSize && len(s.contents) < maxContents*contentSize {
		s.contents = append(slices.Clip(s.contents), raw...)
	}
	s.revisions++
	tell = s.revisions == 1 || outcome.Rank() > s.worst
	s.worst = max(s.worst, outcome.Rank())
	return s.revisions, tell
}
