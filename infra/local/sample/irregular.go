package sample

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Variant is one hub message that is out of the ordinary.
type Variant struct {
	Name    string
	Message []byte
	// Events is how many ledger events must name the account. With MayBeUnparsed the message, or
	// the part of it that cannot be read, may be stored raw instead or as well.
	Events        int
	MayBeUnparsed bool
	// Unparsed is set when something in the message must be stored raw, besides the events.
	Unparsed bool
}

// Irregular invents the irregularities that have been seen in captures or are to be feared, each as
// one message in which the account signs in, is acted on or acts. Names are unique.
func (g *Generator) Irregular(who Person) []Variant {
	var out []Variant
	out = append(out, g.irregularScalars(who)...)
	out = append(out, g.irregularTimes(who)...)
	out = append(out, g.irregularPeople(who)...)
	out = append(out, g.irregularShapes(who)...)
	out = append(out, g.irregularRecords(who)...)
	out = append(out, g.irregularEnvelopes(who)...)
	out = append(out, g.irregularSizes(who)...)
	return out
}

// edited makes a message of one sign-in of who after changes to its record.
func (g *Generator) edited(name string, who Person, change func(*Object)) Variant {
	r := g.SignIn(SignIn{Who: who, Policies: 3, Methods: []string{"Passkey (device-bound)"}})
	change(r)
	return Variant{Name: name, Message: Message(r), Events: 1}
}

func (g *Generator) irregularScalars(who Person) []Variant {
	set := func(name, path string, v Value) Variant {
		return g.edited(name, who, func(r *Object) { r.Set(path, v) })
	}
	drop := func(name, path string) Variant {
		return g.edited(name, who, func(r *Object) { r.Delete(path) })
	}
	return []Variant{
		set("level as text", "Level", Text("4")),
		set("level as a word", "Level", Text("Informational")),
		set("level as another word", "Level", Text("Information")),
		g.edited("level key in lower case", who, func(r *Object) { r.Rename("Level", "level") }),
		set("duration as text", "durationMs", Text("0")),
		set("result type as a number", "resultType", Int(0)),
		set("result type as a word", "resultType", Text("Success")),
		drop("result type absent", "resultType"),
		set("error code as text", "properties.status.errorCode", Text("0")),
		set("error code as a fraction", "properties.status.errorCode", Raw("0.0")),
		drop("status absent", "properties.status"),
		set("network number as text", "properties.autonomousSystemNumber", Text("64496")),
		set("caller address null in text", "callerIpAddress", Text("<null>")),
		set("caller address a network", "callerIpAddress", Text("127.0.0.0/8")),
		set("address malformed IPv6", "properties.ipAddress", Text("::2a02:2121:2c0:19:7")),
		set("address IPv6", "properties.ipAddress", Text("2001:db8:4::17")),
		set("integer above 2^53", "properties.__UDI_RequiredFields_EventTime", Int(638_949_921_850_717_730)),
		g.edited("keys that differ only in case", who, func(r *Object) {
			r.Set("properties.C_Sid", Text("one")).Set("properties.c_Sid", Text("two"))
		}),
	}
}

func (g *Generator) irregularTimes(who Person) []Variant {
	at := g.Now
	times := []struct{ name, text string }{
		{"time American", at.Format("1/2/2006 3:04:05 PM")},
		{"time American with offset", at.In(time.FixedZone("", 3600)).Format("1/2/2006 3:04:05 PM -07:00")},
		{"time American padded", at.Format("01/02/2006 15:04:05")},
		{"time with an unpadded hour", at.Format("2006-01-02T") + strings.TrimPrefix(at.Format("15:04:05.000Z"), "0")},
		{"time without a zone", at.Format("2006-01-02T15:04:05.1234567")},
		{"time with nine digits", at.Format("2006-01-02T15:04:05.123456789Z")},
		{"time in another zone", at.In(time.FixedZone("", -5*3600)).Format("2006-01-02T15:04:05.1234567-07:00")},
		{"time not a time", "yesterday, late"},
		{"time empty", ""},
	}
	var out []Variant
	for _, t := range times {
		out = append(out, g.edited(t.name, who, func(r *Object) {
			r.Set("time", Text(t.text)).Set("properties.createdDateTime", Text(t.text))
		}))
	}
	return append(
		out,
		g.edited("top-level time absent", who, func(r *Object) { r.Delete("time") }),
		g.edited("no time at all", who, func(r *Object) { r.Delete("time").Delete("properties.createdDateTime") }),
		g.edited("time as a number", who, func(r *Object) { r.Set("properties.createdDateTime", Int(at.Unix())) }),
	)
}

func (g *Generator) irregularPeople(who Person) []Variant {
	return []Variant{
		g.edited("user id null", who, func(r *Object) { r.Set("properties.userId", Null{}) }),
		g.edited("user id empty", who, func(r *Object) { r.Set("properties.userId", Text("")) }),
		g.edited("user id absent", who, func(r *Object) { r.Delete("properties.userId") }),
		g.edited("user id in capitals", who, func(r *Object) { r.Set("properties.userId", Text(strings.ToUpper(who.ID))) }),
		g.edited("user name a GUID", who, func(r *Object) { r.Set("properties.userPrincipalName", Text(g.GUID())) }),
		g.edited("user name in capitals", who, func(r *Object) {
			r.Set("properties.userPrincipalName", Text(strings.ToUpper(who.UPN))).Set("properties.userId", Null{})
		}),
		g.edited("user name with blanks", who, func(r *Object) { r.Set("properties.userPrincipalName", Text(" "+who.UPN+" ")) }),
		g.edited("user name escaped", who, func(r *Object) {
			r.Set("properties.userPrincipalName", Raw(escapedText(who.UPN))).Delete("properties.userId")
		}),
		g.edited("only the typed name", who, func(r *Object) {
			r.Delete("properties.userId").Set("properties.userPrincipalName", Text("")).
				Set("properties.signInIdentifier", Text(strings.ToUpper(who.UPN)))
		}),
		g.edited("only the alternate name", who, func(r *Object) {
			r.Delete("properties.userId").Delete("properties.userPrincipalName").
				Set("properties.alternateSignInName", Text(who.UPN))
		}),
		g.edited("identity an object", who, func(r *Object) { r.Set("identity", Obj(F("claims", Obj()))) }),
		g.edited("identity absent", who, func(r *Object) { r.Delete("identity") }),
	}
}

