package entra_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"glasswatch/shared/entra"
)

// FuzzScan holds the raw scan to Parse: of a batch encoded as the host does, every message in which
// Parse finds a watched party must be selected, and, if it is JSON, every message with a record that is not of a
// sign-in or Graph activity.
func FuzzScan(f *testing.F) {
	g := newGenerator(5)
	graph := g.graph()
	at := strings.Index(graph, `"properties":{`) + len(`"properties":{`)
	for _, text := range []string{
		`{"records":[` + graph + `]}` + "\x01" + `{"records":[{"category":"AuditLogs"}]}`,
		`{"records":[` + graph[:at] + `"userId":"` + alice + `",` + graph[at:] + `,{"id":{}}]}`,
		`{"records":[{"category":"SignInLogs","properties":{"userPrincipalName":"bg\u002dALPHA@contoso.com","x":[{"y":"{"},{"z":"}"}]}}]}`,
		`{"records":[{"category":"SignInLogs","properties":"{\"signInIdentifier\":\"bg-alpha\\u0040contoso.com\"}"},{"a":[[{}]]}]}`,
		`{"records":[{"category":"SignInLogs"},` + byteArray(signIn("a")) + `]}`,
		`{"records":[{"category":"SignInLogs","x":` + "\x01" + `,"y":{},"z":"\\"}]}`,
	} {
		f.Add([]byte(text))
	}
	scanner := entra.NewScanner(watched())
	f.Fuzz(func(t *testing.T, text []byte) {
		if !utf8.Valid(text) {
			return // the host replaces what is not UTF-8
		}
		messages := strings.Split(string(text), "\x01")
		sel, ok := scanner.Select(hostBody(messages...))
		if !ok {
			t.Fatal("the host's own form is not taken")
		}
		if sel.Total() < len(messages) && slices.ContainsFunc(messages, func(m string) bool { return !json.Valid([]byte(m)) }) {
			return // two broken messages that complete one another
		}
		if sel.Total() != len(messages) {
			t.Fatalf("%d messages of %d", sel.Total(), len(messages))
		}
		for i, message := range messages {
			unescaped, err := sel.Unescape(i)
			if err != nil || string(unescaped) != message {
				t.Fatalf("message %d unescaped to %q, %v", i, unescaped, err)
			}
			if !sel.Message(i).Look && matters([]byte(message)) {
				t.Fatalf("message %d is passed over", i)
			}
		}
		if !bytes.HasPrefix(sel.Rest, []byte(`},"Metadata":{`)) {
			t.Fatalf("rest %q", sel.Rest)
		}
	})
}

// matters is what stage 2 says: by the kinds of the records and the parties that they name.
func matters(message []byte) bool {
	records, _ := entra.Parse(message)
	names := slices.Concat(watched().IDs, watched().Names)
	for _, r := range records {
		switch r.Kind {
		case entra.KindSignIn, entra.KindNonInteractiveSignIn, entra.KindServicePrincipalSignIn, entra.KindGraphActivity:
		default:
			if json.Valid(message) {
				return true
			}
		}
		for _, p := range r.Parties {
			for _, value := range []string{p.ObjectID, p.UserPrincipalName, p.SignInIdentifier, p.AlternateSignInName} {
				if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, strings.TrimSpace(value)) }) {
					return true
				}
			}
		}
	}
	return false
}
