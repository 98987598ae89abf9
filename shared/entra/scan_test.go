package entra_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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
		"sign-ins":                       {records(a, b), false},
		"sign-ins and Graph activity":    {records(a, graph, b), false},
		"Graph activity":                 {records(graph, graph), false},
		"category in capitals":           {records(strings.Replace(a, "SignInLogs", "SIGNINLOGS", 1)), false},
		"braces inside strings":          {records(with(`"x":"{a} {{b} :{ ,{","y":"}{"`), b), false},
		"an object in text":              {records(with(`"x":"[{\"a\":{\"b\":1}},{\"c\":2}]"`), b), false},
		"a path in text":                 {records(with(`"x":"CONTOSO\\user1\\"`), b), false},
		"letters beyond ASCII escaped":   {records(with(`"x":"M\u00fcller"`), b), false},
		"nested lists":                   {records(with(`"x":[[{"a":1}],[{"b":{}}]]`), b), false},
		"an audit record":                {records(`{"category":"AuditLogs","properties":{}}`), true},
		"an audit record at the end":     {records(a, b, `{"time":"x","category":"AuditLogs","properties":{}}`), true},
		"an audit record in the middle":  {records(a, `{"time":"x","category":"AuditLogs","properties":{}}`, b), true},
		"no category":                    {records(a, `{"id":"x"}`, b), true},
		"no category, like a policy":     {records(a, `{"id":"x","displayName":"CA100","result":"success"}`, b), true},
		"category after the properties":  {records(`{"properties":{},"category":"SignInLogs"}`), true},
		"another spelling of the key":    {records(`{"Category":"SignInLogs","properties":{}}`), true},
		"a key before in other case":     {records(`{"CATEGORY":"AuditLogs","category":"SignInLogs","properties":{}}`), true},
		"an escaped key before":          {records(`{"c\u0061tegory":"AuditLogs","category":"SignInLogs","properties":{}}`), true},
		"unknown category":               {records(`{"category":"SignInLogz","properties":{}}`), true},
		"canary":                         {records(`{"category":"GlasswatchCanary","properties":{"nonce":"n"}}`), true},
		"blank before the records":       {`{"records": [` + a + `]}`, true},
		"something after the records":    {`{"records":[` + a + `],"x":1}`, true},
		"something before the records":   {`{"x":1,"records":[` + a + `]}`, true},
		"bare record":                    {a, true},
		"lines":                          {a + "\n" + b, true},
		"text":                           {quoted(records(a)), true},
		"empty records":                  {`{"records":[]}`, true},
		"a number among the records":     {records(a, "5", b), true},
		"text among the records":         {records(a, quoted(b)), true},
		"a list among the records":       {records(a, "["+b+"]"), true},
		"truncated":                      {records(a, b)[:len(a)+300], true},
		"a brace too few":                {records(a[:len(a)-1], b), true},
		"a brace too many":               {records(a+"}", b), true},
		"a record hidden behind a brace": {records(with(`"x":"}"`), `{"id":"x"}`), true},
		"a record hidden behind braces":  {records(with(`"x":":{","y":"z:{","z":"[{"`), `{"id":"x"}`), true},
		"the id":                         {records(with(`"x":"`+alice+`"`), b), true},
		"the id in capitals":             {records(with(`"x":"5D9FA0C2-7F5E-4A55-8D1C-2F0A6C1D1B11"`), b), true},
		"the name":                       {records(with(`"x":"BG-Alpha@Contoso.com"`), b), true},
		"the name with a Kelvin sign":    {records(with(`"x":"brea`+"\u212A"+`.glass@contoso.onmicrosoft.com"`), b), true},
		"the name with an escaped at":    {records(with(`"x":"bg-alpha\u0040contoso.com"`), b), true},
		"another name":                   {records(with(`"x":"bg-charlie@contoso.com"`), b), false},
		"the resource":                   {records(with(`"x":"/SUBSCRIPTIONS/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab/resourceGroups/glasswatch/providers/Microsoft.EventHub/namespaces/glasswatch-hub/x"`), b), true},
		"the resource, slashes escaped":  {records(with(`"x":"\/SUBSCRIPTIONS\/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab\/resourceGroups\/glasswatch\/providers\/Microsoft.EventHub\/namespaces\/glasswatch-hub"`), b), true},
		"another resource":               {records(with(`"x":"/subscriptions/6f1d0c0b-aaaa-4bbb-8ccc-0123456789ab/resourceGroups/other"`), b), false},
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

