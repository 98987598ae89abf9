package entra

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
