package sample

import (
	"strconv"
	"strings"
	"time"
)

// GraphCall says what a record of a call to Microsoft Graph shall hold. What is left empty, the
// generator chooses; without Who an application makes the call.
type GraphCall struct {
	Who         Person
	At          time.Time
	Method, URI string // the path, such as /v1.0/users
	Status      int
	From        Place
	App         App
	Session     string
	SignInID    string // the sign-in by which the token was got
}

func (g *Generator) fillCall(c GraphCall) GraphCall {
	c.At = g.moment(c.At)
	c.Method = or(c.Method, "GET")
	c.URI = or(c.URI, pick(g, []string{"/v1.0/me", "/v1.0/users?$top=100", "/v1.0/groups/" + g.GUID() + "/members", "/beta/devices"}))
	if c.Status == 0 {
		c.Status = 200
	}
	if c.From == (Place{}) {
		c.From = pick(g, g.Tenant.Places)
	}
	if c.App == (App{}) {
		c.App = pick(g, g.Tenant.Apps)
	}
	c.Session, c.SignInID = or(c.Session, g.GUID()), or(c.SignInID, g.GUID())
	return c
}

// GraphActivity invents a record of the category MicrosoftGraphActivityLogs.
func (g *Generator) GraphActivity(c GraphCall) *Object {
	c = g.fillCall(c)
	request := g.GUID()
	principal, kind := Value(Null{}), "app"
	object, scopes, roles := g.GUID(), "", "User.Read.All Group.Read.All"
	if c.Who.ID != "" {
		principal, kind, object, scopes, roles = Text(c.Who.ID), "user", c.Who.ID, "openid profile Policy.ReadWrite.ConditionalAccess User.ReadWrite.All", ""
	}
	return Obj(
		F("time", stamp(c.At.Add(90*time.Second))),
		F("resourceId", Text(strings.ToUpper(g.Tenant.AadResource()))),
		F("operationName", Text("Microsoft Graph Activity")), F("operationVersion", Text(strings.Split(c.URI+"/", "/")[1])),
		F("category", Text(MicrosoftGraphActivityLogs)), F("resultSignature", Text(strconv.Itoa(c.Status))),
		F("durationMs", Text("431820")), F("callerIpAddress", Text(c.From.Address)), F("correlationId", Text(request)),
		F("level", Text("Informational")), F("location", Text("North Europe")),
		F("properties", Obj(
			F("__UDI_RequiredFields_TenantId", Text(g.Tenant.ID)), F("__UDI_RequiredFields_UniqueId", Text(request)),
			F("__UDI_RequiredFields_EventTime", Int(638_949_921_850_717_730)), F("__UDI_RequiredFields_RegionScope", Text("EU")),
			F("timeGenerated", stamp(c.At)), F("location", Text("North Europe")),
			F("requestId", Text(request)), F("operationId", Text(request)), F("clientRequestId", Text(g.GUID())),
			F("apiVersion", Text("v1.0")), F("requestMethod", Text(c.Method)), F("responseStatusCode", Int(c.Status)),
			F("tenantId", Text(g.Tenant.ID)), F("durationMs", Int(431_820)), F("responseSizeBytes", Int(g.between(80, 90_000))),
			F("signInActivityId", Text(tokenIdentifier(c.SignInID))), F("roles", Text(roles)), F("appId", Text(c.App.ID)),
			F("UserPrincipalObjectID", Text(object)), F("scopes", Text(scopes)), F("identityProvider", Text("https://sts.windows.net/"+g.Tenant.ID+"/")),
			F("clientAuthMethod", Text("0")), F("wids", Text(GlobalAdministrator+" b79fbf4d-3ef9-4689-8143-76b194e85509")),
			F("C_Idtyp", Text(kind)), F("C_Iat", Text(strconv.FormatInt(c.At.Unix(), 10))), F("ipAddress", Text(c.From.Address)),
			F("userAgent", Text("Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.26100; en-US) PowerShell/7.5.2")),
			F("requestUri", Text("https://graph.microsoft.com"+c.URI)), F("userId", principal),
			F("tokenIssuedAt", stamp(c.At.Add(-time.Minute))), F("C_Sid", Text(c.Session)), F("C_DeviceId", Text("")),
		)),
		F("tenantId", Text(g.Tenant.ID)),
	)
}

// AADGraph invents a record of the category AzureADGraphActivityLogs: no top-level time, and a
// request URI that may hold tags for personal data.
func (g *Generator) AADGraph(c GraphCall) *Object {
	c = g.fillCall(c)
	request := g.GUID()
	actor := "User"
	if c.Who.ID == "" {
		actor = "Application"
	}
	return Obj(
		F("resourceId", Text(g.Tenant.AadResource())), F("operationName", Text("AAD Graph Activity")),
		F("operationVersion", Text("1.6")), F("category", Text(AzureADGraphActivityLogs)), F("tenantId", Text(g.Tenant.ID)),
		F("resultSignature", Text(strconv.Itoa(c.Status))), F("durationMs", Text("17")),
		F("callerIpAddress", Text(c.From.Address)), F("correlationId", Text(request)), F("level", Text("Informational")),
		F("properties", Obj(
			F("timeGenerated", stamp(c.At)), F("requestId", Text(request)), F("actorType", Text(actor)),
			F("apiVersion", Text("1.6")), F("httpMethod", Text(c.Method)), F("httpStatusCode", Int(c.Status)),
			F("requestUri", Text("https://graph.windows.net/"+g.Tenant.ID+"/users/<pii>someone</pii>?api-version=1.6")),
			F("appId", Text(c.App.ID)), F("userId", textOrNull(c.Who.ID)), F("ipAddress", Text(c.From.Address)),
			F("signInActivityId", Text(tokenIdentifier(c.SignInID)+"==")), F("issuedAt", stampUS(c.At)),
			F("userAgent", Text("Microsoft Azure Graph Client Library 1.0")), F("wids", Text(GlobalAdministrator)),
		)),
	)
}

