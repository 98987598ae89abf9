package sample

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// irregularRecords are irregularities of whole records and of how records belong together.
func (g *Generator) irregularRecords(who Person) []Variant {
	poor := g.SignIn(SignIn{Who: who, Code: 50126, Policies: 2})
	rich := poor.Clone().Set("properties.appDisplayName", Text("Azure Portal")).
		Set("properties.status.additionalDetails", Text("Details came later"))
	again := poor.Clone().Set("time", stamp(g.Now.Add(1e9)))
	correlation := g.GUID()
	target := UserTarget(who)
	audit := func(change func(*Object)) *Object {
		r := g.Audit(Audit{Activity: ActivityNamed("Update user"), Targets: []Target{target}})
		change(r)
		return r
	}
	return []Variant{
		{Name: "same id with more detail", Message: Message(poor, rich), Events: 2},
		{Name: "same record with another top-level time", Message: Message(poor.Clone(), again), Events: 1},
		{Name: "same correlation, other id", Message: Message(
			g.SignIn(SignIn{Who: who, Correlation: correlation, Policies: 2, Code: 50074}),
			g.SignIn(SignIn{Who: who, Correlation: correlation, Policies: 2}),
		), Events: 2},
		{Name: "risky user without a user id", Message: Message(g.RiskyUser(Risk{Who: who})), Events: 1},
		{Name: "risky user, two states of one id", Message: Message(
			g.RiskyUser(Risk{Who: who, State: "atRisk"}), g.RiskyUser(Risk{Who: who, State: "remediated"}),
		), Events: 2},
		{Name: "audit by nobody", Message: Message(g.Audit(Audit{Activity: ActivityNamed("Update user"), Nobody: true, Targets: []Target{target}})), Events: 1},
		{Name: "audit by an application", Message: Message(g.Audit(Audit{
			Activity: ActivityNamed("Update user"), ByApp: App{ID: g.GUID(), Name: "Cloud Sync", ResourceID: g.GUID()}, Targets: []Target{target},
		})), Events: 1},
		{Name: "audit with roles as text", Message: Message(audit(func(r *Object) {
			r.Set("properties.initiatedBy.user.roles", Text("Global Administrator"))
		})), Events: 1},
		{Name: "audit name with an en dash and a trailing blank", Message: Message(audit(func(r *Object) {
			r.Set("operationName", Text("Update user \u2013 Certificates and secrets management ")).
				Set("properties.activityDisplayName", Text("Update user \u2013 Certificates and secrets management "))
		})), Events: 1},
		{Name: "audit with the account as second target", Message: Message(g.Audit(Audit{
			Activity: ActivityNamed("Add member to role"), Targets: []Target{{ID: g.GUID(), Type: "Role", Name: "Reader"}, target},
		})), Events: 1},
		{Name: "audit without targets, by the account", Message: Message(g.Audit(Audit{Activity: ActivityNamed("Update policy"), By: who}).
			Set("properties.targetResources", Null{})), Events: 1},
		{Name: "graph activity", Message: Message(g.GraphActivity(GraphCall{Who: who})), Events: 1},
		{Name: "directory graph activity without a top-level time", Message: Message(g.AADGraph(GraphCall{Who: who})), Events: 1},
		{Name: "subscription activity in the same hub", Message: Message(g.Azure(AzureAction{Who: who})), Events: 1},
	}
}

// irregularEnvelopes are irregularities of the message around the records.
func (g *Generator) irregularEnvelopes(who Person) []Variant {
	one := func() *Object { return g.SignIn(SignIn{Who: who, Policies: 2}) }
	text := func(b []byte) []byte { return Text(b).appendTo(nil) }
	numbers := func(b []byte) []byte {
		out := []byte{'['}
		for i, c := range b {
			if i > 0 {
				out = append(out, ',')
			}
			out = strconv.AppendUint(out, uint64(c), 10)
		}
		return append(out, ']')
	}
	cut := Message(one(), one())
	out := []Variant{
		{Name: "no records", Message: []byte(`{"records":[]}`)},
		{Name: "records null", Message: []byte(`{"records":null}`)},
		{Name: "bare record", Message: one().JSON(), Events: 1},
		{Name: "bare array of records", Message: Array{one(), one()}.appendTo(nil), Events: 2},
		{Name: "array of envelopes", Message: slices.Concat([]byte("["), Message(one()), []byte(","), Message(one()), []byte("]")), Events: 2},
		{Name: "records one to a line", Message: Lines(one(), one()), Events: 2},
		{Name: "message as JSON text", Message: text(Message(one())), Events: 1},
		{Name: "records as JSON texts", Message: slices.Concat([]byte(`{"records":[`), text(one().JSON()), []byte("]}")), Events: 1},
		{Name: "message as an array of bytes", Message: numbers(Message(one())), Events: 1},
		{Name: "byte order mark", Message: append([]byte("\xef\xbb\xbf"), Message(one())...), Events: 1},
		{Name: "line ends of Windows", Message: crlf(Message(one(), one())), Events: 2},
		{Name: "white space around", Message: slices.Concat([]byte(" \r\n\t"), indented(Message(one())), []byte(" \n")), Events: 1},
		{Name: "other keys beside records", Message: slices.Concat([]byte(`{"source":"x",`), Message(one())[1:]), Events: 1, MayBeUnparsed: true},
	}
	damaged := []Variant{
		{Name: "empty message", Message: nil},
		{Name: "not JSON", Message: []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
		{Name: "a number", Message: []byte("42")},
		{Name: "trailing comma", Message: bytes.Replace(Message(one()), []byte("]}"), []byte(",]}"), 1), Events: 1},
		{Name: "NUL after the end", Message: append(Message(one()), 0), Events: 1},
		{Name: "last record cut off", Message: cut[:len(cut)-400], Events: 1, Unparsed: true},
		{Name: "raw line break in a text", Message: bytes.Replace(Message(one()), []byte("Sign-in activity"), []byte("Sign-in\nactivity"), 1), Events: 1},
	}
	for i := range damaged {
		damaged[i].MayBeUnparsed = true
	}
	return append(out, damaged...)
}

func indented(b []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return b
	}
	return out.Bytes()
}

// irregularSizes are large records and large messages.
func (g *Generator) irregularSizes(who Person) []Variant {
	full := make([]*Object, 0, 500)
	for i := range 500 {
		if i == 321 {
			full = append(full, g.SignIn(SignIn{Who: who, Policies: 2}))
			continue
		}
		if i%2 == 0 {
			full = append(full, g.ServicePrincipal(g.Now))
		} else {
			full = append(full, g.RiskyUser(Risk{Level: "low"}))
		}
	}
	broken := bytes.Replace(Message(full...), full[100].JSON(), []byte(`{"time":"2026-11-02T08:00:00Z","category":"SignInLogs","properties":{"id":"x","status":}}`), 1)
	big := Messages(0, append([]*Object{g.SignIn(SignIn{Who: who, Policies: 55})}, g.Quiet(240)...)...)[0]
	return []Variant{
		{Name: "record with 55 policies", Message: Message(g.SignIn(SignIn{Who: who, Policies: 55})), Events: 1},
		{Name: "message of nearly 1 MB", Message: big, Events: 1},
		{Name: "500 records with one broken", Message: broken, Events: 1, Unparsed: true},
	}
}
