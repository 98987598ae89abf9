package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// formatVersion is written into every row. Version 1 stays readable for ever.
const formatVersion = 1

const (
	headKey        = "head"
	entryPrefix    = "entry|"
	partPrefix     = "part|"
	afterKeys      = "~" // sorts after every character that a key may hold
	sequenceDigits = 20

	propertySize     = 64 << 10 // what one binary property holds
	propertiesPerRow = 13       // 832 KiB; a row holds 1 MiB with names and other columns
	rowPayload       = propertySize * propertiesPerRow
)

func entryKey(seq uint64) string { return fmt.Sprintf("%s%0*d", entryPrefix, sequenceDigits, seq) }

func partKey(seq uint64, n int) string {
	return fmt.Sprintf("%s%0*d|%03d", partPrefix, sequenceDigits, seq, n)
}

// sequenceOfKey reads the sequence out of the key of an entry or part row that the ledger itself
// could have written.
func sequenceOfKey(key string) (uint64, bool) {
	rest, isEntry := strings.CutPrefix(key, entryPrefix)
	if !isEntry {
		var isPart bool
		if rest, isPart = strings.CutPrefix(key, partPrefix); !isPart {
			return 0, false
		}
		seq, n, found := strings.Cut(rest, "|")
		if !found || len(n) != 3 {
			return 0, false
		}
		rest = seq
	}
	if len(rest) != sequenceDigits {
		return 0, false
	}
	seq, err := strconv.ParseUint(rest, 10, 64)
	return seq, err == nil && seq > 0
}

// validKey tells whether s holds only what a row key may hold: letters, digits, '-' and '|'.
func validKey(s string) bool {
	return s != "" && len(s) <= 512 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '|')
	})
}

// validName is validKey for stream names and kinds, which must not hold the separator.
func validName(s string) bool { return validKey(s) && !strings.Contains(s, "|") }

// payloadName names the n-th binary property of a row: Payload00, State07.
func payloadName(prefix string, n int) string { return fmt.Sprintf("%s%02d", prefix, n) }

// putBinary spreads b over properties of 64 KiB.
func putBinary(columns map[string]any, prefix string, b []byte) {
	n := 0
	for chunk := range slices.Chunk(b, propertySize) {
		columns[payloadName(prefix, n)] = chunk
		n++
	}
}

// takeBinary joins what putBinary spread. Properties that are absent, of another type or not filled
// where another follows end the payload: the caller compares length and hash.
func takeBinary(columns map[string]any, prefix string) (joined []byte, properties int) {
	first, ok := columns[payloadName(prefix, 0)].([]byte)
	if !ok {
		return nil, 0
	}
	joined, properties = first, 1
	for ; ; properties++ {
		more, ok := columns[payloadName(prefix, properties)].([]byte)
		if !ok {
			return joined, properties
		}
		if properties == 1 {
			joined = slices.Clone(joined)
		}
		joined = append(joined, more...)
	}
}

// RowBytes is what a row of the caller counts towards Tx.Fits: its binary columns as they are, its
// other columns as they travel.
func RowBytes(row Row) int {
	size := len(row.Key)
	for name, value := range row.Columns {
		size += len(name)
		switch v := value.(type) {
		case []byte:
			size += len(v)
		case string:
			quoted, err := json.Marshal(v)
			if err != nil { // a string always marshals
				return transactionBytes + 1
			}
			size += len(quoted)
		default:
			size += 16
		}
	}
	return size
}

// streamSeed is the previous hash of a stream's first entry.
func streamSeed(stream string) string {
	sum := sha256.Sum256([]byte(stream))
	return hex.EncodeToString(sum[:])
}

// chainHash links an entry to the one before it. It is false when previous is not a hash.
func chainHash(previous string, seq uint64, meta string, payloadHash [sha256.Size]byte) (string, bool) {
	var buffer [512]byte
	b := append(buffer[:0], 0)
	b, err := hex.AppendDecode(b, []byte(previous))
	if err != nil || len(b) != 1+sha256.Size {
		return "", false
	}
	b = binary.BigEndian.AppendUint64(b, seq)
	b = append(b, meta...)
	b = append(b, payloadHash[:]...)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), true
}

// metaOf is the part of an entry that stands in columns and is hashed.
func metaOf(kind string, alertable int64, at, refs string) string {
	return kind + "|" + strconv.FormatInt(alertable, 10) + "|" + at + "|" + refs
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// checksum guards the columns of a row that the chain does not commit to against a slip of a bit.
// It is no protection from intent: whoever writes rows can compute it.
func checksum(fields ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(fields, "|")))
	return hex.EncodeToString(sum[:8])
}
