package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	maxRefs       = 1 << 16 // references of one entry
	maxRefsColumn = 30_000  // a string property holds 32 Ki characters
)

// span is a closed range of sequences.
type span struct{ from, to uint64 }

// formatRefs writes ascending sequences as ranges: 3-5,9.
func formatRefs(refs []uint64) (string, error) {
	if len(refs) > maxRefs {
		return "", fmt.Errorf("an entry with %d references; at most %d are taken", len(refs), maxRefs)
	}
	var b strings.Builder
	for i := 0; i < len(refs); {
		j := i
		for j+1 < len(refs) && refs[j+1] == refs[j]+1 {
			j++
		}
		if j+1 < len(refs) && refs[j+1] <= refs[j] {
			return "", fmt.Errorf("references are not ascending at %d", refs[j+1])
		}
		if refs[i] == 0 {
			return "", errors.New("a reference to sequence 0; sequences begin at 1")
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(refs[i], 10))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.FormatUint(refs[j], 10))
		}
		i = j + 1
	}
	if b.Len() > maxRefsColumn {
		return "", fmt.Errorf("references need %d characters; at most %d are taken", b.Len(), maxRefsColumn)
	}
	return b.String(), nil
}

// parseSpans reads what formatRefs wrote.
func parseSpans(s string) ([]span, error) {
	if s == "" {
		return nil, nil
	}
	var spans []span
	for field := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(field, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 64)
		to, err2 := strconv.ParseUint(last, 10, 64)
		if err != nil || err2 != nil || from == 0 || to < from || (len(spans) > 0 && from <= spans[len(spans)-1].to) {
			return nil, fmt.Errorf("references %q are no ascending ranges", field)
		}
		spans = append(spans, span{from, to})
	}
	return spans, nil
}

// expandSpans lists the sequences, at most maxRefs of them.
func expandSpans(spans []span) ([]uint64, error) {
	var refs []uint64
	for _, s := range spans {
		if s.to-s.from >= maxRefs || uint64(len(refs))+s.to-s.from >= maxRefs {
			return nil, fmt.Errorf("more than %d references", maxRefs)
		}
		for seq := s.from; seq <= s.to; seq++ {
			refs = append(refs, seq)
		}
	}
	return refs, nil
}
