package entra

import (
	"bytes"
	"fmt"
	"strconv"
)

// Parse reads one message of the hub. It never fails as a whole: what can be read becomes a
// Record, the rest a Damage, and every byte that carries anything ends in one of them, so that a
// broken record costs only itself. Records and damage own their bytes. A message without records
// (empty, null) gives neither. Parse never panics and takes time in proportion to the message.
//
// Read are: {"records":[…]}, bare records, arrays of records or envelopes, several of these one after
// another, a JSON string that holds any of them (twice at most) and arrays of bytes.
func Parse(message []byte) (records []Record, damaged []Damage) {
	p := parser{}
	p.message(message, 0)
	return p.records, p.damaged
}

const (
	// maxUnwrap is how often text inside a JSON string, or a byte array, is read as a message again.
	maxUnwrap = 2
	// maxArrays is how deep arrays and envelopes may stand in one another around a record.
	maxArrays = 4
)

type parser struct {
	records []Record
	damaged []Damage
	// broken is set once a piece of the message was not JSON. Byte arrays are then no longer read as
	// text: the raw scan looks at a broken message only as bytes, and must not see less than Parse.
	broken bool
}

// message reads values one after another. Where a value is broken it steps into the envelope or array
// that it is, reads on from its first element, and skips to the next thing that looks like a record.
func (p *parser) message(b []byte, unwrapped int) {
	// Every failed attempt at a value costs a look at some of its bytes; hostile text could make that
	// the square of the length.
	budget := 8*len(b) + 1<<16
	var closers []byte // what must still come, innermost last
	opened := 0        // where the innermost broken envelope began
	cut := false       // the cut end of the message has been told
	for i := skipFiller(b, 0); i < len(b); i = skipFiller(b, i) {
		end, bad := skipValue(b, i)
		if bad == "" {
			p.value(b[i:end], unwrapped, 0)
			i = end
			continue
		}
		p.broken = true
		budget -= end - i
		if n := envelopeOpener(b[i:]); n > 0 && budget > 0 && len(closers) < maxDepth {
			closers, opened = append(closers, '}', ']'), i
			i += n
			continue
		}
		if b[i] == '[' && budget > 0 && len(closers) < maxDepth {
			closers, opened = append(closers, ']'), i
			i++
			continue
		}
		if n := len(closers); n > 0 && b[i] == closers[n-1] {
			closers = closers[:n-1]
			i++
			continue
		}
		next := nextRecord(b, i+1, &budget)
		p.damage(b[i:next], bad, fmt.Sprintf("at byte %d", end))
		cut = cut || next == len(b)
		i = next
	}
	if len(closers) > 0 && !cut {
		rest := b[opened:]
		if n := envelopeOpener(rest); n > 0 {
			rest = rest[:n]
		} else {
			rest = rest[:1]
		}
		p.damage(rest, faultTruncated, "the message ends before the list of records does")
	}
}

// skipFiller skips what may stand around values without meaning: white space, commas, NULs,
// byte order marks.
func skipFiller(b []byte, i int) int {
	for i < len(b) {
		switch c := b[i]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',' || c == 0:
			i++
		case c == 0xEF && bytes.HasPrefix(b[i:], []byte("\xEF\xBB\xBF")):
			i += 3
		default:
			return i
		}
	}
	return i
}

// envelopeOpener returns the length of `{"records":[` at the start of b, 0 if it is not there.
func envelopeOpener(b []byte) int {
	if len(b) == 0 || b[0] != '{' {
		return 0
	}
	i := skipSpace(b, 1)
	end, bad := skipKey(b, i)
	if bad != "" || end-i < len(`"records":`) || !equalFold(b[i:i+len(`"records"`)], `"records"`) {
		return 0
	}
	if end = skipSpace(b, end); end == len(b) || b[end] != '[' {
		return 0
	}
	return end + 1
}

// nextRecord returns where the next thing begins that can be read as a record: a complete object
// where an element or a line may begin, with a key that only records have. Without one, it returns the end.
func nextRecord(b []byte, i int, budget *int) int {
	for *budget > 0 {
		n := bytes.IndexByte(b[i:], '{')
		if n < 0 {
			break
		}
		i += n
		if mayBegin(b, i) {
			end, bad := skipValue(b, i)
			if bad == "" && looksLikeRecord(fieldsOf(b[i:end])) {
				return i
			}
			*budget -= end - i
		}
		i++
	}
	return len(b)
}

