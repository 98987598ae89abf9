package entra

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

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
