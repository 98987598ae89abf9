package entra

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// maxDepth is the deepest nesting that is read. Real records nest 8 deep; encoding/json stops
// at 10,000, which still costs a forger little and us a lot.
const maxDepth = 500

// A fault is the short stable name of what is wrong with a piece of JSON; empty means nothing.
type fault string

const (
	faultTruncated fault = "truncated"
	faultSyntax    fault = "syntax"
	faultControl   fault = "control-character"
	faultNesting   fault = "nesting"
)

// skipSpace returns the index of the first byte at or after i that is not JSON white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the index after the JSON value that begins at or after i. It accepts exactly
// what encoding/json accepts (a fuzz test holds it to that), but for nesting beyond maxDepth. With a
// fault the index says where.
func skipValue(b []byte, i int) (int, fault) {
	var open [maxDepth]byte
	depth := 0
	for {
		i = skipSpace(b, i)
		if i == len(b) {
			return i, faultTruncated
		}
		var bad fault
		switch c := b[i]; c {
		case '{', '[':
			if depth == maxDepth {
				return i, faultNesting
			}
			open[depth] = c
			depth++
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 { // '}' and ']' follow '{' and '[' at a distance of two
				depth--
				i++
				break
			}
			if c == '{' {
				if i, bad = skipKey(b, i); bad != "" {
					return i, bad
				}
			}
			continue
		case '"':
			i, bad = skipString(b, i)
		case 't':
			i, bad = skipWord(b, i, "true")
		case 'f':
			i, bad = skipWord(b, i, "false")
		case 'n':
			i, bad = skipWord(b, i, "null")
		default:
			i, bad = skipNumber(b, i)
		}
		if bad != "" {
			return i, bad
		}
		for more := false; !more; {
			if depth == 0 {
				return i, ""
			}
			i = skipSpace(b, i)
			if i == len(b) {
				return i, faultTruncated
			}
			switch {
			case b[i] == ',' && open[depth-1] == '{':
				if i, bad = skipKey(b, skipSpace(b, i+1)); bad != "" {
					return i, bad
				}
				more = true
			case b[i] == ',':
				i++
				more = true
			case b[i] == open[depth-1]+2:
				depth--
				i++
			default:
				return i, faultSyntax
			}
		}
	}
}

// skipKey skips an object's key and the colon after it.
func skipKey(b []byte, i int) (int, fault) {
	i, bad := skipString(b, i)
	if bad != "" {
		return i, bad
	}
	i = skipSpace(b, i)
	switch {
	case i == len(b):
		return i, faultTruncated
	case b[i] != ':':
		return i, faultSyntax
	}
	return i + 1, ""
}

func skipString(b []byte, i int) (int, fault) {
	if i == len(b) {
		return i, faultTruncated
	}
	if b[i] != '"' {
		return i, faultSyntax
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, ""
		case c < ' ':
			return i, faultControl
		case c == '\\':
			i++
			if i == len(b) {
				return i, faultTruncated
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					i++
					if i == len(b) {
						return i, faultTruncated
					}
					if !isHex(b[i]) {
						return i, faultSyntax
					}
				}
			default:
				return i, faultSyntax
			}
		}
	}
	return i, faultTruncated
}

func skipWord(b []byte, i int, word string) (int, fault) {
	for k := range len(word) {
		if i+k == len(b) {
			return i + k, faultTruncated
		}
		if b[i+k] != word[k] {
			return i + k, faultSyntax
		}
	}
	return i + len(word), ""
}

func skipNumber(b []byte, i int) (int, fault) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i == len(b):
		return i, faultTruncated
	case b[i] == '0':
		i++
	case b[i] >= '1' && b[i] <= '9':
		i = skipDigits(b, i)
	default:
		return i, faultSyntax
	}
	if i < len(b) && b[i] == '.' {
		from := i + 1
		if i = skipDigits(b, from); i == from {
			return noDigit(b, i)
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if i = skipDigits(b, from); i == from {
			return noDigit(b, i)
		}
	}
	return i, ""
}

func noDigit(b []byte, i int) (int, fault) {
	if i == len(b) {
		return i, faultTruncated
	}
	return i, faultSyntax
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// elements yields the values of a valid JSON array.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := skipSpace(array, 1)
		for i < len(array) && array[i] != ']' {
			end, bad := skipValue(array, i)
			if bad != "" || !yield(array[i:end:end]) {
				return
			}
			i = skipSpace(array, end)
			if i < len(array) && array[i] == ',' {
				i = skipSpace(array, i+1)
			}
		}
	}
}

