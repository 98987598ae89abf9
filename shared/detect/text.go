package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clip makes text from outside fit for a sentence: one line, without control characters, bidi
// overrides, zero-width and other invisible characters, and at most limit runes long; what was cut
// off is marked with an ellipsis. It does not escape: that is for each channel to do.
func Clip(s string, limit int) string {
	if limit <= 0 {
		return ""
	}
	var b strings.Builder
	runes, gap, whole := 0, false, true
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = true
			continue
		}
		if !visible(r) {
			continue
		}
		if gap && runes > 0 {
			if runes >= limit-1 {
				whole = false
				break
			}
			b.WriteByte(' ')
			runes++
		}
		gap = false
		if runes == limit {
			whole = false
			break
		}
		b.WriteRune(r)
		runes++
	}
	if whole {
		return b.String()
	}
	kept := strings.TrimRight(firstRunes(b.String(), limit-1), " ")
	return kept + "…"
}

// visible leaves out what a reader would not see, or what would change how the rest is seen.
func visible(r rune) bool {
	switch {
	case r == utf8.RuneError, unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
		return false
	case unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return false
	default:
		return true
	}
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// Bounds on text from records, in runes.
const (
	nameLength   = 64  // a name within a sentence
	factLength   = 160 // the value of a fact
	clauseLength = 120 // a clause within a sentence
)

func name(s string) string { return Clip(s, nameLength) }

// firstOf is the first text that is not empty when clipped to a name's length.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t = name(t); t != "" {
			return t
		}
	}
	return ""
}

// containsAny says whether s, in lower case, holds one of the words.
func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