// escapedText writes every character of s as \uXXXX: valid JSON for the same text.
func escapedText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		fmt.Fprintf(&b, `\u%04X`, r)
	}
	b.WriteByte('"')
	return b.String()
}

func (g *Generator) irregularShapes(who Person) []Variant {
	quotes := strings.NewReplacer(`"`, `'`)
	out := []Variant{
		g.edited("location absent", who, func(r *Object) { r.Delete("location") }),
		g.edited("location without a place", who, func(r *Object) { r.Set("properties.location", Obj(F("geoCoordinates", Obj()))) }),
		g.edited("location as text", who, func(r *Object) { r.Set("properties.location", Text("NO")) }),
		g.edited("category misspelt", who, func(r *Object) { r.Set("category", Text("NonInteractiveUserSIgnInLogs")) }),
		g.edited("category key capital", who, func(r *Object) { r.Rename("category", "Category") }),
		g.edited("category key CategoryValue", who, func(r *Object) { r.Rename("category", "CategoryValue") }),
		g.edited("properties as JSON text", who, func(r *Object) {
			if p, ok := r.Get("properties").(*Object); ok {
				r.Set("properties", Text(p.JSON()))
			}
		}),
		g.edited("audiences as texts", who, func(r *Object) { r.Set("properties.conditionalAccessAudiences", Texts(graphResource)) }),
		g.edited("success with a failed step", who, func(r *Object) { r.Set("properties.authenticationDetails.0.succeeded", Bool(false)) }),
		g.edited("all keys in lower case", who, func(r *Object) { r.rekey(strings.ToLower) }),
		{Name: "flat row of a workspace export", Message: Message(g.flatRow(who)), Events: 1},
	}
	maybe := []Variant{
		g.edited("category an object", who, func(r *Object) {
			r.Set("category", Obj(F("value", Text(SignInLogs)), F("localizedValue", Text("Sign-in logs"))))
		}),
		g.edited("category unknown", who, func(r *Object) { r.Set("category", Text("SignInLogsOfTheFuture")) }),
		g.edited("category absent", who, func(r *Object) { r.Delete("category") }),
		g.edited("properties as text with single quotes", who, func(r *Object) {
			if p, ok := r.Get("properties").(*Object); ok {
				r.Set("properties", Text(quotes.Replace(string(p.JSON()))))
			}
		}),
		g.edited("properties as a blob", who, func(r *Object) { r.Set("properties", Raw("[ 227 B blob data ]")) }),
		g.edited("properties absent", who, func(r *Object) { r.Delete("properties").Set("identity", Text(who.UPN)) }),
	}
	for i := range maybe {
		maybe[i].MayBeUnparsed = true
	}
	return append(out, maybe...)
}

// flatRow is a sign-in as a workspace's data export writes it: flat, PascalCase, nested objects as
// JSON text, and TenantId the id of the workspace.
func (g *Generator) flatRow(who Person) *Object {
	at, id := g.moment(time.Time{}), g.GUID()
	return Obj(
		F("TimeGenerated", stamp(at.Add(2*time.Minute))), F("Type", Text("SigninLogs")), F("Category", Text(SignInLogs)),
		F("OperationName", Text("Sign-in activity")), F("Id", Text(id)), F("CreatedDateTime", stamp(at)),
		F("UserId", Text(who.ID)), F("UserPrincipalName", Text(who.UPN)), F("UserDisplayName", Text(who.Name)),
		F("IPAddress", Text("203.0.113.80")), F("ResultType", Text("0")), F("ResultSignature", Text("SUCCESS")),
		F("CorrelationId", Text(g.GUID())), F("AADTenantId", Text(g.Tenant.ID)), F("TenantId", Text(g.GUID())),
		F("AppDisplayName", Text("Azure Portal")), F("AppId", Text("c44b4083-3bb0-49c1-b47d-974e53cbdf3c")),
		F("ClientAppUsed", Text("Browser")), F("Location", Text("NO")), F("IsInteractive", Bool(true)),
		F("Status", Text(`{"errorCode":0,"additionalDetails":"MFA completed in Azure AD"}`)),
		F("LocationDetails", Text(`{"city":"Oslo","state":"Oslo","countryOrRegion":"NO","geoCoordinates":{}}`)),
		F("DeviceDetail", Text(`{"deviceId":"","operatingSystem":"Windows10","browser":"Chrome 142.0.0"}`)),
		F("ConditionalAccessPolicies", Text("[]")), F("_Internal_WorkspaceResourceId", Text("/subscriptions/"+g.Tenant.Subscription)),
	)
}

func crlf(b []byte) []byte { return bytes.ReplaceAll(b, []byte("},"), []byte("},\r\n")) }
