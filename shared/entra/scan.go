package entra

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"iter"
)

// A Scanner decides from the raw body of a host call which of its messages cannot matter, so
// that only the others are decoded. It is safe for concurrent use.
//
// A message cannot matter if it is plainly a list of records, all of a sign-in or Graph activity category
// (see walker), and nothing watched is in it. That nothing is, is shown without decoding anything:
// a character of a watched text can stand in JSON, at whatever level, only as itself, as \uXXXX, or, for
// the slash, after a backslash. If no \uXXXX of a character that matters occurs, each watched
// text would stand in the body as it is, but for letter case and backslashes before slashes. So the
// scan looks, in blocks that stay in the processor's cache, for
//   - such escapes: a backslash before a u (escapes), also of the characters that escapes are made of,
//     which covers escapes of escapes;
//   - object ids and literals: a GUID is 36 bytes long, so one of any 29 windows of eight bytes that follow one
//     another lies on it. One window in 29 is looked up in a small table (needles.gramIn);
//   - names: the bytes around each '@' (needles.nameIn).
//
// The cost is one pass of memory bandwidth and about four passes within the cache; it does not depend on
// how much is watched.
type Scanner struct {
	needles *needles
}

// NewScanner makes the tables for what is watched.
func NewScanner(watch Watch) *Scanner { return &Scanner{newNeedles(watch)} }

// blockSize is small enough that a block and its XORed copy stay in a first-level cache of 32 KiB.
const blockSize = 16 << 10

// frame is how the body of a host call begins: one string, which holds a list of strings.
const frame = `{"Data":{"events":"[`

// Select scans the body of a host call of the function that binds the messages as `events`, with
// cardinality many and data type string. It reports false if the body has not that form: then the
// caller decodes everything. The Selection refers to the body. It allocates nothing for up to 32 messages.
func (s *Scanner) Select(body []byte) (Selection, bool) {
	var sel Selection
	ok := s.scan(body, &sel)
	return sel, ok
}

func (s *Scanner) scan(body []byte, sel *Selection) bool {
	sel.body = body
	if !hasAt(body, 0, frame) {
		return false
	}
	w := walker{b: body, sel: sel, at: len(frame)}
	if hasAt(body, w.at, `]"`) {
		w.at += len(`]"`)
		w.done = true
	}
	var xored [blockSize]byte
	window := w.at
	for from := w.at; !w.done || from < w.at; from += blockSize {
		// First of all, because it is what brings the block into the cache at full speed.
		pairs := xored[:min(blockSize, len(body)-1-from)]
		subtle.XORBytes(pairs, body[from:len(body)-1], body[from+1:from+1+len(pairs)])
		to := min(from+blockSize, len(body))
		if !w.advance(to) {
			return false
		}
		if w.done {
			to = min(to, w.at)
		}
		s.values(body, from, to, &window, sel)
		if !s.escapes(body, from, pairs[:min(len(pairs), to-from)], sel) {
			return false
		}
	}
	sel.Rest = body[w.at:]
	if s.needles.everything {
		for i := range sel.total {
			sel.at(i).look = true
		}
	}
	return hasAt(sel.Rest, 0, "}") || hasAt(sel.Rest, 0, ",")
}

// values marks the messages in which something watched could stand between from and to.
func (s *Scanner) values(body []byte, from, to int, window *int, sel *Selection) {
	n := s.needles
	if len(n.named) > 0 {
		for i := from; i < to; {
			at := n.nameIn(body, i, to)
			if at < 0 {
				break
			}
			i = max(at+1, sel.mark(at))
		}
	}
	for {
		at, next := n.gramIn(body, *window, to)
		*window = next
		if at < 0 {
			break
		}
		if end := min(sel.mark(at), to); next < end {
			*window += (end - next) / n.step * n.step
		}
	}
	if n.foreign {
		for _, letter := range foreignLetters {
			for i := from; i < to; {
				k := bytes.Index(body[i:min(len(body), to+len(letter)-1)], letter)
				if k < 0 {
					break
				}
				i = max(i+k+1, sel.mark(i+k))
			}
		}
	}
}

