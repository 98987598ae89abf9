package entra_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glasswatch/shared/entra"
)

func one(t *testing.T, message string) entra.Record {
	t.Helper()
	records, damaged := entra.Parse([]byte(message))
	if len(records) != 1 || len(damaged) != 0 {
		t.Fatalf("%d records, damage %+v", len(records), damaged)
	}
	return records[0]
}

// entry is a SignInLogs record with some fields at the top and some in its properties.
func entry(top, properties string) string {
	if top != "" {
		top = "," + top
	}
	return `{"category":"SignInLogs"` + top + `,"properties":{` + properties + `}}`
}

// TestIrregularities is the checklist of irregularities seen in captured records, by name.
// Each case says what of the record must have been read in spite of it.
func TestIrregularities(t *testing.T) {
	day := time.Date(2026, 5, 1, 9, 59, 27, 0, time.UTC)
	with := func(nanoseconds int) time.Time { return day.Add(time.Duration(nanoseconds)) }
	code := func(want int, has bool) func(entra.Record) string {
		return func(r entra.Record) string {
			return differ("code", fmt.Sprint(r.SignIn.ErrorCode, r.SignIn.HasErrorCode), fmt.Sprint(want, has))
		}
	}
	happened := func(want time.Time) func(entra.Record) string {
		return func(r entra.Record) string { return differ("happened", r.Happened.String(), want.String()) }
	}
	kind := func(want entra.Kind) func(entra.Record) string {
		return func(r entra.Record) string { return differ("kind", string(r.Kind), string(want)) }
	}
	parties := func(want ...string) func(entra.Record) string {
		return func(r entra.Record) string {
			var got []string
			for _, p := range r.Parties {
				got = append(got, string(p.Role)+":"+p.ObjectID+":"+p.UserPrincipalName)
			}
			return differ("parties", strings.Join(got, " "), strings.Join(want, " "))
		}
	}
	user := `"id":"r1","userId":"` + alice + `"`
	tests := []struct {
		name   string
		record string
		check  func(entra.Record) string
	}{
		{"1 Level as number", entry(`"Level":4`, user), kind(entra.KindSignIn)},
		{"1 Level as text", entry(`"Level":"4"`, user), kind(entra.KindSignIn)},
		{"1 level as word, key in lower case", entry(`"level":"Informational"`, user), kind(entra.KindSignIn)},
		{"2 durationMs as text", entry(`"durationMs":"0"`, user), kind(entra.KindSignIn)},
		{"3 resultType as text", entry(`"resultType":"0"`, user), code(0, true)},
		{"3 resultType as number", entry(`"resultType":50126`, user), code(50126, true)},
		{"3 resultType as a word is no code", entry(`"resultType":"Success"`, user), code(0, false)},
		{"3 resultType absent", entry(``, user), code(0, false)},
		{"3 status counts before resultType", entry(`"resultType":"0"`, user+`,"status":{"errorCode":50053}`), code(50053, true)},
		{"3 error code as text", entry(``, user+`,"status":{"errorCode":"50126"}`), code(50126, true)},
		{"3 error code null", entry(`"resultType":"50126"`, user+`,"status":{"errorCode":null}`), code(50126, true)},
		{"3 error code unreadable", entry(``, user+`,"status":{"errorCode":"none"}`), code(0, false)},
		{"4 US time, afternoon", entry(``, user+`,"createdDateTime":"5/1/2026 9:59:27 PM"`), happened(day.Add(12 * time.Hour))},
		{"4 US time, padded, 24 hours", entry(``, user+`,"createdDateTime":"05/01/2026 09:59:27"`), happened(day)},
		{"4 US time with zone", entry(``, user+`,"createdDateTime":"5/1/2026 10:59:27 AM +01:00"`), happened(day)},
		{"4 unpadded hour", entry(``, user+`,"createdDateTime":"2026-05-01T9:59:27.958Z"`), happened(with(958_000_000))},
		{"4 no zone is UTC", entry(``, user+`,"createdDateTime":"2026-05-01T09:59:27"`), happened(day)},
		{"4 blank and no zone", entry(``, user+`,"createdDateTime":"2026-05-01 09:59:27.25"`), happened(with(250_000_000))},
		{"4 offset west", entry(``, user+`,"createdDateTime":"2026-05-01T04:59:27-05:00"`), happened(day)},
		{"4 seven digits", entry(``, user+`,"createdDateTime":"2026-05-01T09:59:27.5991020+00:00"`), happened(with(599_102_000))},
		{"4 nine digits", entry(``, user+`,"createdDateTime":"2026-05-01T09:59:27.599102001Z"`), happened(with(599_102_001))},
		{"4 createdDateTime before time", entry(`"time":"2026-05-01T10:01:00Z"`, user+`,"createdDateTime":"2026-05-01T09:59:27Z"`), happened(day)},
		{"4 unreadable createdDateTime", entry(`"time":"2026-05-01T09:59:27Z"`, user+`,"createdDateTime":"soon"`), happened(day)},
		{"4 time absent", entry(``, user), happened(time.Time{})},
		{
			"5 flat row of a data export",
			`{"Type":"AADNonInteractiveUserSignInLogs","TimeGenerated":"2026-05-01T09:59:27Z","TenantId":"workspace","AADTenantId":"tenant","Id":"r1","UserId":"` +
				alice + `","UserPrincipalName":"A@x.example","ResultType":"50126","CreatedDateTime":"2026-05-01T09:59:27Z","DeviceDetail":"{\"deviceId\":\"d\",\"isManaged\":true}","Status":"{\"errorCode\":50126}"}`,
			func(r entra.Record) string {
				got := fmt.Sprint(r.Kind, " ", r.ID, " ", r.TenantID, " ", r.SignIn.ErrorCode, " ", r.SignIn.DeviceID, " ", *r.SignIn.Managed, " ", r.Happened.Equal(day), " ", r.Parties[0].ObjectID == alice)
				return differ("row", got, "nonInteractiveSignIn r1 tenant 50126 d true true true")
			},
		},
		{
			"5 flat audit row, whose Category is another", `{"Type":"AuditLogs","Category":"Policy","Id":"r1","InitiatedBy":"{\"user\":{\"id\":\"` + alice + `\"}}"}`,
			parties("actor:" + alice + ":"),
		},
		{"5 keys in lower case", `{"category":"SignInLogs","resulttype":50126,"properties":{"id":"r1","userid":"` + alice + `"}}`, code(50126, true)},
		{"6 category misspelt", `{"category":"NonInteractiveUserSIgnInLogs","properties":{}}`, kind(entra.KindNonInteractiveSignIn)},
		{"6 Category", `{"Category":"auditlogs","properties":{}}`, kind(entra.KindAudit)},
		{"6 CategoryValue", `{"CategoryValue":"SignInLogs ","properties":{}}`, kind(entra.KindSignIn)},
		{"6 category as object", `{"category":{"value":"Administrative","localizedValue":"x"},"operationName":{"value":"op"}}`, kind(entra.KindAzureActivity)},
		{"7 userId null", entry(``, `"userId":null,"userPrincipalName":"A@x.example"`), parties("subject::A@x.example")},
		{"7 userId empty", entry(``, `"userId":"","signInIdentifier":"a@x.example"`), parties("subject::")},
		{"7 UPN a GUID", entry(``, `"userPrincipalName":"`+alice+`"`), parties("subject:" + alice + ":" + alice)},
		{"7 UPN with a blank", entry(``, `"userPrincipalName":"A B@x.example "`), parties("subject::A B@x.example ")},
		{"8 location absent at the top, empty inside", entry(``, user+`,"location":{"geoCoordinates":{}}`), kind(entra.KindSignIn)},
		{"8 location only at the top", entry(`"location":"NO"`, user), func(r entra.Record) string { return differ("country", r.SignIn.Country, "NO") }},
		{"9 identity as string", entry(`"identity":"Alice"`, user), func(r entra.Record) string { return differ("name", r.Parties[0].DisplayName, "Alice") }},
		{"9 identity as object", entry(`"identity":{"claims":{}}`, user), parties("subject:" + alice + ":")},
		{"10 properties as JSON text", `{"category":"SignInLogs","properties":` + quoted(`{"id":"r1","userId":"`+alice+`"}`) + `}`, parties("subject:" + alice + ":")},
		{"10 properties in single quotes", `{"category":"SignInLogs","properties":"{'id':'r1','userId':'` + alice + `','x':'it\\'s \"so\"'}"}`, parties("subject:" + alice + ":")},
		{"11 no address", entry(`"callerIpAddress":"<null>"`, user), func(r entra.Record) string { return differ("address", r.SignIn.IPAddress, "") }},
		{"11 address malformed", entry(`"callerIpAddress":"::2a02:1"`, user), func(r entra.Record) string { return differ("address", r.SignIn.IPAddress, "::2a02:1") }},
		{"12 audiences as objects", entry(``, user+`,"conditionalAccessAudiences":[{"applicationId":"x"}]`), kind(entra.KindSignIn)},
		{
			"13 success with a failed step", entry(``, user+`,"status":{"errorCode":0},"authenticationDetails":[{"authenticationMethod":"Password","succeeded":false},{"authenticationMethod":"Password"}]`),
			func(r entra.Record) string {
				return differ("methods", fmt.Sprint(r.SignIn.Methods, r.SignIn.ErrorCode), "[Password] 0")
			},
		},
		{"16 RiskyUsers without userId", `{"category":"RiskyUsers","properties":{"id":"` + alice + `","riskState":"atRisk","riskLastUpdatedDateTime":"5/1/2026 9:59:27 AM"}}`, parties("subject:" + alice + ":")},
		{"16 UserRiskEvents", `{"category":"UserRiskEvents","properties":{"id":"d1","userId":"` + alice + `","riskEventType":"passwordSpray"}}`, parties("subject:" + alice + ":")},
		{"17 initiatedBy empty", `{"category":"AuditLogs","properties":{"initiatedBy":{},"targetResources":[{"id":"t1","type":"User"}]}}`, parties("target:t1:")},
		{"17 initiatedBy app", `{"category":"AuditLogs","properties":{"initiatedBy":{"app":{"displayName":"PIM","servicePrincipalId":"s1"}}}}`, parties("actor:s1:")},
		{"17 initiatedBy user, roles as text", `{"category":"AuditLogs","properties":{"initiatedBy":{"user":{"id":"u1","userPrincipalName":"U@x","roles":"a"}}}}`, parties("actor:u1:U@x")},
		{
			"17 every target", `{"category":"AuditLogs","properties":{"targetResources":[{"id":null,"displayName":"?"},{"id":"g","type":"Group"},{"id":"u","userPrincipalName":"U@x"}]}}`,
			parties("target::", "target:g:", "target:u:U@x"),
		},
		{
			"18 en dash and trailing blank", `{"category":"AuditLogs","properties":{"activityDisplayName":"Update application – Certificates and secrets management "}}`,
			func(r entra.Record) string {
				return differ("activity", r.Audit.Activity, "Update application - Certificates and secrets management")
			},
		},
		{
			"18 changes decoded once", `{"category":"AuditLogs","properties":{"targetResources":[{"id":"m","modifiedProperties":[{"displayName":"Role","oldValue":null,"newValue":"\"Global\\u0020Administrator\""},{"displayName":"P","oldValue":"{\"state\":\"on\"}","newValue":"[true]"}]}]}}`,
			func(r entra.Record) string {
				return differ("changes", fmt.Sprint(r.Audit.Changes), `[{m Role  Global Administrator} {m P {"state":"on"} [true]}]`)
			},
		},
		{
			"21 integers above 2^53 stay as written", entry(``, user+`,"__UDI_RequiredFields_EventTime":638949921850717730`),
			func(r entra.Record) string {
				return differ("properties", string(r.Properties[len(r.Properties)-19:]), "638949921850717730}")
			},
		},
		{"22 unknown category", `{"category":"NewLogs","properties":{"actor":{"userId":"` + alice + `"},"id":"r1"}}`, parties("actor:" + alice + ":")},
		{"22 no category", `{"userPrincipalName":"a@x.example"}`, parties("subject::a@x.example")},
		{
			"22 Activity Log in the same hub", `{"category":"Administrative","operationName":"OP","resultType":"Success","identity":{"claims":{"http://schemas.microsoft.com/identity/claims/objectidentifier":"` + alice + `","http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name":"a@x.example"}}}`,
			parties("actor:" + alice + ":a@x.example"),
		},
		{"22 Activity Log, flat, caller", `{"Type":"AzureActivity","CategoryValue":"Administrative","Caller":"` + alice + `"}`, parties("actor:" + alice + ":")},
		{"22 provisioning", `{"category":"ProvisioningLogs","properties":{"sourceIdentity":{"Id":"` + alice + `","details":{"UserPrincipalName":"a@x.example"}}}}`, parties("target:"+alice+":", "target::a@x.example")},
		{
			"22 Graph activity of an app", `{"category":"MicrosoftGraphActivityLogs","resultSignature":"200","properties":{"requestId":"q1","userId":null,"servicePrincipalId":"s1","UserPrincipalObjectID":"S1","responseStatusCode":200}}`,
			parties("actor:s1:"),
		},
		{"22 Graph activity of a user", `{"category":"MicrosoftGraphActivityLogs","properties":{"requestId":"q1","userId":"u1","UserPrincipalObjectID":"p1","responseStatusCode":404}}`, parties("actor:u1:", "actor:p1:")},
		{"22 service principal", `{"category":"ServicePrincipalSignInLogs","properties":{"userId":"","servicePrincipalId":"s1","servicePrincipalName":"backup"}}`, parties("subject:s1:")},
		{"22 canary", `{"category":"GlasswatchCanary","properties":{"nonce":"n1"}}`, func(r entra.Record) string { return differ("nonce", r.Canary.Nonce+" "+string(r.Kind), "n1 canary") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if wrong := test.check(one(t, `{"records":[`+test.record+`]}`)); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

func differ(what, got, want string) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf("%s %q, want %q", what, got, want)
}

func TestPropertiesThatCannotBeRead(t *testing.T) {
	for name, properties := range map[string]string{
		"broken text":  `"{\"a\":"`,
		"single quote": `"{'a':'b"`,
		"words":        `"[ 227 B blob data ]"`,
		"number":       `5`,
	} {
		t.Run(name, func(t *testing.T) {
			bad := `{"category":"SignInLogs","properties":` + properties + `}`
			records, damaged := entra.Parse([]byte(`{"records":[` + bad + `,` + signIn("a") + `]}`))
			if len(records) != 1 || len(damaged) != 1 || damaged[0].Shape != "properties" || string(damaged[0].Raw) != bad {
				t.Errorf("%d records, damage %q", len(records), damaged)
			}
		})
	}
}

func TestKindOfEveryCategory(t *testing.T) {
	for category, want := range map[string]entra.Kind{
		"AuditLogs": entra.KindAudit, "SignInLogs": entra.KindSignIn, "NonInteractiveUserSignInLogs": entra.KindNonInteractiveSignIn,
		"ServicePrincipalSignInLogs": entra.KindServicePrincipalSignIn, "ManagedIdentitySignInLogs": entra.KindServicePrincipalSignIn,
		"MicrosoftServicePrincipalSignInLogs": entra.KindServicePrincipalSignIn, "ProvisioningLogs": entra.KindUnparsed,
		"ADFSSignInLogs": entra.KindSignIn, "RiskyUsers": entra.KindRiskyUser, "UserRiskEvents": entra.KindRiskEvent,
		"RiskyServicePrincipals": entra.KindRiskyUser, "ServicePrincipalRiskEvents": entra.KindRiskEvent,
		"NetworkAccessTrafficLogs": entra.KindUnparsed, "EnrichedOffice365AuditLogs": entra.KindUnparsed,
		"MicrosoftGraphActivityLogs": entra.KindGraphActivity, "AzureADGraphActivityLogs": entra.KindGraphActivity,
		"CustomSecurityAttributeAuditLogs": entra.KindAudit, "B2CRequestLogs": entra.KindUnparsed, "RemoteNetworkHealthLogs": entra.KindUnparsed,
	} {
		r := one(t, `{"category":"`+strings.ToUpper(category)+`","properties":{}}`)
		if r.Kind != want || !entra.KnownCategory(category) {
			t.Errorf("%s is %s, want %s, known %v", category, r.Kind, want, entra.KnownCategory(category))
		}
	}
	if entra.KnownCategory("NewLogs") {
		t.Error("NewLogs is known")
	}
}

// TestWholeRecord reads one record of each rich kind from a file and compares everything with a
// golden file; -update writes it.
func TestWholeRecord(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			message, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := describe(entra.Parse(message))
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
