package sample

import "bytes"

// MaxMessage is the size that the hub lets a message have on the Standard tier, less what the
// protocol needs around it.
const MaxMessage = 1<<20 - 4096

// Message puts records into one envelope, as the log pipeline sends them: {"records":[…]}.
func Message(records ...*Object) []byte {
	b := []byte(`{"records":[`)
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.appendTo(b)
	}
	return append(b, "]}"...)
}

// Messages puts records into as few envelopes of at most limit bytes as their order allows. A
// record that is larger than limit gets an envelope of its own. A limit of 0 means MaxMessage.
func Messages(limit int, records ...*Object) [][]byte {
	if limit <= 0 {
		limit = MaxMessage
	}
	var out [][]byte
	b := []byte(`{"records":[`)
	empty := len(b)
	for _, r := range records {
		one := r.JSON()
		if len(b) > empty && len(b)+len(one)+3 > limit {
			out = append(out, append(b, "]}"...))
			b = []byte(`{"records":[`)
		}
		if len(b) > empty {
			b = append(b, ',')
		}
		b = append(b, one...)
	}
	if len(b) > empty {
		out = append(out, append(b, "]}"...))
	}
	return out
}

// Lines puts records one to a line, without an envelope.
func Lines(records ...*Object) []byte {
	var b bytes.Buffer
	for _, r := range records {
		b.Write(r.JSON())
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Quiet invents n records of an ordinary working day, none of which concerns a break-glass account
// or anything else that Glasswatch would speak of. Tokens and machines are most of it, as in a
// real tenant.
func (g *Generator) Quiet(n int) []*Object {
	out := make([]*Object, 0, n)
	for range n {
		out = append(out, g.quietRecord())
	}
	return out
}

func (g *Generator) quietRecord() *Object {
	switch r := g.below(100); {
	case r < 14:
		return g.SignIn(SignIn{Code: g.everydayCode()})
	case r < 54:
		return g.NonInteractive(SignIn{})
	case r < 72:
		return g.ServicePrincipal(g.Now)
	case r < 80:
		return g.ManagedIdentity(g.Now)
	case r < 90:
		return g.GraphActivity(GraphCall{})
	case r < 95:
		return g.Audit(Audit{Activity: ActivityNamed(pick(g, everyday))})
	case r < 97:
		return g.Provisioning(Person{}, g.Now)
	case r < 98:
		return g.AADGraph(GraphCall{})
	case r < 99:
		return g.RiskyUser(Risk{Level: "low"})
	default:
		return g.Azure(AzureAction{})
	}
}

func (g *Generator) everydayCode() int {
	if g.chance(80) {
		return 0
	}
	return pick(g, []int{50126, 50074, 50140, 50058, 50097, 65001})
}

// SignInMessage invents one message of sign-ins and nothing else that is as near to size bytes as
// whole records allow: what the hot path sees most.
func (g *Generator) SignInMessage(size int) []byte {
	b := []byte(`{"records":[`)
	empty := len(b)
	for {
		var one *Object
		if g.chance(25) {
			one = g.SignIn(SignIn{Code: g.everydayCode()})
		} else {
			one = g.NonInteractive(SignIn{})
		}
		next := one.JSON()
		if len(b) > empty {
			if len(b)+len(next)+3 > size {
				return append(b, "]}"...)
			}
			b = append(b, ',')
		}
		b = append(b, next...)
	}
}
