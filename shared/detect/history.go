package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"glasswatch/shared/breakglass"
	"glasswatch/shared/entra"
)

// MaxHistory is the most that a History takes as JSON, in bytes, whatever the records say.
const MaxHistory = 8 << 10

// window is how far back the rules remember.
const window = 24 * time.Hour

// Bounds of a history. What is forgotten first is the oldest, and forgetting makes things new
// again: it adds alerts and never removes one.
const (
	maxHours     = 36
	maxSuccesses = 16
	maxTokens    = 16
	keptEdge     = 3 // failures kept from each end of an hour: as many as an alarm needs
)

// History is what the rules remember of one stream: bounded, and kept as JSON in its head row.
// Its content is the rules' own affair. The zero value is the history of a new stream. Values are
// never changed once made.
type History struct {
	Failures  []hour                     `json:"failures,omitempty"`  // ascending
	Successes []success                  `json:"successes,omitempty"` // ascending
	Tokens    []int64                    `json:"tokens,omitempty"`    // successes without anybody typing, ascending
	Seen      map[Trait]map[string]int64 `json:"seen,omitempty"`      // when a successful sign-in last showed it
}

// hour counts the failed sign-ins of one hour, and keeps the second of the first and last few:
// enough to tell whether an alarm's worth of them lies in any day that begins or ends within it.
type hour struct {
	Hour  int64 `json:"h"` // since 1970
	Count int   `json:"n"`
	Kept  []int `json:"k"` // seconds within the hour, ascending
}

// success is a successful sign-in with credentials.
type success struct {
	At      int64 `json:"t"`
	Alarmed bool  `json:"a,omitempty"` // that it followed failures has been told
}

// when places an event on the rules' clock, in seconds since 1970. A record cannot place itself
// in the future, where it would push out what we remember.
func when(e breakglass.Event) int64 {
	t := e.HappenedAt
	if !e.ReachedAt.IsZero() && e.ReachedAt.Before(t) {
		t = e.ReachedAt
	}
	return min(max(t.Unix(), 0), 253402300799)
}

// with is the history after the event.
func (h History) with(e breakglass.Event) History {
	at := when(e)
	switch {
	case countsAsFailure(e):
		h.Failures = addFailure(h.Failures, at)
		h.Successes = slices.Clone(h.Successes)
		for i, s := range h.Successes {
			h.Successes[i].Alarmed = s.Alarmed || h.failuresBefore(s.At) >= alarmingFailures
		}
	case isCredentialSuccess(e):
		s := success{At: at, Alarmed: h.failuresBefore(at) >= alarmingFailures}
		place, _ := slices.BinarySearchFunc(h.Successes, at, func(s success, at int64) int { return int(s.At - at) })
		h.Successes = newest(slices.Insert(slices.Clone(h.Successes), place, s), maxSuccesses)
		h.Seen = remember(h.Seen, e, at)
	case isTokenSuccess(e):
		place, _ := slices.BinarySearch(h.Tokens, at)
		h.Tokens = newest(slices.Insert(slices.Clone(h.Tokens), place, at), maxTokens)
		h.Seen = remember(h.Seen, e, at)
	}
	return h
}

// failuresBefore counts the failures of the 24 hours up to and including that second. Of an hour
// that is cut by either end it may count too few, but never fewer than an alarm needs if they are
// there.
func (h History) failuresBefore(at int64) int {
	from := at - int64(window/time.Second)
	n := 0
	for _, bucket := range h.Failures {
		start := bucket.Hour * 3600
		if k := bucket.Kept; len(k) > 0 && start+int64(k[0]) > from && start+int64(k[len(k)-1]) <= at {
			n += bucket.Count
			continue
		}
		for _, second := range bucket.Kept {
			if t := start + int64(second); t > from && t <= at {
				n++
			}
		}
	}
	return n
}

// succeededWithin says whether any sign-in succeeded from that second on, for that long.
func (h History) succeededWithin(from int64, span time.Duration) bool {
	until := from + int64(span/time.Second)
	return slices.ContainsFunc(h.Successes, func(s success) bool { return s.At >= from && s.At <= until }) ||
		slices.ContainsFunc(h.Tokens, func(t int64) bool { return t >= from && t <= until })
}

// unseen lists what the event shows that no success of the 24 hours before it had shown.
func (h History) unseen(e breakglass.Event) []Trait {
	at := when(e)
	var fresh []Trait
	for _, t := range traits {
		last, known := h.Seen[t.trait][traitKey(t.of, e)]
		if !known || at-last > int64(window/time.Second) {
			fresh = append(fresh, t.trait)
		}
	}
	return fresh
}

func addFailure(hours []hour, at int64) []hour {
	place, found := slices.BinarySearchFunc(hours, at/3600, func(b hour, h int64) int { return int(b.Hour - h) })
	hours = slices.Clone(hours)
	if !found {
		hours = slices.Insert(hours, place, hour{Hour: at / 3600})
	}
	bucket := &hours[place]
	bucket.Count++
	second := int(at % 3600)
	i, _ := slices.BinarySearch(bucket.Kept, second)
	bucket.Kept = slices.Insert(slices.Clone(bucket.Kept), i, second)
	if len(bucket.Kept) > 2*keptEdge {
		bucket.Kept = slices.Delete(bucket.Kept, keptEdge, keptEdge+1)
	}
	return newest(hours, maxHours)
}

func newest[T any](ascending []T, limit int) []T {
	return ascending[max(0, len(ascending)-limit):]
}

// traits says how many values of each trait are remembered, and where in a sign-in they stand.
var traits = []struct {
	trait Trait
	limit int
	of    func(*entra.SignIn) string
}{
	{TraitSession, 16, func(s *entra.SignIn) string { return s.SessionID }},
	{TraitApp, 16, func(s *entra.SignIn) string { return firstNonEmpty(s.AppID, s.App) }},
	{TraitAddress, 24, func(s *entra.SignIn) string { return s.IPAddress }},
	{TraitCountry, 12, func(s *entra.SignIn) string { return s.Country }},
	{TraitDevice, 12, func(s *entra.SignIn) string {
		return firstNonEmpty(s.DeviceID, s.OperatingSystem+"\x00"+s.Browser)
	}},
}

func firstNonEmpty(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// traitKey is short whatever the record says, and does not keep the record's text. An absent
// value is a value like any other: the first sign-in without an address is as new as one from a
// new address.
func traitKey(of func(*entra.SignIn) string, e breakglass.Event) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(of(signInOf(e))))))
	return hex.EncodeToString(sum[:8])
}

func remember(seen map[Trait]map[string]int64, e breakglass.Event, at int64) map[Trait]map[string]int64 {
	seen = maps.Clone(seen)
	if seen == nil {
		seen = map[Trait]map[string]int64{}
	}
	for _, t := range traits {
		values := maps.Clone(seen[t.trait])
		if values == nil {
			values = map[string]int64{}
		}
		key := traitKey(t.of, e)
		values[key] = max(values[key], at)
		for len(values) > t.limit {
			delete(values, oldest(values))
		}
		seen[t.trait] = values
	}
	return seen
}

// oldest is the key of the smallest time; of several, the first in the alphabet, so that the same
// events always leave the same history.
func oldest(values map[string]int64) string {
	var found string
	for key, at := range values {
		if found == "" || at < values[found] || at == values[found] && key < found {
			found = key
		}
	}
	return found
}
