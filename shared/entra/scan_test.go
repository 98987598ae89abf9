package entra_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"glasswatch/shared/entra"
)

// watched are eight accounts and what else the program looks for.
func watched() entra.Watch {
	return entra.Watch{
		IDs: []string{
			alice, "5d9fa0c2-7f5e-4a55-8d1c-2f0a6c1d1b11", "b2f1c5de-6f6c-4e8e-9f4b-0d7c5a9e2d22", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c33",
			"c3d2e1f0-a9b8-4c7d-96e5-f4a3b2c1d044", "9e8d7c6b-5a49-4838-a727-161504f3e255", "7c6d5e4f-3a2b-4c1d-b0e9-f8a7b6c5d466", "31415926-5358-4979-b323-846264338377",
		},
		Names:    []string{"bg-alpha@contoso.com", "bg-bravo@contoso.com", "break.glass@contoso.onmicrosoft.com", "Emergency+1@contoso.com"},
		Literals: []string{"/subscriptions/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab/resourceGroups/glasswatch/providers/Microsoft.EventHub/namespaces/glasswatch-hub"},
	}
}

func look(sel *entra.Selection) []int {
	found := []int{}
	for i := range sel.Candidates() {
		found = append(found, i)
	}
	return found
}

// TestFrame: which bodies are taken, and what of them is left for the caller.
func TestFrame(t *testing.T) {
	s := entra.NewScanner(watched())
	body := string(hostBody(`{"records":[]}`))
	tests := map[string]struct {
		body  string
		ok    bool
		total int
	}{
		"as the host writes it":        {body, true, 1},
		"no messages":                  {string(hostBody()), true, 0},
		"two messages":                 {string(hostBody("a", `"b"`)), true, 2},
		"an empty message":             {string(hostBody("")), true, 1},
		"empty":                        {"", false, 0},
		"another binding":              {strings.Replace(body, "events", "event", 1), false, 0},
		"with blanks":                  {strings.Replace(body, `:{"`, `: {"`, 1), false, 0},
		"metadata first":               {`{"Metadata":{},` + body[1:], false, 0},
		"objects for messages":         {`{"Data":{"events":"[{}]"},"Metadata":{}}`, false, 0},
		"a list, not text":             {`{"Data":{"events":["a"]}}`, false, 0},
		"cut in a message":             {body[:40], false, 0},
		"cut after the messages":       {body[:strings.Index(body, `]"}`)+1], false, 0},
		"messages without commas":      {`{"Data":{"events":"[\"a\"\"b\"]"},"Metadata":{}}`, false, 0},
		"a mark written as an escape":  {`{"Data":{"events":"[\"a\u0022,\u0022b\"]"},"Metadata":{}}`, false, 0},
		"a backslash as an escape":     {`{"Data":{"events":"[\"a\u005c\"b\"]"},"Metadata":{}}`, false, 0},
		"a backslash ends the message": {string(hostBody(`a\`, `b\\`)), true, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sel, ok := s.Select([]byte(test.body))
			if ok != test.ok {
				t.Fatalf("taken %v, want %v", ok, test.ok)
			}
			if !ok {
				return
			}
			if sel.Total() != test.total {
				t.Errorf("%d messages, want %d", sel.Total(), test.total)
			}
			if !strings.HasPrefix(string(sel.Rest), `},"Metadata":{`) {
				t.Errorf("rest %.30q", sel.Rest)
			}
		})
	}
}

// TestWhichMessagesAreLookedAt, one message at a time between two ordinary ones.
func TestWhichMessagesAreLookedAt(t *testing.T) {
	s := entra.NewScanner(watched())
	g := newGenerator(1)
	a, b, graph := g.signIn("SignInLogs"), g.signIn("NonInteractiveUserSignInLogs"), g.graph()
	with := func(field string) string { return strings.Replace(a, `"mfaDetail":{}`, field, 1) }
	records := func(r ...string) string { return `{"records":[` + strings.Join(r, ",") + `]}` }
	tests := map[string]struct {
		message string
		look    bool
	}{
		"sign-ins":                             {records(a, b), false},
		"sign-ins and Graph activity":          {records(a, graph, b), false},
		"Graph activity":                       {records(graph, graph), false},
		"category in capitals":                 {records(strings.Replace(a, "SignInLogs", "SIGNINLOGS", 1)), false},
		"braces inside strings":                {records(with(`"x":"{a} {{b} :{ ,{","y":"}{"`), b), false},
		"an object in text":                    {records(with(`"x":"[{\"a\":{\"b\":1}},{\"c\":2}]"`), b), false},
		"a path in text":                       {records(with(`"x":"CONTOSO\\user1\\"`), b), false},
		"letters beyond ASCII escaped":         {records(with(`"x":"M\u00fcller"`), b), false},
		"nested lists":                         {records(with(`"x":[[{"a":1}],[{"b":{}}]]`), b), false},
		"an audit record":                      {records(`{"category":"AuditLogs","properties":{}}`), true},
		"an audit record at the end":           {records(a, b, `{"time":"x","category":"AuditLogs","properties":{}}`), true},
		"an audit record in the middle":        {records(a, `{"time":"x","category":"AuditLogs","properties":{}}`, b), true},
		"no category":                          {records(a, `{"id":"x"}`, b), true},
		"no category, like a policy":           {records(a, `{"id":"x","displayName":"CA100","result":"success"}`, b), true},
		"category after the properties":        {records(`{"properties":{},"category":"SignInLogs"}`), true},
		"another spelling of the key":          {records(`{"Category":"SignInLogs","properties":{}}`), true},
		"a key before in other case":           {records(`{"CATEGORY":"AuditLogs","category":"SignInLogs","properties":{}}`), true},
		"an escaped key before":                {records(`{"c\u0061tegory":"AuditLogs","category":"SignInLogs","properties":{}}`), true},
		"unknown category":                     {records(`{"category":"SignInLogz","properties":{}}`), true},
		"canary":                               {records(`{"category":"GlasswatchCanary","properties":{"nonce":"n"}}`), true},
		"blank before the records":             {`{"records": [` + a + `]}`, true},
		"something after the records":          {`{"records":[` + a + `],"x":1}`, true},
		"something before the records":         {`{"x":1,"records":[` + a + `]}`, true},
		"bare record":                          {a, true},
		"lines":                                {a + "\n" + b, true},
		"text":                                 {quoted(records(a)), true},
		"empty records":                        {`{"records":[]}`, true},
		"a number among the records":           {records(a, "5", b), true},
		"text among the records":               {records(a, quoted(b)), true},
		"a list among the records":             {records(a, "["+b+"]"), true},
		"truncated":                            {records(a, b)[:len(a)+300], true},
		"a brace too few":                      {records(a[:len(a)-1], b), true},
		"a brace too many":                     {records(a+"}", b), true},
		"a record hidden behind a brace":       {records(with(`"x":"}"`), `{"id":"x"}`), true},
		"a record hidden behind colon, brace":  {records(with(`"x":":{"`), `{"id":"}"}`), true},
		"a record hidden behind comma, brace":  {records(with(`"x":",{"`), `{"id":"}"}`), true},
		"a record hidden behind list, brace":   {records(with(`"x":":[{"`), `{"id":"}"}`), true},
		"a record hidden behind blank, brace":  {records(with(`"x": ":{"`), `{"id":"}"}`), true},
		"a record hidden behind line, brace":   {records(with("\"x\":\n\":{\""), `{"id":"}"}`), true},
		"a record hidden behind backslashes":   {records(with(`"x":"a\\":{}`), `{"id":"}"}`), true},
		"a record hidden behind braces":        {records(with(`"x":":{","y":"z:{","z":"[{"`), `{"id":"x"}`), true},
		"the id":                               {records(with(`"x":"`+alice+`"`), b), true},
		"the id in capitals":                   {records(with(`"x":"5D9FA0C2-7F5E-4A55-8D1C-2F0A6C1D1B11"`), b), true},
		"the name":                             {records(with(`"x":"BG-Alpha@Contoso.com"`), b), true},
		"the name with a Kelvin sign":          {records(with(`"x":"brea`+"\u212A"+`.glass@contoso.onmicrosoft.com"`), b), true},
		"the name with a Kelvin sign, escaped": {records(with(`"x":"brea\u212a.glass@contoso.onmicrosoft.com"`), b), true},
		"the name with a long s":               {records(with(`"x":"break.glass@contoso.onmicro`+"\u017F"+`oft.com"`), b), true},
		"the name with a long s, escaped":      {records(with(`"x":"break.glass@contoso.onmicro\u017foft.com"`), b), true},
		"the name with an escaped at":          {records(with(`"x":"bg-alpha\u0040contoso.com"`), b), true},
		"another name":                         {records(with(`"x":"bg-charlie@contoso.com"`), b), false},
		"the resource":                         {records(with(`"x":"/SUBSCRIPTIONS/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab/resourceGroups/glasswatch/providers/Microsoft.EventHub/namespaces/glasswatch-hub/x"`), b), true},
		"the resource, slashes escaped":        {records(with(`"x":"\/SUBSCRIPTIONS\/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab\/resourceGroups\/glasswatch\/providers\/Microsoft.EventHub\/namespaces\/glasswatch-hub"`), b), true},
		"another resource":                     {records(with(`"x":"/subscriptions/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab/resourceGroups/other"`), b), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sel, ok := s.Select(hostBody(records(b), test.message, records(a)))
			if !ok || sel.Total() != 3 {
				t.Fatalf("taken %v, %d messages", ok, sel.Total())
			}
			want := []int{}
			if test.look {
				want = append(want, 1)
			}
			if got := look(&sel); !slices.Equal(got, want) {
				t.Errorf("looks at %v, want %v", got, want)
			}
			if text, err := sel.Unescape(1); err != nil || string(text) != test.message {
				t.Errorf("unescaped to %.100q, %v", text, err)
			}
		})
	}
	sel, _ := s.Select(hostBody(records(a), records(`{"category":"AuditLogs"}`), "x"))
	if got := fmt.Sprintf("%s %s %s", sel.Message(0).Category, sel.Message(1).Category, sel.Message(2).Category); got != "SignInLogs AuditLogs " {
		t.Error("categories", got)
	}
}

// TestUnescape: what the host could write besides quotation marks and backslashes.
func TestUnescape(t *testing.T) {
	s := entra.NewScanner(watched())
	for name, text := range map[string]string{
		"short escapes":        `\\n\\t\\r\\b\\f\\/`,
		"unicode":              `\\u00fc\u00FC\\\\u00fc`,
		"pair":                 `\\ud83d\\ude00`,
		"pair of a level less": `\ud83d\ude00`,
		"halves of pairs":      `\\ud83dx\\ude00\\ud83d\\u0041\\ud83d`,
		"beyond ASCII":         `Jürgen 😀`,
	} {
		body := []byte(`{"Data":{"events":"[\"` + text + `\"]"},"Metadata":{}}`)
		sel, ok := s.Select(body)
		if !ok {
			t.Errorf("%s: not taken", name)
			continue
		}
		if got, err := sel.Unescape(0); err != nil || string(got) != decodeMessages(t, body)[0] {
			t.Errorf("%s: %q, %v, want %q", name, got, err, decodeMessages(t, body)[0])
		}
	}
	for _, text := range []string{`\\x`, `\x`, `\\u12`, `\\u12g4`} {
		sel, ok := s.Select([]byte(`{"Data":{"events":"[\"` + text + `\"]"},"Metadata":{}}`))
		if !ok {
			t.Errorf("%s: not taken", text)
			continue
		}
		if got, err := sel.Unescape(0); err == nil {
			t.Errorf("%s unescaped to %q", text, got)
		}
	}
}

func TestManyMessages(t *testing.T) {
	g := newGenerator(2)
	var messages []string
	var want []int
	for i := range 300 {
		m := `{"records":[` + g.graph() + `]}`
		if i%7 == 3 {
			m = strings.Replace(m, `"C_Sid":"`, `"C_Sid":"`+alice, 1)
			want = append(want, i)
		}
		messages = append(messages, m)
	}
	sel, ok := entra.NewScanner(watched()).Select(hostBody(messages...))
	if got := look(&sel); !ok || sel.Total() != 300 || !slices.Equal(got, want) {
		t.Errorf("%v, %d messages, looks at %v", ok, sel.Total(), got)
	}
}

// TestNamesOfFewLetters: with little watched, little is suspect; what remains must be enough.
func TestNamesOfFewLetters(t *testing.T) {
	g := newGenerator(6)
	record := func(value string) string {
		return `{"records":[` + strings.Replace(g.graph(), `"scopes":"`, `"scopes":"`+value, 1) + `]}`
	}
	name, alias := entra.Watch{Names: []string{"zorro@zzz.zz"}}, entra.Watch{Names: []string{"skzorros"}}
	for _, test := range []struct {
		what  string
		watch entra.Watch
		value string
		look  bool
	}{
		{"as it is", name, `zorro@zzz.zz`, true},
		{"other letters escaped", name, `\u0078\u0027`, false},
		{"a digit of an escape escaped", name, `{\"a\":\"zorro\\u00\u00340zzz.zz\"}`, true},
		{"the u of an escape escaped", name, `{\"a\":\"zorro\\\u00750040zzz.zz\"}`, true},
		{"the backslash of an escape escaped", name, `{\"a\":\"zorro\u005cu0040zzz.zz\"}`, true},
		{"a proxy address", entra.Watch{Names: []string{"SMTP: zorro@zzz.zz"}}, `ZORRO@zzz.zz`, true},
		{"without at", alias, `SKZORROS`, true},
		{"without at, Kelvin sign", alias, "s\u212Azorros", true},
		{"without at, long s", alias, "\u017Fkzorros", true},
		{"without at, another letter", alias, "\u00DFkzorros", false},
	} {
		t.Run(test.what, func(t *testing.T) {
			sel, ok := entra.NewScanner(test.watch).Select(hostBody(record(test.value)))
			if !ok || sel.Message(0).Look != test.look {
				t.Errorf("taken %v, looked at %v, want %v", ok, sel.Message(0).Look, test.look)
			}
		})
	}
}

// TestOutlineInEscapes: a colon that the outer levels escape makes a brace inside a string look like one
// outside; a record could hide behind it.
func TestOutlineInEscapes(t *testing.T) {
	body := string(hostBody(`{"records":[{"category":"SignInLogs","k":":{"},{"id":"}"}]}`))
	crafted := strings.Replace(body, `k\\\":`, `k\\\"\\u003a`, 1)
	if crafted == body {
		t.Fatal("nothing replaced")
	}
	if sel, ok := entra.NewScanner(watched()).Select([]byte(crafted)); ok && !sel.Message(0).Look {
		t.Error("passed over")
	}
}

// TestHostileBodiesTakeLinearTime would run for many minutes if looking again cost the square.
func TestHostileBodiesTakeLinearTime(t *testing.T) {
	s := entra.NewScanner(watched())
	for name, unit := range map[string]string{
		"empty objects":    `{},`,
		"nested objects":   `{"a":`,
		"lists in lists":   `[{}],[`,
		"braces in a text": `"{","}{",`,
		"escapes":          `"\u0041",`,
		"names":            `"bg-alpha@contoso.com",`,
		"ids":              `"` + alice + `",`,
		"slashes":          `"glasswatch\/\/\/",`,
	} {
		t.Run(name, func(t *testing.T) {
			body := hostBody(`{"records":[{"category":"SignInLogs","a":[` + strings.Repeat(unit, 1<<20/len(unit)) + `]}]}`)
			if sel, ok := s.Select(body); !ok || sel.Total() != 1 {
				t.Error("not taken")
			}
		})
	}
}

// TestTooShortToBeFound: what the scan cannot look for makes it look at everything.
func TestTooShortToBeFound(t *testing.T) {
	g := newGenerator(3)
	body := hostBody(`{"records":[` + g.graph() + `]}`)
	for _, w := range []entra.Watch{{Literals: []string{"hub"}}, {Names: []string{"bg"}}, {IDs: []string{"1/2/3/4/5/6/7/8/9"}}} {
		if sel, ok := entra.NewScanner(w).Select(body); !ok || !slices.Equal(look(&sel), []int{0}) {
			t.Errorf("%v: not looked at", w)
		}
	}
	if sel, ok := entra.NewScanner(entra.Watch{}).Select(body); !ok || len(look(&sel)) != 0 {
		t.Error("nothing is watched and still something looked at")
	}
}
