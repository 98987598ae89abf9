package sample

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

// Generator invents records. The same seed and the same calls in the same order give the same
// bytes. It is not safe for concurrent use.
type Generator struct {
	Tenant *Tenant
	// Now is the time of a record whose options name none; each such record moves it on by some
	// seconds. New sets it to a fixed time: a caller that needs the present sets it.
	Now time.Time

	state uint64 // of the sequence of numbers
}

// New makes a generator with a tenant of its own.
func New(seed uint64) *Generator {
	g := &Generator{
		Now:   time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC),
		state: seed,
	}
	g.Tenant = newTenant(g)
	return g
}

// number is the next of the sequence (SplitMix64): predictable on purpose, and the same whatever
// the release of Go, because a failing test must be repeatable from its seed.
func (g *Generator) number() uint64 {
	g.state += 0x9e3779b97f4a7c15
	z := g.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (g *Generator) below(n int) int { return int(g.number() >> 33 % uint64(n)) }

// GUID invents a random identifier in lower case.
func (g *Generator) GUID() string {
	b := g.bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// hex invents n hex digits.
func (g *Generator) hex(n int) string { return hex.EncodeToString(g.bytes((n + 1) / 2))[:n] }

func (g *Generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.number() >> 56)
	}
	return b
}

// between picks a number from low to high, both included.
func (g *Generator) between(low, high int) int { return low + g.below(high-low+1) }

// chance is true with the probability of percent in a hundred.
func (g *Generator) chance(percent int) bool { return g.below(100) < percent }

func pick[T any](g *Generator, from []T) T { return from[g.below(len(from))] }

// moment is at, or the generator's own time if at is zero.
func (g *Generator) moment(at time.Time) time.Time {
	if !at.IsZero() {
		return at.UTC()
	}
	g.Now = g.Now.Add(time.Duration(g.between(200, 4000)) * time.Millisecond)
	return g.Now.UTC()
}

// pipelineDelay is how much later than the event the log pipeline handled a sign-in: 48 to 222 s
// in captures since 2023.
func (g *Generator) pipelineDelay() time.Duration {
	return time.Duration(g.between(48_000, 222_000)) * time.Millisecond
}

func or(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

// stamp writes a time as the log pipeline does: seven digits of fraction and Z.
func stamp(t time.Time) Text { return Text(t.UTC().Format("2006-01-02T15:04:05.0000000Z")) }

// stampOffset writes a time with +00:00 in place of Z.
func stampOffset(t time.Time) Text {
	return Text(t.UTC().Format("2006-01-02T15:04:05.0000000") + "+00:00")
}

// stampUS writes a time as risk and some service principal logs do.
func stampUS(t time.Time) Text { return Text(t.UTC().Format("1/2/2006 3:04:05 PM")) }

// tokenIdentifier is the uniqueTokenIdentifier that belongs to a sign-in id: the 16 bytes of the
// GUID in Windows order, as base64url without padding.
func tokenIdentifier(guid string) string {
	b, err := hex.DecodeString(removeDashes(guid))
	if err != nil || len(b) != 16 {
		return ""
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
	return base64.RawURLEncoding.EncodeToString(b)
}

func removeDashes(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != '-' {
			out = append(out, s[i])
		}
	}
	return string(out)
}
