package entra

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Canonical returns the form of a record's properties by which its content is recognised when it
// comes again, perhaps through another diagnostic setting: keys sorted, numbers as written, strings
// with the fewest escapes, without white space. Of duplicate keys the last one counts; keys that differ in case stay
// apart. Left out at the top level is what the log pipeline adds and not the event: __UDI_*, the columns
// that a Log Analytics export adds, processing times and `time`. Canonical of its own result changes nothing.
// It fails on what is not one JSON value nested at most 500 deep.
func Canonical(properties []byte) ([]byte, error) {
	end, bad := skipValue(properties, 0)
	if bad == "" {
		if skipSpace(properties, end) == len(properties) {
			out, _ := canonicalValue(make([]byte, 0, len(properties)), properties, 0, true)
			return out, nil
		}
		bad = faultSyntax
	}
	return nil, fmt.Errorf("bring the properties of a record into canonical form: %w", errors.New(string(bad)))
}

// isPipelineField says whether a field of the properties tells about the log pipeline.
// processingTimeInMilliseconds is measured by each publisher anew; the underscored names are standard
// columns of Azure Monitor Logs.
func isPipelineField(name []byte) bool {
	switch string(bytes.ToLower(name)) {
	case "time", "processingtimeinmilliseconds", "processingtimeinms", "latencyms", "latencyinmilliseconds",
		"_timereceived", "_itemid", "_billedsize", "_isbillable", "_internal_workspaceresourceid":
		return true
	}
	return len(name) >= len("__UDI_") && equalFold(name[:len("__UDI_")], "__UDI_")
}

// canonicalValue appends the value at i, which was skipped as valid, and returns the index after it.
func canonicalValue(out, b []byte, i int, outermost bool) ([]byte, int) {
	i = skipSpace(b, i)
	switch b[i] {
	case '{':
		return canonicalObject(out, b, i, outermost)
	case '[':
		out = append(out, '[')
		i = skipSpace(b, i+1)
		for n := 0; b[i] != ']'; n++ {
			if n > 0 {
				out = append(out, ',')
			}
			out, i = canonicalValue(out, b, i, false)
			if i = skipSpace(b, i); b[i] == ',' {
				i++
			}
		}
		return append(out, ']'), i + 1
	case '"':
		end, _ := skipString(b, i)
		return appendQuoted(out, unquote(b[i:end])), end
	default:
		end, _ := skipValue(b, i)
		return append(out, b[i:end]...), end
	}
}

func canonicalObject(out, b []byte, i int, outermost bool) ([]byte, int) {
	type member struct {
		name     string
		from, to int // in values
	}
	var members []member
	var values []byte
	for i = skipSpace(b, i+1); b[i] != '}'; {
		end, _ := skipString(b, i)
		name := unquote(b[i:end])
		i = skipSpace(b, end) + 1
		from := len(values)
		values, i = canonicalValue(values, b, i, false)
		if !outermost || !isPipelineField(name) {
			members = append(members, member{string(name), from, len(values)})
		}
		if i = skipSpace(b, i); b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	slices.SortStableFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	out = append(out, '{')
	first := true
	for n, m := range members {
		if n+1 < len(members) && members[n+1].name == m.name {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendQuoted(out, []byte(m.name))
		out = append(out, ':')
		out = append(out, values[m.from:m.to]...)
	}
	return append(out, '}'), i + 1
}

// appendQuoted writes a JSON string that escapes only what it must.
func appendQuoted(out, text []byte) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
