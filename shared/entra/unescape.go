package entra

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape takes one level of escapes off what stands between the marks of a JSON string. It reports false if
// there is an escape that JSON does not know. Halves of surrogate pairs become U+FFFD, as in encoding/json.
func unescape(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b))
	for {
		n := bytes.IndexByte(b, '\\')
		if n < 0 {
			return append(out, b...), true
		}
		out = append(out, b[:n]...)
		b = b[n:]
		if len(b) < 2 {
			return nil, false
		}
		if b[1] != 'u' {
			c, ok := shortEscape(b[1])
			if !ok {
				return nil, false
			}
			out = append(out, c)
			b = b[2:]
			continue
		}
		r, ok := unit(b)
		if !ok {
			return nil, false
		}
		b = b[len(`\u0000`):]
		if utf16.IsSurrogate(r) {
			// encoding/json leaves a second escape that does not complete the pair for itself.
			if low, ok := unit(b); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				r = utf16.DecodeRune(r, low)
				b = b[len(`\u0000`):]
			} else {
				r = utf8.RuneError
			}
		}
		out = utf8.AppendRune(out, r)
	}
}

func shortEscape(c byte) (byte, bool) {
	switch c {
	case '"', '\\', '/':
		return c, true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, false
}

// unit reads the \uXXXX at the beginning of b.
func unit(b []byte) (rune, bool) {
	if len(b) < len(`\u0000`) || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:len(`\u0000`)] {
		if !isHex(c) {
			return 0, false
		}
		r = r<<4 | rune(hexValue(c))
	}
	return r, true
}
