// Package outside makes text that strangers wrote safe to show on one line.
package outside

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as one line of at most most runes (a most below 1 gives ""). Control characters
// and line breaks become a space, runs of white space become one, and what cannot be seen or turns
// the direction of writing (Unicode category Cf, variation selectors, lone surrogates, broken
// UTF-8) is left out. A line that was cut ends by saying how many characters are not shown, if
// there is room for that, else in "…". The cost grows with the length of s, and no rune is split.
func Line(s string, most int) string {
	if most < 1 {
		return ""
	}
	var b strings.Builder
	kept, dropped := 0, 0
	gap := false // white space was seen and not yet written
	put := func(r rune) {
		if kept >= most {
			dropped++
			return
		}
		b.WriteRune(r)
		kept++
	}
	for i, r := range s {
		switch {
		case r == utf8.RuneError && strings.HasPrefix(s[i:], "\uFFFD"):
			// A replacement character that was written as such is shown as such.
		case r == utf8.RuneError || invisible(r):
			continue
		case unicode.IsSpace(r) || unicode.IsControl(r):
			gap = true
			continue
		}
		if gap && kept > 0 {
			put(' ')
		}
		gap = false
		put(r)
	}
	if dropped == 0 {
		return b.String()
	}
	return cut([]rune(b.String()), dropped)
}

// cut makes room at the end of line, which is full, for word of what is missing.
func cut(line []rune, dropped int) string {
	end := []rune("…")
	for range 3 { // the count grows by what the words about it push out, at most by one digit
		words := []rune("… (" + strconv.Itoa(dropped+len(end)) + " more characters)")
		if len(words)*3 > len(line) {
			break
		}
		end = words
	}
	return strings.TrimRight(string(line[:len(line)-len(end)]), " ") + string(end)
}

// invisible holds what takes no room on a screen and can so hide or turn other text.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Co, r) || r == '\u034f' || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0'
}