// escapes looks for a backslash followed by a u. The two bytes are found together in the text XORed with
// itself shifted by one: there the pair is one byte, which the processor finds 32 at a time, and few other
// pairs become the same. It reports false if what separates the messages may not be what it seems.
func (s *Scanner) escapes(body []byte, from int, pairs []byte, sel *Selection) bool {
	for i := 0; i < len(pairs); i++ {
		k := bytes.IndexByte(pairs[i:], '\\'^'u')
		if k < 0 {
			break
		}
		i += k
		if body[from+i] != '\\' {
			continue
		}
		switch s.needles.judge(body, from+i) {
		case escapeOfFrame:
			return false
		case escapeSuspect:
			sel.mark(from + i)
		case escapeHarmless:
		}
	}
	return true
}

// foreignLetters are those beyond ASCII that fold to an ASCII letter: the Kelvin sign and the long s.
var foreignLetters = [...][]byte{[]byte("\u212A"), []byte("\u017F")}

// A Message is one message of a batch as the scan saw it.
type Message struct {
	Start, End int    // where its text stands in the body, escaped twice
	Category   []byte // of its first record if it can be read plainly, else empty; part of the body
	Look       bool   // whether it must be decoded; if not, it cannot matter
}

// A Selection tells which messages of a body to look at. It refers to the body, which must not be changed
// while it is used.
type Selection struct {
	// Rest is what follows the value of Data.events in the body: `},"Metadata":{…}}`.
	Rest []byte

	body  []byte
	total int
	few   [32]span // enough for the batches that host.json allows, so that none need be allocated
	more  []span
}

// A span is a Message without a pointer, which would move the whole Selection to the heap.
type span struct {
	start, end             int
	category, categoryEnds int
	look                   bool
}

// Total is the number of messages in the body.
func (s *Selection) Total() int { return s.total }

// Message returns the i-th message, counted from 0 as in the metadata's arrays.
func (s *Selection) Message(i int) Message {
	m := s.at(i)
	return Message{m.start, m.end, s.body[m.category:m.categoryEnds:m.categoryEnds], m.look}
}

// Candidates yields the messages that must be decoded, in order.
func (s *Selection) Candidates() iter.Seq2[int, Message] {
	return func(yield func(int, Message) bool) {
		for i := range s.total {
			if s.at(i).look && !yield(i, s.Message(i)) {
				return
			}
		}
	}
}

// Escaped returns the text of the i-th message as it stands in the body, escaped twice.
func (s *Selection) Escaped(i int) []byte {
	m := s.at(i)
	return s.body[m.start:m.end:m.end]
}

// Unescape returns the text of the i-th message as it was sent. It fails if the escapes are not those
// of JSON, which the host does not write.
func (s *Selection) Unescape(i int) ([]byte, error) {
	list, ok := unescape(s.Escaped(i))
	if ok {
		var text []byte
		if text, ok = unescape(list); ok {
			return text, nil
		}
	}
	return nil, fmt.Errorf("unescape message %d of the batch: it has an escape that JSON does not know", i)
}

func (s *Selection) at(i int) *span {
	if i < len(s.few) {
		return &s.few[i]
	}
	return &s.more[i-len(s.few)]
}

func (s *Selection) last() *span { return s.at(s.total - 1) }

func (s *Selection) add(start int) {
	if s.total >= len(s.few) {
		s.more = append(s.more, span{})
	}
	s.total++
	s.last().start = start
}

func (s *Selection) noteCategory(from, to int) {
	if m := s.last(); m.categoryEnds == 0 {
		m.category, m.categoryEnds = from, to
	}
}

// mark has the message at a place of the body looked at, and returns the message's end if that is
// known by now.
func (s *Selection) mark(place int) int {
	for i := s.total - 1; i >= 0; i-- {
		if m := s.at(i); m.start <= place {
			m.look = true
			return m.end
		}
	}
	return 0
}
