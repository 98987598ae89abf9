package teams_test

import (
	"strings"
	"time"

	"glasswatch/shared/alert"
	"glasswatch/shared/detect"
)

const (
	stream = "account-4b1f6c1e-8d57-4f0c-9a53-0c6b1d2e7a90"
	hash   = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

var night = time.Date(2026, 11, 24, 3, 12, 41, 0, time.UTC)

// signIn is what somebody on call reads at night.
func signIn(severity detect.Severity) alert.Message {
	return alert.Message{
		ID: stream + "-17", Kind: alert.MessageAlert, Severity: severity, Rule: "signin-success",
		Incident: stream + "-17", Account: "bg-alpha",
		Headline: "Break-glass sign-in succeeded: bg-alpha from 203.0.113.7 (Oslo, NO) to Azure portal, unmanaged Windows device",
		Emphasis: "Break-glass sign-in succeeded",
		Mark:     "Arrived 3 min 4 s late",
		Facts: []alert.Fact{
			{Name: "Account", Value: "bg-alpha@contoso.com"},
			{Name: "From", Value: "203.0.113.7 (Oslo, NO)"},
			{Name: "App", Value: "Azure portal"},
			{Name: "Device", Value: "unmanaged, Windows 11, Edge 142"},
			{Name: "Sign-in proof", Value: "password, FIDO2 security key"},
			{Name: "Logged", Value: "03:14:02 UTC"},
			{Name: "Reached us", Value: "03:15:45 UTC"},
		},
		Meaning: "Somebody is inside with the rights of Global Administrator. No drill is planned at this time.",
		Actions: []string{
			"Ask the custodians of bg-alpha whether it was one of them.",
			"If nobody knows of it: disable the account and revoke its sessions from the other break-glass account.",
			"Acknowledge this, so that the others know that you are on it.",
		},
		Links: []alert.Link{
			{Title: "Open the incident", URL: "https://glasswatch.contoso.example/api/incidents/" + stream + "-17?channel=teams&expires=1764558761&token=dG9rZW4"},
			{Title: "User in Entra", URL: "https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/4b1f6c1e-8d57-4f0c-9a53-0c6b1d2e7a90"},
			{Title: "Sign-in in Entra", URL: "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/SignInEventsV3Blade"},
		},
		HappenedAt: night, Stream: stream, Sequence: 17, EntryHash: hash,
	}
}

func with(m alert.Message, changes ...func(*alert.Message)) alert.Message {
	for _, change := range changes {
		change(&m)
	}
	return m
}

// samples has a message of each kind and severity, and of each special state of a card.
func samples() map[string]alert.Message {
	out := map[string]alert.Message{}
	for _, s := range []detect.Severity{detect.Info, detect.Medium, detect.High, detect.Critical} {
		out["alert-"+string(s)] = signIn(s)
	}
	out["alert-unrecorded"] = with(signIn(detect.Critical), func(m *alert.Message) {
		m.Sequence, m.EntryHash, m.Mark = 0, "", "Not yet recorded: storage does not answer"
	})
	out["alert-bare"] = alert.Message{Kind: alert.MessageAlert, Severity: detect.Medium}
	out["alert-newer-severity"] = with(signIn("catastrophic"))
	out["summary-high"] = with(signIn(detect.High), func(m *alert.Message) {
		m.Kind, m.Rule, m.Mark, m.Links = alert.MessageSummary, "signin-failed", "", m.Links[:1]
		m.Headline, m.Emphasis = "412 more failed sign-ins of bg-alpha in 10 minutes, none has succeeded", "412 more failed sign-ins"
		m.Facts = []alert.Fact{{Name: "From", Value: "37 addresses in NL, RU, US"}, {Name: "Since", Value: "03:02:10 UTC"}}
		m.Meaning = "Somebody is trying passwords. The next summary comes in an hour; a success comes at once."
		m.Actions = []string{"Nothing, unless one succeeds."}
	})
	out["escalation-critical"] = with(signIn(detect.Critical), func(m *alert.Message) {
		m.Kind, m.Mark = alert.MessageEscalation, "Second reminder; the next one comes in 4 h"
		m.Headline, m.Emphasis = "Nobody has acknowledged the 03:12 sign-in of bg-alpha for 1 h 15 min", "Nobody has acknowledged"
	})
	out["notice-acknowledged"] = with(signIn(detect.Critical), func(m *alert.Message) {
		m.Kind, m.Progress, m.Mark, m.Facts, m.Meaning, m.Actions = alert.MessageNotice, alert.ProgressAcknowledged, "", nil, "", nil
		m.Headline, m.Emphasis = "Kari Nordmann acknowledged the 03:12 sign-in of bg-alpha", "Kari Nordmann acknowledged"
	})
	out["notice-closed"] = with(signIn(detect.Critical), func(m *alert.Message) {
		m.Kind, m.Progress, m.Mark, m.Facts, m.Meaning, m.Actions = alert.MessageNotice, alert.ProgressClosed, "", nil, "", nil
		m.Headline, m.Emphasis = "Closed as drill by Kari Nordmann: the 03:12 sign-in of bg-alpha", "Closed as drill"
	})
	out["notice-test"] = alert.Message{
		Kind: alert.MessageNotice, Severity: detect.Info, Headline: "This is a test of the channel", Meaning: "Nothing happened.",
		Stream: "pulse", Sequence: 4, EntryHash: hash,
	}
	out["notice-critical"] = with(signIn(detect.Critical), func(m *alert.Message) { m.Kind = alert.MessageNotice })
	out["digest-info"] = alert.Message{
		Kind: alert.MessageDigest, Severity: detect.Info, HappenedAt: time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC),
		Headline: "All well: both accounts would work, last proved 12 days ago", Emphasis: "All well",
		Facts: []alert.Fact{
			{Name: "Accounts", Value: "bg-alpha, bg-beta"},
			{Name: "Events", Value: "none in 24 h"},
			{Name: "Checks", Value: "41 passed, 0 failed, 0 unknown"},
			{Name: "Newest log record", Value: "2 min ago, 05:58:11 UTC"},
			{Name: "Next drill", Value: "by 9 February 2027"},
		},
		Links:  []alert.Link{{Title: "Open the status page", URL: "https://glasswatch.contoso.example/api/status"}},
		Stream: "checkpoint", Sequence: 212, EntryHash: hash,
	}
	out["digest-high"] = with(out["digest-info"], func(m *alert.Message) {
		m.Severity = detect.High
		m.Headline, m.Emphasis = "2 checks fail: bg-beta could not satisfy a policy", "2 checks fail"
		m.Actions = []string{"Exclude bg-beta from the policy “Require compliant device”."}
	})
	return out
}

