package entra

import "bytes"

// quote is a quotation mark of a message's own text as it stands on the wire, escaped twice.
const quote = `\\\"`

// A walker follows the frame of a host call and the outline of its messages. It finds where each
// message ends, and whether the message is plainly a list of sign-in and Graph activity records.
//
// What it must never do is to take a record for a part of the one before it. It counts the depth
// of braces, hopping from one '{' to the next and counting the '}' between them, and keeps its count from ever being
// higher than the true depth: where a record truly ends the count has come to nothing before or
// there, and then the next thing must plainly be another such record or the end, or the message is to be
// looked at. The count is never too high because
//   - every '}' is counted, also one inside a string;
//   - a '{' is counted only where it is certainly outside strings: after `x":` or `x":[`, where x is a
//     letter or digit. The mark before the colon then closes a string, as one that opens a string
//     follows a comma, colon, bracket or white space (which on the wire is a blank or a backslash and a letter);
//   - or after `},`, whose own '}' was counted: inside a string the two cancel each other out;
//   - or after reading the strings one by one from a place that is certainly outside (exact).
//
// This holds for every message that is JSON. Of one that is not, nothing can be said but that no
// watched thing is in it, and two that are broken in ways that complete one another may be taken for
// one: the caller should hold Total against the host's metadata.
type walker struct {
	b     []byte
	sel   *Selection
	at    int  // the next byte
	in    bool // inside a message
	done  bool // after the last message
	begin int  // of the message
	depth int  // never more than the true depth below the list of records
	// From here strings can be followed exactly: a place outside strings, and the count there.
	outside, outsideDepth int
	single                int // up to here `},{` are not passed together
}

// advance walks on to limit or a little beyond. It reports false if the frame is not the expected one.
func (w *walker) advance(limit int) bool {
	limit = min(limit, len(w.b))
	for w.at < limit && !w.done {
		if !w.in {
			if !hasAt(w.b, w.at, `\"`) {
				return false
			}
			w.at += 2
			w.in, w.begin = true, w.at
			w.sel.add(w.at)
			const opener = `{` + quote + `records` + quote + `:[`
			if !hasAt(w.b, w.at, opener) {
				if !w.odd() {
					return false
				}
				continue
			}
			w.at += len(opener)
			if !w.record() && !w.odd() {
				return false
			}
			continue
		}
		if !w.inside(limit) && !w.odd() {
			return false
		}
	}
	return w.done || w.at < len(w.b)
}

// inside walks on, to limit at most. It reports false if the message is not plain.
//
// It passes `},{` as often as they come, because lists of policies are most of a sign-in. Each ends an
// object and begins one, so with n more '}' than that the count falls by n, and on the way never by more than n+1.
func (w *walker) inside(limit int) bool {
	first, open, pairs := w.nextOpener(limit)
	closed := bytes.Count(w.b[w.at:open], closeBrace) - pairs
	if pairs > 0 && closed+1 >= w.depth {
		// Somewhere on the way the record may end: go from '{' to '{'.
		w.single, open = open, first
		closed = bytes.Count(w.b[w.at:open], closeBrace)
	}
	if closed >= w.depth {
		return w.recordEnd()
	}
	w.depth -= closed
	w.at = open
	return open == limit || w.opener()
}

// nextOpener returns where the next '{' is, and the next that is not in a `},{`, and how many are on the
// way to it; the limit in place of what is not there.
func (w *walker) nextOpener(limit int) (first, open, pairs int) {
	first = limit
	for i := w.at; i < limit; i++ {
		k := bytes.IndexByte(w.b[i:limit], '{')
		if k < 0 {
			break
		}
		i += k
		first = min(first, i)
		if i < w.single || i-2 < w.at || w.b[i-1] != ',' || w.b[i-2] != '}' {
			return first, i, pairs
		}
		pairs++
	}
	return first, limit, pairs
}

var closeBrace = []byte{'}'}

// recordEnd goes to where the count comes to nothing. There the next record or the end must follow.
func (w *walker) recordEnd() bool {
	for range w.depth {
		w.at += bytes.IndexByte(w.b[w.at:], '}') + 1
	}
	w.depth = 0
	switch {
	case hasAt(w.b, w.at, ",{"):
		w.at++
		return w.record()
	case hasAt(w.b, w.at, `]}\"`):
		return w.end(w.at + len(`]}`))
	}
	return false
}

// opener counts the '{' at the present place.
func (w *walker) opener() bool {
	b, i := w.b, w.at
	switch {
	case b[i-1] == ',' && b[i-2] == '}':
		w.depth++
		w.at++
		return true
	case b[i-1] == ':' && w.closesKey(i-1), b[i-1] == '[' && b[i-2] == ':' && w.closesKey(i-2):
		w.depth++
		w.at++
		w.outside, w.outsideDepth = w.at, w.depth
		return true
	}
	return w.exact()
}

// closesKey says whether a mark that certainly closes a string ends before i.
func (w *walker) closesKey(i int) bool {
	b := w.b[:i]
	if i < w.begin+len(quote)+2 || !bytes.HasSuffix(b, quoteBytes) {
		return false
	}
	c := b[i-len(quote)-1]
	return (c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') && b[i-len(quote)-2] != '\\'
}

var quoteBytes = []byte(quote)

// exact reads strings one by one from the last place known to be outside of them to the first such
// place after the present one.
func (w *walker) exact() bool {
	target := w.at
	i, depth, inString := w.outside, w.outsideDepth, false
	for ; i <= target || inString; i++ {
		if i == len(w.b) {
			return false
		}
		switch w.b[i] {
		case '"':
			// Eight backslashes are one escaped backslash of the message; three belong to the mark.
			if k := backslashesBefore(w.b, i, w.begin); k%8 == 3 {
				inString = !inString
			} else if k%4 != 3 {
				return false
			}
		case '{':
			if !inString {
				depth++
			}
		case '}':
			if !inString {
				depth--
			}
		}
		if depth < 1 {
			return false
		}
	}
	w.at, w.depth = i, depth
	w.outside, w.outsideDepth = i, depth
	return true
}

// odd marks the message to be looked at and finds its end mark by mark.
func (w *walker) odd() bool {
	w.sel.last().look = true
	for i := w.begin; ; i++ {
		n := bytes.IndexByte(w.b[i:], '"')
		if n < 0 {
			return false
		}
		i += n
		switch backslashesBefore(w.b, i, w.begin) % 4 {
		case 1:
			return w.end(i - 1)
		case 3: // a mark of the message
		default:
			return false
		}
	}
}

// end closes the message whose text ends at i, and goes on to the next.
func (w *walker) end(i int) bool {
	w.sel.last().end = i
	w.in, w.at = false, i+len(`\"`)
	switch {
	case hasAt(w.b, w.at, ","):
		w.at++
	case hasAt(w.b, w.at, `]"`):
		w.at += len(`]"`)
		w.done = true
	default:
		return false
	}
	return true
}

func backslashesBefore(b []byte, i, from int) int {
	n := 0
	for i-n > from && b[i-n-1] == '\\' {
		n++
	}
	return n
}

// hasAt says whether text stands at i.
func hasAt(b []byte, i int, text string) bool {
	return i >= 0 && i <= len(b)-len(text) && string(b[i:i+len(text)]) == text
}
