//go:build browser

package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/shared/outside"
)

// hostileTexts are what an attacker may write into a log: those of the sample generator, which
// fool renderers and people, and those that call ran() if a browser takes any of it for its own.
func hostileTexts() []sample.HostileText {
	return append(sample.HostileTexts(), []sample.HostileText{
		{Name: "script that tells", Text: `<script>ran("script")</script>`},
		{Name: "end of the surroundings", Text: `"'></textarea></title></style></script></code></details><script>ran("end")</script>`},
		{Name: "handlers", Text: `<img src=x onerror=ran("img")><svg onload=ran("svg")><details open ontoggle=ran("toggle")><body onload=ran("body")>`},
		{Name: "svg and math", Text: `<svg><animate onbegin=ran("animate") attributeName=x dur=1s><script>ran("svg")</script></svg><math><a xlink:href="javascript:ran(1)">x</a></math>`},
		{Name: "frames", Text: `<iframe srcdoc="<script>parent.ran('frame')</script>"></iframe><object data="data:text/html,<script>ran(1)</script>"></object><embed src="//evil.example/x">`},
		{Name: "page and form", Text: `<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/"><form action="https://evil.example/"><input name=name autofocus>`},
		{Name: "style", Text: `<style>body{display:none;background:url(https://evil.example/x)}</style><link rel=stylesheet href="https://evil.example/x.css">`},
		{Name: "attribute", Text: `x" autofocus onfocus="ran('focus')" style="position:fixed;inset:0" y="`},
		{Name: "address", Text: `javascript:ran("address")`},
		{Name: "template", Text: "{{.}}{{template \"style\"}} ${ran('template')} `${ran(1)}` <template><script>ran(1)</script></template>"},
		{Name: "entities", Text: `&lt;script&gt;ran("entity")&lt;/script&gt; &#60;img src=x onerror=ran(1)&#62; &#x202e;`},
		{Name: "turned around", Text: "\u202egnp.exe\u2066 \u2067drow\u2069 \u200f\u061c" + "safe to ignore"},
		{Name: "100 KB of text", Text: strings.Repeat("0123456789abcdef", 6400)},
		{Name: "100 KB of markup", Text: strings.Repeat("<b onclick=ran(1)>\u202e", 4600)},
	}...)
}

// poisonable is how large a record may become: a hub message is at most 1 MB.
const poisonable = 900_000

// poison puts the text into every string of a record, but for those by which it is recognised:
// times, the kind of log, ids of its own, and where the account's id stands.
func poison(t *testing.T, record *sample.Object, account, text string) []byte {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(record.JSON(), &fields); err != nil {
		t.Fatal(err)
	}
	room := poisonable
	var into func(v any) any
	into = func(v any) any {
		switch v := v.(type) {
		case string:
			if strings.Contains(v, account) || room < len(text) {
				return v
			}
			room -= len(text)
			return text
		case []any:
			for n := range v {
				v[n] = into(v[n])
			}
		case map[string]any:
			for _, name := range inOrder(v) {
				if !slices.Contains([]string{"time", "category", "createdDateTime", "activityDateTime", "lastUpdatedDateTime", "id"}, name) {
					v[name] = into(v[name])
				}
			}
		}
		return v
	}
	poisoned, err := json.Marshal(into(fields))
	if err != nil {
		t.Fatal(err)
	}
	return poisoned
}

// inOrder lists the names of fields, those that people are shown first: large texts do not fit all.
func inOrder(fields map[string]any) []string {
	shown := []string{"properties", "ipAddress", "appDisplayName", "deviceDetail", "operatingSystem", "browser", "location", "city", "activityDisplayName", "operationName", "requestUri"}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		at, bt := slices.Index(shown, a), slices.Index(shown, b)
		if at < 0 {
			at = len(shown)
		}
		if bt < 0 {
			bt = len(shown)
		}
		return (at-bt)*2 + strings.Compare(a, b)
	})
	return names
}