// TestPlantedNeedles hides watched texts in ordinary messages in every way that JSON allows.
func TestPlantedNeedles(t *testing.T) {
	const seed, rounds, perRound = 11, 450, 28
	random := rand.New(rand.NewPCG(seed, seed))
	w := watched()
	w.Literals = append(w.Literals, "glasswatch-entra-logs", "/providers/glasswatch-canary-marker")
	w.Names = append(w.Names, "emergencyaccess", "nød-konto@contoso.com")
	s := entra.NewScanner(w)
	all := slices.Concat(w.IDs, w.Names, w.Literals)
	g := newGenerator(4)
	planted := 0
	for range rounds {
		var messages []string
		var hidden []string
		for range perRound {
			record := g.graph()
			if random.IntN(4) == 0 {
				record = g.signIn("SignInLogs")
			}
			how := disguise(random, all[random.IntN(len(all))])
			// Any alignment: after a filler, in a string of its own or in the middle of one.
			field := `"filler":"` + strings.Repeat("x", random.IntN(64)) + `","planted":"` + how + `",`
			if random.IntN(3) == 0 {
				field = `"planted":"` + strings.Repeat("y", random.IntN(40)) + ` ` + how + ` z",`
			}
			if random.IntN(3) == 0 { // a level deeper: in properties that are text
				inner := encode(`{` + strings.TrimSuffix(field, ",") + `}`)
				field = `"text":` + inner + `,`
			}
			at := strings.Index(record, `"properties":{`) + len(`"properties":{`)
			messages = append(messages, `{"records":[`+g.graph()+`,`+record[:at]+field+record[at:]+`]}`)
			hidden = append(hidden, how)
			planted++
		}
		body := hostBody(messages...)
		if random.IntN(3) == 0 {
			body = escapeOnTheWire(random, body, hidden)
		}
		sel, ok := s.Select(body)
		if !ok {
			continue // the caller decodes everything
		}
		if sel.Total() != perRound {
			t.Fatalf("%d messages of %d", sel.Total(), perRound)
		}
		for i, how := range hidden {
			if !sel.Message(i).Look {
				t.Fatalf("seed %d: missed %s", seed, how)
			}
		}
	}
	t.Logf("%d needles planted", planted)
}

// disguise writes a text in another way that means the same in JSON, letter case aside.
func disguise(random *rand.Rand, text string) string {
	var b strings.Builder
	style := random.IntN(6)
	for _, c := range text {
		switch {
		case style == 1 && c < 0x80 && random.IntN(2) == 0:
			b.WriteString(strings.ToUpper(string(c)))
		case style == 2 && random.IntN(8) == 0, style == 3, style == 5 && random.IntN(20) == 0:
			digits := fmt.Sprintf("%04x", c)
			if random.IntN(2) == 0 {
				digits = strings.ToUpper(digits)
			}
			b.WriteString(`\u` + digits)
		case style == 4 && c == '/':
			b.WriteString(`\/`)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// escapeOnTheWire writes some characters of the hidden texts as escapes of the two levels that the host adds.
func escapeOnTheWire(random *rand.Rand, body []byte, hidden []string) []byte {
	for _, text := range hidden {
		if strings.Contains(text, `\`) || random.IntN(2) == 0 {
			continue
		}
		at := bytes.Index(body, []byte(text))
		if at < 0 {
			continue
		}
		at += random.IntN(len(text))
		if body[at] >= 0x80 {
			continue
		}
		escape := fmt.Sprintf(`\u%04x`, body[at])
		switch random.IntN(4) {
		case 0:
			escape = `\` + escape // of the list's strings
		case 1: // the backslash of a list's escape, itself escaped
			escape = `\u005c` + escape[1:]
		case 2: // a digit of a list's escape, itself escaped
			escape = `\\u00` + fmt.Sprintf(`\u%04x`, escape[4]) + escape[5:]
		}
		body = slices.Concat(body[:at], []byte(escape), body[at+1:])
	}
	return body
}

// TestFalseCandidates counts on clean data how many messages are looked at for nothing.
func TestFalseCandidates(t *testing.T) {
	s := entra.NewScanner(watched())
	messages, looked := 0, 0
	for seed := range uint64(24) {
		g := newGenerator(1000 + seed)
		sel, ok := s.Select(hostBody(g.message(200<<10), `{"records":[`+g.graph()+`]}`, g.message(100<<10)))
		if !ok {
			t.Fatal("body not taken")
		}
		messages += sel.Total()
		looked += len(look(&sel))
	}
	t.Logf("%d of %d clean messages looked at", looked, messages)
	if looked != 0 {
		t.Errorf("%d of %d clean messages looked at", looked, messages)
	}
}