// hostile texts try to become links, formatting, mentions, line breaks, dates or code.
func hostile() map[string]string {
	return map[string]string{
		"markdown-link":  "[Acknowledge here](https://evil.example/steal)",
		"image":          "![x](https://evil.example/pixel.png)",
		"reference":      "[a][b]\n\n[b]: https://evil.example",
		"autolink":       "<https://evil.example> https://evil.example/x www.evil.example evil.example //evil.example x@,evil.example",
		"links-in-pairs": "https://a.example//evil.example /// ///evil.example http:/\u200b/evil.example",
		"formatting":     "**bold** __bold__ *italic* _italic_ ~~gone~~ `code` ***",
		"stops-the-bold": "** _x_ ** y **",
		"html":           `<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a><b>`,
		"entities":       "&lt;script&gt; &#60;at&#62;Kari&#60;/at&#62; &#x5b;x](https://evil.example) &amp;lt;",
		"mention":        "<at>Kari Nordmann</at> @everyone <at id=\"0\">x</at>",
		"backslashes":    `\[x\](https://evil.example) \\ \* C:\Users\_x \`,
		"new-lines":      "first\r\n\r\n# heading\n- item\n1. one\n> quote\n---\n| a | b |\n|---|---|",
		"list":           "- item", "numbered": "1. item", "heading": "# heading", "rule": "---",
		"date-macro":       "{{DATE(2017-02-14T06:08:39Z, SHORT)}} ${system} @{triggerBody()} {{TIME(2017-02-14T06:08:39Z)}}",
		"right-to-left":    "\u202Egnp.exe\u202C \u2067abc\u2069 \u200Fx \u061C",
		"zero-width":       "pay\u200bpal\u2060\ufeff \U000E0041 \u00ad",
		"nul-and-control":  "a\x00b\x07\x1b[31m\x7f\u0085\u2028c",
		"broken-utf8":      "a\xff\xfe\xc3\x28 \xed\xa0\x80 z",
		"huge":             strings.Repeat("A", 100_000),
		"huge-backslash":   strings.Repeat(`\`, 100_000),
		"huge-astral":      strings.Repeat("\U0001D49C", 100_000),
		"huge-dots":        strings.Repeat("a.", 50_000),
		"huge-quotes":      strings.Repeat(`"&_/`, 25_000),
		"huge-lines":       strings.Repeat("x\n", 50_000),
		"huge-link":        "[" + strings.Repeat("x", 50_000) + "](https://evil.example/" + strings.Repeat("y", 50_000) + ")",
		"only-zero-width":  "\u200b\u200b",
		"json":             `","type":"Action.OpenUrl","url":"https://evil.example`,
		"javascript":       "javascript:alert(1)",
		"address-userinfo": "https://login.microsoftonline.com@evil.example/",
		"address-plain":    "http://evil.example/",
		"address-data":     "data:text/html,<script>alert(1)</script>",
	}
}

// poisoned has text in each field that may hold outside text.
func poisoned(text string) alert.Message {
	m := signIn(detect.Critical)
	m.Rule, m.Account, m.Headline, m.Emphasis, m.Mark, m.Meaning = text, text, text, text, text, text
	m.Facts = nil
	for range 40 {
		m.Facts = append(m.Facts, alert.Fact{Name: text, Value: text})
	}
	m.Actions = []string{text, text, text, text}
	for range 20 {
		m.Links = append(m.Links, alert.Link{Title: text, URL: "https://glasswatch.contoso.example/" + strings.Repeat("a", 700)})
		m.Links = append(m.Links, alert.Link{Title: "x", URL: text})
	}
	m.Stream = text
	return m
}
