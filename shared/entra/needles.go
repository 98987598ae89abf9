package entra

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Watch is what the raw scan looks for. Letter case makes no difference, surrounding blanks are ignored.
// Literals below 36 characters make the scan slower, the shorter the more; below eight (as names
// without an '@') they make it look at everything.
type Watch struct {
	IDs      []string // object ids
	Names    []string // user principal names and aliases
	Literals []string // resource ids and whatever else must not be passed over
}

const (
	gramSize = 8                  // bytes compared at once
	guidStep = 36 - gramSize + 1  // how far apart windows may lie for each GUID to cover a whole one
	gramBits = 16                 // the filter has 2^16 bits, 8 KiB: it stays in the first-level cache
	gramFold = 0x2020202020202020 // folds the case of eight letters, and of other bytes into one another
	gramHash = 0x9E3779B97F4A7C15 // any odd multiplier that spreads its input over the upper bits
	farthest = 64                 // no need to step farther
)

// A needle is a text that must be found. Its anchor is the longest run of characters that can
// stand in JSON only as themselves or as \uXXXX.
type needle struct {
	text   []byte // in lower case
	anchor int
}

// A gramPlace is where in a needle a gram stands.
type gramPlace struct {
	needle, at int
}

// needles finds the watched things in raw bytes at the cost of the bytes alone: the tables get fuller
// with more of them, but not slower. It never changes once made.
type needles struct {
	everything bool // something is too short to be found: every message is to be looked at
	step       int  // distance of the windows, 0 if there are no anchors
	filter     [1 << gramBits / 64]uint64
	grams      map[uint64][]gramPlace
	anchored   []needle
	named      []needle   // names, anchored on their '@'
	before     [256]bool  // what may stand before the '@', case folded
	escaped    [0x80]bool // which characters, written as \u00XX, could be part of anything
	foreign    bool       // whether raw letters that fold to an ASCII k or s must be looked for
}

func newNeedles(w Watch) *needles {
	n := &needles{grams: map[uint64][]gramPlace{}}
	// What escapes are made of: with these escaped, anything could be.
	n.mayBeEscaped(`\u0123456789abcdef`)
	for _, id := range w.IDs {
		n.anchor(id)
	}
	for _, literal := range w.Literals {
		n.anchor(literal)
	}
	for _, name := range w.Names {
		if at := strings.LastIndexByte(name, '@'); at >= 0 {
			// Aliases may carry the scheme of a proxy address (SMTP:), which records leave out.
			n.name(strings.ToLower(strings.TrimSpace(name[strings.LastIndexByte(name[:at], ':')+1:])))
		} else if strings.TrimSpace(name) != "" {
			n.anchor(name)
			n.foreign = true
		}
	}
	n.plant()
	return n
}

func (n *needles) mayBeEscaped(text string) {
	for _, c := range []byte(text + strings.ToUpper(text)) {
		if c < 0x80 {
			n.escaped[c] = true
		}
	}
}

func (n *needles) name(text string) {
	n.mayBeEscaped(text)
	at := strings.LastIndexByte(text, '@')
	n.named = append(n.named, needle{[]byte(text), at})
	if at == 0 || !plainInJSON(text[at-1]) {
		for c := range n.before {
			n.before[c] = true
		}
		return
	}
	n.before[text[at-1]] = true
	for c := 0x80; c < 0x100; c++ {
		n.before[c] = true // the end of a letter that may fold to an ASCII one
	}
}

// anchor adds a text that is found by the grams of its longest run.
func (n *needles) anchor(text string) {
	if text = strings.ToLower(strings.TrimSpace(text)); text == "" {
		return
	}
	n.mayBeEscaped(text)
	at, length := 0, 0
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && plainInJSON(text[end]) {
			end++
		}
		if end-i > length {
			at, length = i, end-i
		}
		i = end + 1
	}
	if length < gramSize {
		n.everything = true
		return
	}
	step := min(length-gramSize+1, farthest)
	if n.step == 0 || step < n.step {
		n.step = step
	}
	n.anchored = append(n.anchored, needle{[]byte(text), at})
}

