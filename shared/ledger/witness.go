package ledger

import (
	"fmt"
	"regexp"
	"strconv"
)

// witnessDigits is how much of a hash a message carries.
const witnessDigits = 12

// Witness is what a message's foot says of an entry: evidence kept where the ledger's owner cannot
// change it.
type Witness struct {
	Stream   string
	Sequence uint64
	Hash     string // the first 12 hex digits of the entry's hash
}

// WitnessOf is the witness of an entry.
func WitnessOf(s Sealed) Witness {
	return Witness{Stream: s.Stream, Sequence: s.Sequence, Hash: s.Hash[:min(len(s.Hash), witnessDigits)]}
}

// String is the witness line: "<stream>#<sequence> <12 hex digits>".
func (w Witness) String() string { return fmt.Sprintf("%s#%d %s", w.Stream, w.Sequence, w.Hash) }

// FindWitnesses finds all witness lines in a text, such as a message pasted from a channel, also
// where the hash was written longer.
func FindWitnesses(text string) []Witness {
	pattern := regexp.MustCompile(`([A-Za-z0-9-]+)#([0-9]{1,20})\s+([0-9a-f]{12,64})\b`)
	var found []Witness
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		seq, err := strconv.ParseUint(match[2], 10, 64)
		if err != nil || seq == 0 {
			continue
		}
		found = append(found, Witness{Stream: match[1], Sequence: seq, Hash: match[3]})
	}
	return found
}