// AzureAction says what a record of the subscription's Activity Log shall hold. What is left empty,
// the generator chooses.
type AzureAction struct {
	Who         Person
	At          time.Time
	Operation   string // such as Microsoft.EventHub/namespaces/delete
	Resource    string // the resource acted on
	Result      string // Start, Success or Failure
	From        Place
	Correlation string
}

// Azure invents a record of the Activity Log, category Administrative.
func (g *Generator) Azure(a AzureAction) *Object {
	if a.Who.ID == "" {
		a.Who = pick(g, g.Tenant.Administrators)
	}
	a.At = g.moment(a.At)
	a.Operation = or(a.Operation, "Microsoft.Resources/tags/write")
	a.Resource = or(a.Resource, "/subscriptions/"+g.Tenant.Subscription+"/resourceGroups/rg-harbour-web/providers/Microsoft.Web/sites/harbour-web")
	a.Result, a.Correlation = or(a.Result, "Success"), or(a.Correlation, g.GUID())
	if a.From == (Place{}) {
		a.From = or2(a.Who.Place, g.Tenant.Places[0])
	}
	signature := map[string]string{"Start": "Started.", "Success": "Succeeded.", "Failure": "Failed.Forbidden"}[a.Result]
	return Obj(
		F("RoleLocation", Text("North Europe")), F("Stamp", Text("FDWeb")), F("ReleaseVersion", Text("6.2026.40.1+4c9b1d3.release_2026w40")),
		F("time", stamp(a.At)), F("resourceId", Text(strings.ToUpper(a.Resource))), F("operationName", Text(strings.ToUpper(a.Operation))),
		F("category", Text(Administrative)), F("resultType", Text(a.Result)), F("resultSignature", Text(signature)),
		F("durationMs", Text("0")), F("callerIpAddress", Text(a.From.Address)), F("correlationId", Text(a.Correlation)),
		F("identity", Obj(
			F("authorization", Obj(
				F("scope", Text(a.Resource)), F("action", Text(a.Operation)),
				F("evidence", Obj(
					F("role", Text("Owner")), F("roleAssignmentScope", Text("/subscriptions/"+g.Tenant.Subscription)),
					F("roleAssignmentId", Text(removeDashes(g.GUID()))), F("roleDefinitionId", Text(removeDashes(g.GUID()))),
					F("principalId", Text(removeDashes(a.Who.ID))), F("principalType", Text("User")),
				)),
			)),
			F("claims", g.claims(a)),
		)),
		F("level", Text("Informational")),
		F("properties", Obj(
			F("eventCategory", Text("Administrative")), F("entity", Text(a.Resource)), F("message", Text(a.Operation)),
			F("hierarchy", Text(g.Tenant.ID+"/"+g.Tenant.Subscription)),
		)),
		F("tenantId", Text(g.Tenant.ID)),
	)
}

func or2(p, otherwise Place) Place {
	if p == (Place{}) {
		return otherwise
	}
	return p
}

func (g *Generator) claims(a AzureAction) *Object {
	issued := strconv.FormatInt(a.At.Add(-20*time.Minute).Unix(), 10)
	return Obj(
		F("aud", Text("https://management.core.windows.net/")), F("iss", Text("https://sts.windows.net/"+g.Tenant.ID+"/")),
		F("iat", Text(issued)), F("nbf", Text(issued)), F("exp", Text(strconv.FormatInt(a.At.Add(time.Hour).Unix(), 10))),
		F("http://schemas.microsoft.com/claims/authnclassreference", Text("1")),
		F("http://schemas.microsoft.com/claims/authnmethodsreferences", Text("pwd,mfa")),
		F("appid", Text("c44b4083-3bb0-49c1-b47d-974e53cbdf3c")), F("appidacr", Text("0")), F("idtyp", Text("user")),
		F("ipaddr", Text(a.From.Address)), F("name", Text(a.Who.Name)),
		F("http://schemas.microsoft.com/identity/claims/objectidentifier", Text(a.Who.ID)),
		F("puid", Text(strings.ToUpper(g.hex(16)))), F("http://schemas.microsoft.com/identity/claims/scope", Text("user_impersonation")),
		F("http://schemas.microsoft.com/identity/claims/tenantid", Text(g.Tenant.ID)),
		F("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", Text(a.Who.UPN)),
		F("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", Text(a.Who.UPN)),
		F("uti", Text(tokenIdentifier(g.GUID()))), F("ver", Text("1.0")), F("wids", Text(GlobalAdministrator)),
	)
}
