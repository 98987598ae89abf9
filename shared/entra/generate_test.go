package entra_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generator makes log records of the shape and size that Entra sends, the same for the same seed.
type generator struct{ random *rand.Rand }

func newGenerator(seed uint64) generator {
	return generator{rand.New(rand.NewPCG(seed, 0x6C617373))}
}

func (g generator) guid() string {
	a, b := g.random.Uint64(), g.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%x%03x-%012x", a>>32, a>>16&0xFFFF, a&0xFFF, 8+b>>62, b>>48&0xFFF, b&0xFFFFFFFFFFFF)
}

func (g generator) pick(from ...string) string { return from[g.random.IntN(len(from))] }

func (g generator) person() (name, upn string) {
	first := g.pick("Anna", "Bjørn", "Chloé", "David", "Eva", "Frank", "Gita", "Hans", "Ivan", "Jürgen", "Maria", "Olga")
	last := g.pick("Andersen", "Berg", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Hansen", "Ivanova", "Johnson", "Müller", "O'Neil")
	plain := strings.NewReplacer("ø", "o", "é", "e", "ü", "u", "'", "").Replace(strings.ToLower(first + "." + last))
	return first + " " + last, fmt.Sprintf("%s%d@contoso.com", plain, g.random.IntN(900))
}

func (g generator) moment() string {
	return fmt.Sprintf("2026-05-%02dT%02d:%02d:%02d.%07dZ", 1+g.random.IntN(28), g.random.IntN(24), g.random.IntN(60), g.random.IntN(60), g.random.IntN(1e7))
}

// signIn makes a sign-in record with 11 policies or more: 6 KB typically, 3 to 19 KB in all.
func (g generator) signIn(category string) string {
	var b strings.Builder
	name, upn := g.person()
	tenant, correlation, id := "0f0e0d0c-0b0a-4908-8706-050403020100", g.guid(), g.guid()
	code, reason := 0, ""
	if g.random.IntN(5) == 0 {
		code = []int{50126, 50074, 50140, 65001}[g.random.IntN(4)]
		reason = g.pick(`,"failureReason":"Error validating credentials due to invalid username or password."`,
			`,"failureReason":"The user or administrator has not consented to use the application with ID '{identifier}'{namePhrase}. Send an interactive authorization request for this user and resource."`)
	}
	ip := fmt.Sprintf("203.0.%d.%d", g.random.IntN(256), g.random.IntN(256))
	city, country := g.pick("Oslo", "Bergen", "København", "Berlin"), g.pick("NO", "DK", "DE")
	app, created := g.pick("Azure Portal", "Microsoft Teams", "Office 365 Exchange Online", "Microsoft Authentication Broker"), g.moment()
	fmt.Fprintf(&b, `{"time":%q,"resourceId":"/tenants/%s/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0","category":%q,"tenantId":%q,"resultType":"%d","resultSignature":"SUCCESS","durationMs":0,"callerIpAddress":%q,"correlationId":%q,"identity":"%s","Level":4,"location":%q,"properties":{`,
		g.moment(), tenant, category, tenant, code, ip, correlation, name, country)
	fmt.Fprintf(&b, `"id":%q,"createdDateTime":%q,"userDisplayName":"%s","userPrincipalName":%q,"userId":%q,"appId":%q,"appDisplayName":%q,"ipAddress":%q,"status":{"errorCode":%d%s,"additionalDetails":"MFA requirement satisfied by claim in the token"},"clientAppUsed":"Mobile Apps and Desktop clients","userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36 Edg/%d.0.0.0",`,
		id, created, name, upn, g.guid(), g.guid(), app, ip, code, reason, 100+g.random.IntN(40), 100+g.random.IntN(40))
	fmt.Fprintf(&b, `"deviceDetail":{"deviceId":%q,"displayName":"PC-%04d","operatingSystem":"Windows10","browser":"Edge 130.0.0","isCompliant":true,"isManaged":true,"trustType":"Hybrid Azure AD joined"},"location":{"city":"%s","state":"%s","countryOrRegion":%q,"geoCoordinates":{"latitude":%.14f,"longitude":%.14f}},"mfaDetail":{},"correlationId":%q,"conditionalAccessStatus":"success","appliedConditionalAccessPolicies":[`,
		g.guid(), g.random.IntN(9999), city, city, country, 59+g.random.Float64(), 10+g.random.Float64(), correlation)
	policies := 11 + g.random.IntN(9)
	if g.random.IntN(20) == 0 {
		policies = 55
	}
	for i := range policies {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%q,"displayName":"CA%03d: %s","enforcedGrantControls":[%s],"enforcedSessionControls":[],"result":%q,"conditionsSatisfied":%d,"conditionsNotSatisfied":%d}`,
			g.guid(), 100+i, g.pick("Require multifactor authentication for all users", "Block legacy authentication", "Require compliant device for administrators", "Require MFA for Azure management", "Block access by unknown platforms"),
			g.pick("", `"Mfa"`, `"Block"`, `"RequireCompliantDevice"`), g.pick("success", "notApplied", "reportOnlyNotApplied", "notEnabled"), g.random.IntN(64), g.random.IntN(64))
	}
	fmt.Fprintf(&b, `],"authenticationContextClassReferences":[],"originalRequestId":%q,"isInteractive":%v,"tokenIssuerName":"","tokenIssuerType":"AzureAD","authenticationProcessingDetails":[`, id, category == "SignInLogs")
	if g.random.IntN(2) == 0 {
		b.WriteString(`{"key":"Legacy TLS (TLS 1.0, 1.1, 3DES)","value":"False"},{"key":"Oauth Scope Info","value":"[\"User.Read\",\"openid\",\"profile\",\"email\"]"},`)
	}
	fmt.Fprintf(&b, `{"key":"Is CAE Token","value":"True"}],"networkLocationDetails":[{"networkType":"trustedNamedLocation","networkNames":["Head office"]}],"clientCredentialType":"none","processingTimeInMilliseconds":%d,"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none","riskEventTypes":[],"riskEventTypes_v2":[],"resourceDisplayName":"Microsoft Graph","resourceId":"00000003-0000-0000-c000-000000000000","resourceTenantId":%q,"homeTenantId":%q,"tenantId":%q,"authenticationDetails":[{"authenticationStepDateTime":%q,"authenticationMethod":"Previously satisfied","succeeded":true,"authenticationStepResultDetail":"MFA requirement satisfied by claim in the token","authenticationStepRequirement":"Primary authentication","StatusSequence":0,"RequestSequence":0}],"authenticationRequirementPolicies":[{"requirementProvider":"multiConditionalAccess","detail":"Conditional Access"}],"sessionLifetimePolicies":[],"authenticationRequirement":"multiFactorAuthentication","servicePrincipalId":"","userType":"Member","flaggedForReview":false,"isTenantRestricted":false,"autonomousSystemNumber":%d,"crossTenantAccessType":"none","privateLinkDetails":{},"ssoExtensionVersion":"","uniqueTokenIdentifier":"%s","authenticationStrengths":[],"incomingTokenType":"primaryRefreshToken","authenticationProtocol":"none","appServicePrincipalId":null,"resourceServicePrincipalId":%q,"signInTokenProtectionStatus":"none","originalTransferMethod":"none","sessionId":%q,"isThroughGlobalSecureAccess":false,"conditionalAccessAudiences":["00000003-0000-0000-c000-000000000000"],"agent":{"agentType":"notAgentic"}}}`,
		g.random.IntN(400), tenant, tenant, tenant, created, g.random.IntN(60000), g.pick("c874WMifAk-OqBkIlk-ELg", "Qm9vdHN0cmFwcGVyU3lP"), g.guid(), g.guid())
	return b.String()
}

// graph makes a record of Graph activity, 1.3 KB.
func (g generator) graph() string {
	user := g.guid()
	return fmt.Sprintf(`{"time":%q,"resourceId":"/TENANTS/0F0E0D0C-0B0A-4908-8706-050403020100/PROVIDERS/MICROSOFT.AADIAM","operationName":"Microsoft Graph Activity","operationVersion":"v1.0","category":"MicrosoftGraphActivityLogs","resultSignature":"200","durationMs":"%d","callerIpAddress":"203.0.113.9","correlationId":%q,"level":"Informational","location":"Norway East","properties":{"timeGenerated":%q,"requestId":%q,"operationId":%q,"apiVersion":"v1.0","requestMethod":"GET","responseStatusCode":200,"tenantId":"0f0e0d0c-0b0a-4908-8706-050403020100","requestUri":"https://graph.microsoft.com/v1.0/users/%s/memberOf?$select=id,displayName","signInActivityId":"c874WMifAk-OqBkIlk-ELg","userId":%q,"UserPrincipalObjectID":%q,"scopes":"User.Read.All Group.Read.All","C_Idtyp":"user","C_Sid":%q,"appId":%q,"wids":"62e90394-69f5-4237-9190-012177145e10"}}`,
		g.moment(), 1000+g.random.IntN(90000), g.guid(), g.moment(), g.guid(), g.guid(), g.guid(), user, user, g.guid(), g.guid())
}

// message makes an envelope of about size bytes as it stands in the body.
func (g generator) message(size int) string {
	var b strings.Builder
	b.WriteString(`{"records":[`)
	category := g.pick("SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs")
	for n := 0; b.Len() < size*100/128; n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(g.signIn(category))
	}
	b.WriteString(`]}`)
	return b.String()
}

// hostBody encodes messages as the Functions host does: a list of strings, as a string, in an object.
func hostBody(messages ...string) []byte {
	if messages == nil {
		messages = []string{}
	}
	events := encode(messages)
	numbers := make([]int, len(messages))
	for i := range numbers {
		numbers[i] = 101 + i
	}
	return []byte(`{"Data":{"events":` + encode(events) + `},"Metadata":{"PartitionContext":{"PartitionId":"0"},"SequenceNumberArray":` + encode(encode(numbers)) + `,"sys":{"MethodName":"watchlogs"}}}`)
}

// encode writes JSON without the escapes of HTML characters, which Json.NET does not write either.
func encode(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
