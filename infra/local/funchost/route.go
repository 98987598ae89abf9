package funchost

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// route is a route template such as "incidents/{id}" or "drills/{id?}", below the route prefix.
type route struct {
	template string
	segments []routeSegment
}

type routeSegment struct {
	literal            string // empty for a parameter
	optional, catchAll bool
}

// parseRoute reads literals and the parameters {x}, {x?} and {*x}. Constraints such as {x:int} are
// not played.
func parseRoute(template string) (route, error) {
	r := route{template: template}
	parameter := regexp.MustCompile(`^\{(\*?)[A-Za-z_][A-Za-z0-9_]*(\??)\}$`)
	literal := regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	parts := strings.Split(template, "/")
	for i, part := range parts {
		found := parameter.FindStringSubmatch(part)
		switch {
		case found != nil:
			segment := routeSegment{catchAll: found[1] != "", optional: found[2] != ""}
			if (segment.catchAll || segment.optional) && i != len(parts)-1 {
				return r, fmt.Errorf("%q: an optional or catch-all parameter must come last", template)
			}
			r.segments = append(r.segments, segment)
		case literal.MatchString(part):
			r.segments = append(r.segments, routeSegment{literal: part})
		default:
			return r, fmt.Errorf("%q: the stand-in does not understand the segment %q", template, part)
		}
	}
	return r, nil
}

func (r route) matches(segments []string) bool {
	for i, want := range r.segments {
		switch {
		case want.catchAll:
			return true
		case i >= len(segments):
			return want.optional
		case want.literal != "" && !strings.EqualFold(want.literal, segments[i]):
			return false
		case segments[i] == "":
			return false
		}
	}
	return len(segments) <= len(r.segments)
}

// precedence sorts literals before parameters before optional ones before catch-alls, segment by
// segment, as ASP.NET does.
func (r route) precedence() string {
	var order strings.Builder
	for _, segment := range r.segments {
		switch {
		case segment.catchAll:
			order.WriteByte('4')
		case segment.optional:
			order.WriteByte('3')
		case segment.literal == "":
			order.WriteByte('2')
		default:
			order.WriteByte('1')
		}
	}
	return order.String()
}

// find picks the function for a request, or nil. A route that exists for another method is no route.
func find(functions []function, prefix string, r *http.Request) *function {
	segments, err := pathBelow(prefix, r.URL)
	if err != nil {
		return nil
	}
	candidates := slices.Clone(functions)
	slices.SortStableFunc(candidates, func(a, b function) int {
		return cmp.Compare(a.http.route.precedence(), b.http.route.precedence())
	})
	for _, fn := range candidates {
		allowed := len(fn.http.methods) == 0 || slices.Contains(fn.http.methods, r.Method)
		if allowed && fn.http.route.matches(segments) {
			return &fn
		}
	}
	return nil
}

// pathBelow cuts the route prefix off a request's path. Anything by which a path could mean another
// place to the handler than to the host (dot segments, empty segments, encoded slashes) is refused:
// the handler's own listener also takes the host's calls, which no public request may reach.
func pathBelow(prefix string, target *url.URL) ([]string, error) {
	parts := strings.Split(strings.TrimPrefix(target.EscapedPath(), "/"), "/")
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		last := i == len(parts)-1
		if err != nil || decoded == "." || decoded == ".." || strings.ContainsAny(decoded, "/\\\x00") || (decoded == "" && !last) {
			return nil, errors.New("the path is not canonical")
		}
		parts[i] = decoded
	}
	if len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1] // a trailing slash does not matter to routing
	}
	if !strings.EqualFold(parts[0], prefix) {
		return nil, errors.New("the path is outside the prefix")
	}
	return parts[1:], nil
}
