package funchost

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// rawJSON is a finished piece of JSON text.
type rawJSON []byte

type member struct {
	name  string
	value rawJSON
}

// object renders members in the order given.
func object(members ...member) rawJSON {
	out := rawJSON{'{'}
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, m.name), ':')
		out = append(out, m.value...)
	}
	return append(out, '}')
}

// list renders n elements.
func list(n int, element func(i int) rawJSON) rawJSON {
	out := rawJSON{'['}
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, element(i)...)
	}
	return append(out, ']')
}

func text(s string) rawJSON { return appendText(nil, s) }

// twice is the host's double encoding: a JSON string whose content is JSON text.
func twice(inner rawJSON) rawJSON { return text(string(inner)) }

func number(n int64) rawJSON { return strconv.AppendInt(nil, n, 10) }

func null() rawJSON { return rawJSON("null") }

// appendText writes a JSON string as Json.NET does: quote, backslash and control characters are
// escaped, also U+0085, U+2028 and U+2029; everything else, HTML's characters too, stays as it is.
func appendText(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = slices.Grow(append(out, '"'), len(s)+len(s)/4+1)
	start := 0
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		var short byte
		switch {
		case r == '"' || r == '\\':
			short = byte(r)
		case r == '\n':
			short = 'n'
		case r == '\r':
			short = 'r'
		case r == '\t':
			short = 't'
		case r == '\b':
			short = 'b'
		case r == '\f':
			short = 'f'
		case r < ' ' || r == 0x85 || r == 0x2028 || r == 0x2029:
			short = 'u'
		}
		if short != 0 {
			out = append(append(out, s[start:i]...), '\\', short)
			if short == 'u' {
				out = append(out, hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
			}
			start = i + size
		}
		i += size
	}
	return append(append(out, s[start:]...), '"')
}

// decodeUTF8 is .NET's Encoding.UTF8.GetString: each maximal wrong piece becomes one U+FFFD.
func decodeUTF8(body []byte) string {
	if utf8.Valid(body) {
		return string(body)
	}
	out := make([]byte, 0, len(body)+8)
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size == 1 {
			size = wrongPiece(body[i:])
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	return string(out)
}

// wrongPiece is the length of the longest beginning of b that could have become a character, at
// least one byte (Unicode 15, table 3-7 and section 3.9).
func wrongPiece(b []byte) int {
	lead := b[0]
	var length int
	low, high := byte(0x80), byte(0xbf)
	switch {
	case lead >= 0xc2 && lead <= 0xdf:
		length = 2
	case lead >= 0xe0 && lead <= 0xef:
		length = 3
		if lead == 0xe0 {
			low = 0xa0
		} else if lead == 0xed {
			high = 0x9f
		}
	case lead >= 0xf0 && lead <= 0xf4:
		length = 4
		if lead == 0xf0 {
			low = 0x90
		} else if lead == 0xf4 {
			high = 0x8f
		}
	default:
		return 1
	}
	for i := 1; i < length; i++ {
		if i >= len(b) || b[i] < low || b[i] > high {
			return i
		}
		low, high = 0x80, 0xbf
	}
	return length
}

// value renders an AMQP property as Json.NET renders its .NET counterpart.
func value(v any) rawJSON {
	switch v := v.(type) {
	case nil:
		return null()
	case string:
		return text(v)
	case bool:
		return strconv.AppendBool(nil, v)
	case int64:
		return number(v)
	case int32:
		return number(int64(v))
	case int16:
		return number(int64(v))
	case int8:
		return number(int64(v))
	case int:
		return number(int64(v))
	case uint64:
		return strconv.AppendUint(nil, v, 10)
	case uint32:
		return number(int64(v))
	case uint16:
		return number(int64(v))
	case uint8:
		return number(int64(v))
	case float32:
		return float(float64(v), 32)
	case float64:
		return float(v, 64)
	case time.Time:
		return text(v.UTC().Format("2006-01-02T15:04:05.9999999") + "Z")
	case []byte:
		return text(base64.StdEncoding.EncodeToString(v))
	default:
		return text(fmt.Sprint(v))
	}
}

func float(v float64, bits int) rawJSON {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return text(fmt.Sprint(v))
	}
	out := strconv.AppendFloat(nil, v, 'g', -1, bits)
	if !slices.ContainsFunc(out, func(b byte) bool { return b == '.' || b == 'e' }) {
		out = append(out, ".0"...)
	}
	return out
}