// plainInJSON says whether a character can stand in a JSON string only as itself or as \uXXXX.
func plainInJSON(c byte) bool {
	return c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '/'
}

// plant enters the grams at which a window can lie: of any step positions in a row, one is looked at.
func (n *needles) plant() {
	for i, needle := range n.anchored {
		for at := needle.anchor; at < needle.anchor+n.step; at++ {
			gram := binary.LittleEndian.Uint64(needle.text[at:]) | gramFold
			h := gram * gramHash >> (64 - gramBits)
			n.filter[h>>6] |= 1 << (h & 63)
			n.grams[gram] = append(n.grams[gram], gramPlace{i, at})
		}
	}
}

// gramIn returns the first position from i up to end at which a window lies on a watched thing, and where
// to go on; -1 if there is none.
func (n *needles) gramIn(b []byte, i, end int) (hit, next int) {
	if n.step == 0 {
		return -1, end
	}
	step, filter := n.step, &n.filter
	for end = min(end, len(b)-gramSize+1); i < end; i += step {
		h := (binary.LittleEndian.Uint64(b[i:]) | gramFold) * gramHash >> (64 - gramBits)
		if filter[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		for _, p := range n.grams[binary.LittleEndian.Uint64(b[i:])|gramFold] {
			if matchAround(b, i, n.anchored[p.needle].text, p.at) {
				return i, i + step
			}
		}
	}
	return -1, i
}

// nameIn returns the position of the first '@' from i up to end that stands in a watched name, -1 if
// there is none.
func (n *needles) nameIn(b []byte, i, end int) int {
	for i < end {
		k := bytes.IndexByte(b[i:end], '@')
		if k < 0 {
			return -1
		}
		i += k
		if i > 0 && n.before[lower(b[i-1])] {
			for _, name := range n.named {
				if matchAround(b, i, name.text, name.anchor) {
					return i
				}
			}
		}
		i++
	}
	return -1
}

// matchAround says whether b could hold the text with its character at standing at i. A slash may have
// backslashes before it. Where the comparison meets anything but ASCII, on either side, or a
// character that JSON must escape, it gives up and says yes.
func matchAround(b []byte, i int, text []byte, at int) bool {
	j := i
	for k := at; k < len(text); k++ {
		if text[k] == '/' {
			for j < len(b) && b[j] == '\\' {
				j++
			}
		} else if !plainInJSON(text[k]) {
			break
		}
		if j == len(b) {
			return false
		}
		if b[j] >= 0x80 {
			break
		}
		if lower(b[j]) != text[k] {
			return false
		}
		j++
	}
	for j = i - 1; at > 0; j-- {
		at--
		if text[at] != '/' && !plainInJSON(text[at]) {
			break
		}
		if j < 0 {
			return false
		}
		if b[j] >= 0x80 {
			break
		}
		if lower(b[j]) != text[at] {
			return false
		}
		for text[at] == '/' && j > 0 && b[j-1] == '\\' {
			j--
		}
	}
	return true
}

// An escape is what stands at a backslash followed by a u.
type escape int

const (
	escapeHarmless escape = iota
	escapeSuspect         // it could hide a part of something watched, or of the text's structure
	escapeOfFrame         // it is, or could be, part of what separates the messages from one another
)

// judge says what the \u at i could do. On the wire an escape of the message's own text has four
// backslashes; fewer, or a number that four does not divide, is an escape of the levels around it.
func (n *needles) judge(b []byte, i int) escape {
	backslashes := 1
	for i-backslashes >= 0 && b[i-backslashes] == '\\' {
		backslashes++
	}
	code, ok := unit(b[i:])
	if !ok {
		// No escape as it stands; a digit that is itself escaped is an escape to be judged.
		return escapeHarmless
	}
	switch {
	case backslashes%2 == 1 && (code == '"' || code == '\\'):
		return escapeOfFrame
	case backslashes%4 != 0 && code < 0x80:
		return escapeSuspect
	case code < 0x80 && n.escaped[code]:
		return escapeSuspect
	case code == 0x212A || code == 0x17F: // they fold to k and s
		return escapeSuspect
	}
	return escapeHarmless
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
