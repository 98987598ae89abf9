package ordeal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"glasswatch/infra/local/sample"
	"glasswatch/infra/local/teamspage"
)

// odd is a message out of the ordinary that concerns an account of its own, so that what becomes
// of it can be told apart from all others.
type odd struct {
	sample.Variant

	account, name string
}

// named says whether the account stands in the message.
func (v odd) named() bool {
	text := strings.ToLower(string(v.Message))
	return strings.Contains(text, v.account) || strings.Contains(text, v.name)
}

// oddities makes every variant that the sample knows, and the accounts for them.
func oddities(g *sample.Generator) (all []odd, accounts string) {
	g.Now = time.Now().Add(-10 * time.Minute)
	var list []string
	for n := 0; ; n++ {
		who := g.Tenant.BreakGlass[0]
		who.ID, who.UPN = g.GUID(), fmt.Sprintf("bg-%d@%s", n, g.Tenant.Domain)
		variants := append(g.Irregular(who), g.Hostile(who)...)
		if n == len(variants) {
			return all, strings.Join(list, ",")
		}
		all = append(all, odd{variants[n], who.ID, who.UPN})
		list = append(list, who.ID+"="+who.UPN)
	}
}

// TestMalformed sends everything irregular and hostile over the wire: from the hub, by the host.
func TestMalformed(t *testing.T) {
	s := newStand(t, seedOf(t))
	all, accounts := oddities(s.sample)
	s.settings["BREAK_GLASS_ACCOUNTS"] += "," + accounts
	s.startHost(nil)
	for n, v := range all {
		s.send(fmt.Sprint(n%2), append([]byte{}, v.Message...)) // never nil: the empty message is one of them
	}
	s.idle(2 * time.Minute)
	if stats := s.host.Stats().Functions["watchlogs"]; stats.Failures > 0 {
		t.Errorf("%d batches were refused, the last with %s", stats.Failures, stats.LastFailure)
	}
	s.kept(all)
	s.malformedCalls()
	s.largeCall()
	for name, i := range s.host.Stats().Instances {
		if i.Crashes > 0 || i.Starts != 1 {
			t.Errorf("%s: %d crashes, %d starts", name, i.Crashes, i.Starts)
		}
	}
	if teams, fallback := s.page.Refused(teamspage.Teams), s.page.Refused(teamspage.Fallback); teams+fallback > 0 {
		t.Errorf("Teams refused %d messages and the fallback %d because of what stood in them", teams, fallback)
	}
	s.sweep(3 * time.Minute)
	s.whole()
	s.quiet()
	s.secretive()
}

// kept holds each variant to what it says must become of it.
func (s *stand) kept(all []odd) {
	s.t.Helper()
	events := map[string]int{}
	var raw []string
	for _, e := range s.lines("events", "--raw") {
		if account, ok := e["account"].(string); ok {
			events[account]++
		}
		if e["kind"] == "unparsed" {
			raw = append(raw, rawOf(e))
		}
	}
	stored := 0
	for _, v := range all {
		pieces := 0
		for _, r := range raw {
			if strings.Contains(r, v.account) || len(r) > 64 && strings.Contains(string(v.Message), r) {
				pieces++
			}
		}
		stored += events[v.account]
		switch {
		case v.MayBeUnparsed && pieces > 0:
		case v.MayBeUnparsed && !v.named():
			// Of a sign-in log that names no watched account anywhere, nothing is kept, readable or not.
		case events[v.account] != v.Events:
			s.t.Errorf("%s: %d events in the ledger, want %d", v.Name, events[v.account], v.Events)
		case v.Unparsed && pieces == 0:
			s.t.Errorf("%s: what cannot be read is not kept raw", v.Name)
		case !v.Unparsed && !v.MayBeUnparsed && pieces > 0:
			s.t.Errorf("%s: %d pieces are kept raw although all can be read", v.Name, pieces)
		}
	}
	s.t.Logf("%d messages out of the ordinary: %d events stored, %d pieces kept raw", len(all), stored, len(raw))
}

// rawOf is the record of an event as it came.
func rawOf(e map[string]any) string {
	text, _ := e["raw"].(string)
	if e["rawEncoding"] == "base64" {
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
			return string(decoded)
		}
	}
	return text
}