// deeds is one record of each kind in which an account can occur.
func deeds(g *sample.Generator, who sample.Person) []*sample.Object {
	g.Now = night.Add(-20 * time.Minute)
	return []*sample.Object{
		g.SignIn(sample.SignIn{Who: who, Code: 50126, Policies: 2, Methods: []string{"Password"}}),
		g.SignIn(sample.SignIn{Who: who, Policies: 2, Methods: []string{"Password"}}),
		g.NonInteractive(sample.SignIn{Who: who, Policies: 2}),
		g.Audit(sample.Audit{Activity: sample.ActivityNamed("Update user"), Targets: []sample.Target{sample.UserTarget(who, sample.Change{Name: "DisplayName", Old: `"a"`, New: `"b"`})}}),
		g.Audit(sample.Audit{Activity: sample.ActivityNamed("Update policy"), By: who}),
		g.RiskEvent(sample.Risk{Who: who}),
		g.GraphActivity(sample.GraphCall{Who: who, Method: "POST"}),
		g.Azure(sample.AzureAction{Who: who}),
	}
}

func envelope(records ...[]byte) []byte {
	return slices.Concat([]byte(`{"records":[`), bytes.Join(records, []byte(",")), []byte("]}"))
}

// people invents accounts, one for each text, so that each text has an incident of its own.
func people(g *sample.Generator, n int) []sample.Person {
	var list []sample.Person
	for i := range n {
		who := g.Tenant.BreakGlass[0]
		who.ID, who.UPN = g.GUID(), fmt.Sprintf("bg-%d@%s", i, g.Tenant.Domain)
		list = append(list, who)
	}
	return list
}

// visible is how the beginning of a text reads where it is shown as text.
func visible(text string) string {
	line := []rune(outside.Line(text, 1000))
	return string(line[:min(8, len(line))])
}

// TestHostileRecordsOnTheIncidentPage opens the page of an incident for each hostile text while it
// is open, and after somebody with that text for a name has acknowledged it and closed it with a note of it.
func TestHostileRecordsOnTheIncidentPage(t *testing.T) {
	g := sample.New(3)
	texts := hostileTexts()
	accounts := people(g, len(texts)+1)
	s := newStack(t, accounts, undrawn)
	w := open(t, order{Width: 390})

	plain := accounts[len(texts)]
	incident := s.happens(plain, sample.Message(deeds(g, plain)...))
	w.goTo(s.link(incident))
	known := w.markup()
	s.acknowledge(incident, "Kari Nordmann")
	s.close(incident, "Kari Nordmann", "An exercise.")
	w.goTo(s.link(incident))
	known = append(known, w.markup()...)

	for n, hostile := range texts {
		t.Run(hostile.Name, func(t *testing.T) {
			s.t, w.t = t, t
			who := accounts[n]
			var records [][]byte
			for _, r := range deeds(g, who) {
				records = append(records, poison(t, r, who.ID, hostile.Text))
			}
			incident := s.happens(who, envelope(records...))
			w.harmless(s.link(incident), known, hostile.Text)
			if got := w.text(); !strings.Contains(got, "Nobody has acknowledged the 03:") {
				t.Errorf("the page does not begin by saying how it stands: %.200q", got)
			}
			s.acknowledge(incident, hostile.Text)
			s.close(incident, hostile.Text, hostile.Text)
			w.harmless(s.link(incident), known, hostile.Text)
			if strings.Contains(hostile.Name, "script") || strings.HasPrefix(hostile.Name, "long") {
				w.accessible()
			}
		})
	}
}

// harmless opens the page and holds it to what may be on it.
func (w window) harmless(address string, known []string, text string) {
	w.t.Helper()
	if a := w.goTo(address); a.Status != http.StatusOK {
		w.t.Fatalf("status %d", a.Status)
	}
	w.quiet()
	w.onlyMarkup(known)
	w.oneWay()
	w.readable()
	if seen := w.text(); !strings.Contains(seen, visible(text)) {
		w.t.Errorf("%q is nowhere on the page", visible(text))
	} else if len(seen) > 100_000 {
		w.t.Errorf("%d bytes of text on one page", len(seen))
	}
}

// poisonAll puts text into each string that v holds, at any depth, and 3 elements into each list.
func poisonAll(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for n := range v.Len() {
			poisonAll(v.Index(n), text)
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() {
				poisonAll(v.Field(n), text)
			}
		}
	default:
	}
}