func mayBegin(b []byte, i int) bool {
	for i--; i >= 0; i-- {
		switch b[i] {
		case ' ', '\t', '\r':
		case '\n', ',', '[', '}', 0, 0xBF:
			return true
		default:
			return false
		}
	}
	return true
}

func looksLikeRecord(o object) bool {
	for _, name := range [...]string{"records", "category", "categoryValue", "operationName", "properties", "timeGenerated"} {
		if o.get(name) != nil {
			return true
		}
	}
	return false
}

// value reads one valid JSON value.
func (p *parser) value(b []byte, unwrapped, arrays int) {
	switch c := b[0]; {
	case c == '{':
		p.object(b, unwrapped, arrays)
	case c == '[':
		p.array(b, unwrapped, arrays)
	case c == '"' && unwrapped < maxUnwrap:
		p.message(unquote(b), unwrapped+1)
	case c == '"':
		p.damage(b, "nested-text", "text inside text inside text, more often than is read")
	case isNull(b):
	default:
		p.damage(b, "not-a-record", "a number or a truth value stands where a record belongs")
	}
}

func (p *parser) array(b []byte, unwrapped, arrays int) {
	if arrays == maxArrays {
		p.damage(b, faultNesting, "arrays in arrays, deeper than is read")
		return
	}
	if text, ok := byteArray(b); ok {
		if unwrapped == maxUnwrap {
			p.damage(b, "nested-text", "text inside text inside text, more often than is read")
			return
		}
		if p.broken {
			p.damage(b, "bytes", "an array of bytes follows what could not be read")
			return
		}
		p.message(text, unwrapped+1)
		return
	}
	for element := range elements(b) {
		p.value(element, unwrapped, arrays+1)
	}
}

// byteArray reads an array of nothing but numbers from 0 to 255.
func byteArray(b []byte) ([]byte, bool) {
	text := make([]byte, 0, len(b)/4+1)
	for element := range elements(b) {
		n, err := strconv.ParseUint(string(element), 10, 8)
		if err != nil {
			return nil, false
		}
		text = append(text, byte(n))
	}
	return text, len(text) > 0
}

// object reads an envelope or a record. An object with a category is a record, whatever else it has.
func (p *parser) object(b []byte, unwrapped, arrays int) {
	fields := fieldsOf(b)
	if !isEnvelope(fields) {
		p.record(b)
		return
	}
	for _, f := range fields {
		switch {
		case !equalFold(f.name, "records"):
			p.damage(f.text, "envelope", "an unknown field stands beside the list of records")
		case arrays == maxArrays:
			p.damage(f.value, faultNesting, "envelopes in envelopes, deeper than are read")
		case f.value[0] == '[' || f.value[0] == '{':
			p.value(f.value, unwrapped, arrays+1)
		default:
			p.value(f.value, unwrapped, arrays)
		}
	}
}

func isEnvelope(o object) bool {
	found := false
	for _, f := range o {
		if equalFold(f.name, "category") && !isNull(f.value) {
			return false
		}
		found = found || equalFold(f.name, "records")
	}
	return found
}

func (p *parser) record(b []byte) {
	r, why := newRecord(bytes.Clone(b))
	if why != "" {
		p.damage(b, why, "the record's properties cannot be read")
		return
	}
	p.records = append(p.records, r)
}

func (p *parser) damage(b []byte, why fault, where string) {
	reasons := map[fault]string{
		faultTruncated: "the text ends in the middle of a value",
		faultSyntax:    "the text is not JSON",
		faultControl:   "a control character stands inside a string",
		faultNesting:   "the text is nested too deeply",
	}
	reason := where
	if r, ok := reasons[why]; ok {
		reason = r + ": " + where
	}
	p.damaged = append(p.damaged, Damage{Raw: bytes.Clone(bytes.TrimRight(b, " \t\r\n")), Reason: reason, Shape: string(why)})
}