// malformedCalls hands over what no hub would send.
func (s *stand) malformedCalls() {
	s.t.Helper()
	data := func(events string) string { return `{"Data":{"events":` + events + `},"Metadata":{}}` }
	quoted := func(events string) string {
		text, err := json.Marshal(events)
		if err != nil {
			s.t.Fatal(err)
		}
		return data(string(text))
	}
	for _, test := range []struct {
		name, body string
		status     int // of the answer; 0: anything but 200, for then it is the call that cannot be read
	}{
		{"an empty array", quoted(`[]`), 200},
		{"an empty array that is no text", data(`[]`), 200},
		{"an empty message", quoted(`[""]`), 200},
		{"nulls", quoted(`[null,null]`), 200},
		{"numbers and objects", quoted(`[1,{"records":[]},[],true]`), 200},
		{"deeply nested", quoted(`["` + strings.Repeat("[", 200_000) + `"]`), 200},
		{"half a surrogate", quoted(`["\ud800 {\"records\":["]`), 200},
		{"a message that is not UTF-8", strings.Replace(quoted(`["x"]`), "x", "\xff\xfe", 1), 200},
		{"no metadata", `{"Data":{"events":"[]"}}`, 200},
		{"metadata of the wrong kind", `{"Data":{"events":"[\"x\"]"},"Metadata":{"SequenceNumberArray":7,"EnqueuedTimeUtcArray":{}}}`, 200},
		{"nothing", ``, 200},
		{"no events", `{"Data":{},"Metadata":{}}`, 200},
		{"half a call", quoted(`["x"]`)[:20], 0},
	} {
		answer, err := s.host.Invoke(s.t.Context(), "watchlogs", []byte(test.body))
		switch {
		case err != nil:
			s.t.Errorf("%s: %v", test.name, err)
		case test.status == 0 && answer.Status == http.StatusOK, test.status != 0 && answer.Status != test.status:
			s.t.Errorf("%s: status %d, want %d (0: an error): %.300s", test.name, answer.Status, test.status, answer.Body)
		case len(bytes.TrimSpace(answer.Body)) < 3 || !json.Valid(answer.Body):
			s.t.Errorf("%s: the answer %q would hang the invocation", test.name, answer.Body)
		}
	}
}

// largeCall hands over 30 MB at once: ordinary sign-ins, some that cannot be read and hardly be
// packed, and in the middle a break-glass sign-in.
func (s *stand) largeCall() {
	s.t.Helper()
	ordinary := s.sample.SignInMessage(sample.MaxMessage)
	good, id := s.success(2)
	var messages [][]byte
	size := 0
	for n := 0; size < 30<<20; n++ {
		message := ordinary
		switch {
		case n == 14:
			message = good
		case n%10 == 7:
			message = noise(n)
		}
		messages = append(messages, message)
		size += len(message)
	}
	before := 0
	for _, e := range s.lines("events") {
		if e["kind"] == "unparsed" {
			before++
		}
	}
	begun := time.Now()
	answer, err := s.host.Invoke(s.t.Context(), "watchlogs", wire(s.t, messages...))
	if err != nil || answer.Status != http.StatusOK {
		s.t.Fatalf("%d MB: status %d, %v: %.300s", size>>20, answer.Status, err, answer.Body)
	}
	took := time.Since(begun)
	found, unparsed := 0, -before
	for _, e := range s.lines("events") {
		if e["recordId"] == id {
			found++
		}
		if e["kind"] == "unparsed" {
			unparsed++
		}
	}
	if found != 1 || unparsed != 3 {
		s.t.Errorf("of %d MB the sign-in is in the ledger %d times, want 1; %d messages are kept raw, want 3", size>>20, found, unparsed)
	}
	s.t.Logf("%d MB in one call were answered after %s", size>>20, took.Round(time.Millisecond))
}

// noise is nearly a megabyte of text that is no JSON and does not compress well.
func noise(seed int) []byte {
	var out bytes.Buffer
	for sum := sha256.Sum256([]byte{byte(seed)}); out.Len() < 1_000_000; sum = sha256.Sum256(sum[:]) {
		out.WriteString(base64.StdEncoding.EncodeToString(sum[:]))
	}
	return out.Bytes()
}

// secretive fails if a secret of a channel stands in what the program printed or prints, or if a
// verb lets through what makes a terminal lie.
func (s *stand) secretive() {
	s.t.Helper()
	address, err := url.Parse(s.page.WebhookURL())
	if err != nil {
		s.t.Fatal(err)
	}
	texts := map[string]string{"the log": s.said.String()}
	for _, verb := range []string{"events", "alerts", "incidents", "verify", "list settings"} {
		for _, form := range []string{"", " --json"} {
			stdout, stderr, _ := s.verb(strings.Fields(verb + form)...)
			texts[verb+form] = stdout + stderr
			lying := "\x00\x07\x08\x1b\u202e\u2066\u200b"
			if form != "" {
				lying = lying[:4] // JSON is for machines, and carries what was logged
			}
			if strings.ContainsAny(stdout, lying) {
				s.t.Errorf("%s%s prints control characters out of a record", verb, form)
			}
		}
	}
	secrets := []string{strings.TrimPrefix(s.page.FallbackSecret(), "whsec_"), s.settings["LINK_SIGNING_KEYS"], address.RawQuery, address.Query().Get("sig")}
	for where, text := range texts {
		for n, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				s.t.Errorf("%s shows secret %d", where, n)
			}
		}
	}
}