// A field is one member of an object: its decoded name, its value as written, and both together as written.
type field struct {
	name  []byte
	value []byte
	text  []byte
}

// An object is a JSON object in the order of its text, duplicates included.
type object []field

// fieldsOf splits a valid JSON object.
func fieldsOf(text []byte) object {
	fields := make(object, 0, 16)
	i := skipSpace(text, 1)
	for i < len(text) && text[i] == '"' {
		keyEnd, bad := skipString(text, i)
		if bad != "" {
			return fields
		}
		name, start := unquote(text[i:keyEnd]), i
		i = skipSpace(text, skipSpace(text, keyEnd)+1)
		end, bad := skipValue(text, i)
		if bad != "" {
			return fields
		}
		fields = append(fields, field{name, text[i:end:end], text[start:end:end]})
		i = skipSpace(text, end)
		if i < len(text) && text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
	return fields
}

// get returns the value under a name, nil if there is none or null. Names are compared
// without regard to case, because producers change it; an exact spelling wins, then the last.
func (o object) get(name string) []byte {
	var exact, folded []byte
	for _, f := range o {
		if len(f.name) != len(name) || !equalFold(f.name, name) || isNull(f.value) {
			continue
		}
		if string(f.name) == name {
			exact = f.value
		} else {
			folded = f.value
		}
	}
	if exact != nil {
		return exact
	}
	return folded
}

// text returns the first of the named values that is a scalar with something in it.
func (o object) text(names ...string) string {
	for _, name := range names {
		if s := scalar(o.get(name)); s != "" {
			return s
		}
	}
	return ""
}

// object returns the first of the named values that can be read as an object, nil if none can.
func (o object) object(names ...string) object {
	for _, name := range names {
		if text, ok := container(o.get(name), '{'); ok {
			return fieldsOf(text)
		}
	}
	return nil
}

// list yields the elements of the first of the named values that can be read as an array.
func (o object) list(names ...string) iter.Seq[[]byte] {
	for _, name := range names {
		if text, ok := container(o.get(name), '['); ok {
			return elements(text)
		}
	}
	return func(func([]byte) bool) {}
}

// container returns a value that is an object or array, or a string that holds the text of one
// (as in the rows of a Log Analytics export), as its JSON text.
func container(value []byte, open byte) ([]byte, bool) {
	if len(value) > 0 && value[0] == '"' {
		value = bytes.TrimSpace(unquote(value))
		if len(value) == 0 || value[0] != open {
			return nil, false
		}
		if end, bad := skipValue(value, 0); bad != "" || end != len(value) {
			plain, ok := plainQuotes(value)
			return plain, ok && plain[0] == open
		}
	}
	return value, len(value) > 0 && value[0] == open
}

// plainQuotes turns text with single quotes, as some producers write it ({'a':'b'}), into JSON,
// if it can be read so without a doubt.
func plainQuotes(text []byte) ([]byte, bool) {
	out := make([]byte, 0, len(text)+16)
	inside := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			out = append(out, '"')
			inside = !inside
		case !inside && c == '"':
			return nil, false
		case inside && c == '"':
			out = append(out, '\\', '"')
		case inside && c == '\\' && i+1 < len(text) && text[i+1] == '\'':
			out = append(out, '\'')
			i++
		case inside && c == '\\' && i+1 < len(text):
			out = append(out, c, text[i+1])
			i++
		default:
			out = append(out, c)
		}
	}
	end, bad := skipValue(out, 0)
	return out, bad == "" && end == len(out)
}

// scalar returns a string, number or bool as text, and nothing for null, objects and arrays.
func scalar(value []byte) string {
	if len(value) == 0 || value[0] == '{' || value[0] == '[' || isNull(value) {
		return ""
	}
	if value[0] == '"' {
		return string(unquote(value))
	}
	return string(value)
}

func isNull(value []byte) bool { return len(value) == 4 && value[0] == 'n' }

// unquote returns what a valid JSON string says; it shares memory with it where it can.
func unquote(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return inner // cannot happen: the string was skipped as valid
	}
	return []byte(s)
}

// equalFold compares without regard to the case of ASCII letters.
func equalFold[T, U ~string | ~[]byte](a T, b U) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
