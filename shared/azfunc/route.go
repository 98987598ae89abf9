package azfunc

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// publicPrefix is extensions.http.routePrefix of host.json. Everything that the public can reach is
// below it, and no host call is.
const publicPrefix = "api"

// route is the template of an HTTP function's path, below publicPrefix.
type route struct {
	methods  []string
	segments []segment
}

type segment struct {
	literal  string // empty for a parameter
	name     string // empty for a literal
	optional bool   // only the last segment may be
}

// parseRoute reads "incidents/{id}/close" or "drills/{id?}". Catch-alls and constraints are
// refused: a function must be able to tell from its own function.json what can reach it.
func parseRoute(template string, methods []string) (route, error) {
	parsed := route{methods: methods}
	parts := strings.Split(template, "/")
	for i, part := range parts {
		inner, isParameter := strings.CutPrefix(part, "{")
		if !isParameter {
			if !plainWord(part, ".-_~") || part == "." || part == ".." {
				return route{}, fmt.Errorf("route %q: segment %d is neither a plain word nor a {name}", template, i+1)
			}
			parsed.segments = append(parsed.segments, segment{literal: part})
			continue
		}
		name, closed := strings.CutSuffix(inner, "}")
		name, optional := strings.CutSuffix(name, "?")
		if !closed || !plainWord(name, "_") {
			return route{}, fmt.Errorf("route %q: segment %d must be {name} or {name?}, without constraint or catch-all", template, i+1)
		}
		if optional && i != len(parts)-1 {
			return route{}, fmt.Errorf("route %q: only the last segment can be optional", template)
		}
		if slices.ContainsFunc(parsed.segments, func(s segment) bool { return s.name == name }) {
			return route{}, fmt.Errorf("route %q: {%s} occurs twice", template, name)
		}
		parsed.segments = append(parsed.segments, segment{name: name, optional: optional})
	}
	return parsed, nil
}

// least is the number of segments that a path must have.
func (rt route) least() int {
	if n := len(rt.segments); n > 0 && rt.segments[n-1].optional {
		return n - 1
	}
	return len(rt.segments)
}

// match compares a path, already cut into segments that are still percent-encoded, and returns the
// values of the parameters. Like the host it ignores the case of literals.
func (rt route) match(path []string) (values map[string]string, ok bool) {
	if len(path) < rt.least() || len(path) > len(rt.segments) {
		return nil, false
	}
	values = make(map[string]string, 1)
	for i, given := range path {
		want := rt.segments[i]
		if want.name == "" {
			if !strings.EqualFold(given, want.literal) {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(given)
		if err != nil || !harmless(value) {
			return nil, false
		}
		values[want.name] = value
	}
	return values, true
}

// overlaps says whether some request would match both routes. The host would choose one by rules
// of its own; here that is an error, so that the choice is never made twice and differently.
func (rt route) overlaps(other route) bool {
	shared := slices.ContainsFunc(rt.methods, func(m string) bool { return slices.Contains(other.methods, m) })
	if !shared || rt.least() > len(other.segments) || other.least() > len(rt.segments) {
		return false
	}
	for i := range min(len(rt.segments), len(other.segments)) {
		a, b := rt.segments[i], other.segments[i]
		if a.name == "" && b.name == "" && !strings.EqualFold(a.literal, b.literal) {
			return false
		}
	}
	return true
}

// cutPublicPath cuts the path of a request into its segments below publicPrefix. One slash at the
// end is allowed, as the host does; empty segments are not. Nothing is ever cleaned or redirected.
func cutPublicPath(r *http.Request) ([]string, bool) {
	path, rooted := strings.CutPrefix(r.URL.EscapedPath(), "/")
	prefix, rest, found := strings.Cut(path, "/")
	if !rooted || !found || !strings.EqualFold(prefix, publicPrefix) {
		return nil, false
	}
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if slices.Contains(segments, "") {
		return nil, false
	}
	return segments, true
}

// harmless refuses values that could mean another path to whoever reads them later.
func harmless(value string) bool {
	return value != "" && value != "." && value != ".." &&
		!strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' })
}

// plainWord says whether s is made of ASCII letters, digits and the extra characters only.
func plainWord(s, extra string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune(extra, r)
	})
}
