package entra_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"glasswatch/shared/entra"
)

// TestPlantedNeedles hides watched texts in ordinary messages in every way that JSON allows.
func TestPlantedNeedles(t *testing.T) {
	const seed, rounds, perRound = 11, 720, 24
	random := rand.New(rand.NewPCG(seed, seed))
	w := watched()
	w.Literals = append(w.Literals, "glasswatch-entra-logs", "/providers/glasswatch-canary-marker")
	w.Names = append(w.Names, "emergencyaccess", "nød-konto@contoso.com")
	s := entra.NewScanner(w)
	all := slices.Concat(w.IDs, w.Names, w.Literals)
	g := newGenerator(4)
	planted, refused := 0, 0
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
			refused++ // the caller decodes everything
			continue
		}
		decoded := decodeMessages(t, body)
		if sel.Total() != perRound {
			t.Fatalf("%d messages of %d", sel.Total(), perRound)
		}
		for i, how := range hidden {
			if !sel.Message(i).Look {
				t.Fatalf("seed %d: missed %s", seed, how)
			}
			if text, err := sel.Unescape(i); err != nil || string(text) != decoded[i] {
				t.Fatalf("seed %d: %s unescaped to %q, %v", seed, decoded[i], text, err)
			}
		}
	}
	t.Logf("%d needles planted; %d bodies of %d refused", planted, refused, rounds)
	if refused > rounds/2 {
		t.Errorf("%d bodies of %d refused", refused, rounds)
	}
}

// decodeMessages is how a plain handler gets at the messages.
func decodeMessages(t *testing.T, body []byte) []string {
	t.Helper()
	var call struct{ Data struct{ Events string } }
	var messages []string
	if err := json.Unmarshal(body, &call); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(call.Data.Events), &messages); err != nil {
		t.Fatal(err)
	}
	return messages
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
