package sample

import (
	"strconv"
	"time"
)

// The categories of sign-in logs, as written on the wire.
const (
	SignInLogs                    = "SignInLogs"
	NonInteractiveUserSignInLogs  = "NonInteractiveUserSignInLogs"
	ServicePrincipalSignInLogs    = "ServicePrincipalSignInLogs"
	ManagedIdentitySignInLogs     = "ManagedIdentitySignInLogs"
	AuditLogs                     = "AuditLogs"
	ProvisioningLogs              = "ProvisioningLogs"
	RiskyUsers                    = "RiskyUsers"
	UserRiskEvents                = "UserRiskEvents"
	MicrosoftGraphActivityLogs    = "MicrosoftGraphActivityLogs"
	AzureADGraphActivityLogs      = "AzureADGraphActivityLogs"
	Administrative                = "Administrative"
	MicrosoftServicePrincipalLogs = "MicrosoftServicePrincipalSignInLogs"
)

// SignIn says what a sign-in record shall hold. What is left empty, the generator chooses; the
// zero SignIn is a successful sign-in of anybody but a break-glass account.
type SignIn struct {
	Who         Person    // ID may be empty while UPN is set: a record without an object id
	At          time.Time // createdDateTime; the top-level time is 48 to 222 s later
	Code        int       // 0 is success
	App         App
	From        Place
	Device      *Device
	Client      string // clientAppUsed
	Protocol    string // authenticationProtocol
	Methods     []string
	Typed       string // signInIdentifier: what was typed
	Alternate   string // alternateSignInName
	Session     string
	Correlation string
	ID          string
	Policies    int // how many Conditional Access policies are listed; if 0, 11 to 55, now and then fewer
	Incoming    string
}

// SignIn invents a record of the category SignInLogs.
func (g *Generator) SignIn(s SignIn) *Object {
	return g.userSignIn(SignInLogs, s)
}

// NonInteractive invents a record of the category NonInteractiveUserSignInLogs: a token used on
// somebody's behalf.
func (g *Generator) NonInteractive(s SignIn) *Object {
	s.Incoming = or(s.Incoming, pick(g, []string{"refreshToken", "primaryRefreshToken"}))
	s.Client = or(s.Client, "Mobile Apps and Desktop clients")
	return g.userSignIn(NonInteractiveUserSignInLogs, s)
}

func (g *Generator) fillSignIn(s SignIn) SignIn {
	if s.Who == (Person{}) {
		s.Who = pick(g, g.Tenant.People)
	}
	s.At = g.moment(s.At)
	if s.App == (App{}) {
		s.App = pick(g, g.Tenant.Apps)
	}
	if s.From == (Place{}) {
		s.From = s.Who.Place
	}
	if s.Device == nil {
		s.Device = &s.Who.Device
	}
	s.Client = or(s.Client, "Browser")
	s.Protocol = or(s.Protocol, "none")
	s.Session = or(s.Session, g.GUID())
	s.Correlation = or(s.Correlation, g.GUID())
	s.ID = or(s.ID, g.GUID())
	if s.Policies == 0 {
		s.Policies = g.between(11, 55)
		if g.chance(8) {
			s.Policies = g.between(1, 10)
		}
	}
	s.Incoming = or(s.Incoming, "none")
	return s
}

func (g *Generator) userSignIn(category string, s SignIn) *Object {
	s = g.fillSignIn(s)
	code := strconv.Itoa(s.Code)
	signature := "SUCCESS"
	if s.Code != 0 {
		signature = "None"
	}
	rec := Obj(
		F("time", stamp(s.At.Add(g.pipelineDelay()))),
		F("resourceId", Text(g.Tenant.AadResource())),
		F("operationName", Text("Sign-in activity")),
		F("operationVersion", Text("1.0")),
		F("category", Text(category)),
		F("tenantId", Text(g.Tenant.ID)),
		F("resultType", Text(code)),
		F("resultSignature", Text(signature)),
	)
	if s.Code != 0 {
		rec.Set("resultDescription", Text(failureReason(s.Code)))
	}
	rec.Set("durationMs", Int(0)).
		Set("callerIpAddress", Text(s.From.Address)).
		Set("correlationId", Text(s.Correlation)).
		Set("identity", Text(s.Who.Name)).
		Set("Level", Int(4)).
		Set("location", Text(s.From.Country)).
		Set("properties", g.signInProperties(category, s))
	return rec
}

func (g *Generator) signInProperties(category string, s SignIn) *Object {
	interactive := category == SignInLogs
	eventType := "interactiveUser"
	if !interactive {
		eventType = "nonInteractiveUser"
	}
	var userID Value = Text(s.Who.ID)
	if s.Who.ID == "" {
		userID = Null{}
	}
	policies, status := g.appliedPolicies(s)
	p := Obj(
		F("id", Text(s.ID)),
		F("createdDateTime", stampOffset(s.At)),
		F("userDisplayName", Text(s.Who.Name)),
		F("userPrincipalName", Text(s.Who.UPN)),
		F("userId", userID),
		F("appId", Text(s.App.ID)),
		F("appDisplayName", Text(s.App.Name)),
		F("ipAddress", Text(s.From.Address)),
		F("status", statusOf(s.Code, len(s.Methods) > 1)),
		F("clientAppUsed", Text(s.Client)),
		F("userAgent", Text(s.Device.UserAgent)),
		F("deviceDetail", deviceDetail(*s.Device)),
		F("location", location(s.From)),
		F("correlationId", Text(s.Correlation)),
		F("conditionalAccessStatus", Text(status)),
		F("appliedConditionalAccessPolicies", policies),
		F("authenticationContextClassReferences", Array{}),
		F("originalRequestId", Text(s.ID)),
		F("isInteractive", Bool(interactive)),
		F("tokenIssuerName", Text("")),
		F("tokenIssuerType", Text("AzureAD")),
		F("authenticationProcessingDetails", processingDetails(s)),
		F("networkLocationDetails", g.networks(s.From)),
		F("clientCredentialType", Text("none")),
		F("processingTimeInMilliseconds", Int(g.between(38, 640))),
		F("riskDetail", Text("none")),
		F("riskLevelAggregated", Text("none")),
		F("riskLevelDuringSignIn", Text("none")),
		F("riskState", Text("none")),
		F("riskEventTypes", Array{}),
		F("riskEventTypes_v2", Array{}),
		F("resourceDisplayName", Text(s.App.ResourceName)),
		F("resourceId", Text(s.App.ResourceID)),
		F("resourceTenantId", Text(g.Tenant.ID)),
		F("homeTenantId", Text(g.Tenant.ID)),
		F("homeTenantName", Text("")),
		F("tenantId", Text(g.Tenant.ID)),
		F("authenticationDetails", g.steps(s, interactive)),
		F("authenticationRequirementPolicies", requirementPolicies(s)),
		F("sessionLifetimePolicies", Array{}),
		F("authenticationRequirement", Text(requirement(s))),
	)
	if s.Alternate != "" {
		p.Set("alternateSignInName", Text(s.Alternate))
	}
	if s.Typed != "" {
		p.Set("signInIdentifier", Text(s.Typed)).Set("signInIdentifierType", Text("userPrincipalName"))
	}
	return g.finishSignIn(p, category, s, eventType)
}

func (g *Generator) finishSignIn(p *Object, category string, s SignIn, eventType string) *Object {
	p.Set("servicePrincipalId", Text("")).
		Set("userType", Text("Member")).
		Set("flaggedForReview", Bool(false)).
		Set("isTenantRestricted", Bool(false)).
		Set("autonomousSystemNumber", Int(s.From.Network)).
		Set("crossTenantAccessType", Text("none")).
		Set("privateLinkDetails", Obj()).
		Set("ssoExtensionVersion", Text("")).
		Set("uniqueTokenIdentifier", Text(tokenIdentifier(s.ID))).
		Set("authenticationStrengths", Array{}).
		Set("incomingTokenType", Text(s.Incoming)).
		Set("authenticationProtocol", Text(s.Protocol)).
		Set("appServicePrincipalId", Null{}).
		Set("resourceServicePrincipalId", Text(g.GUID())).
		Set("rngcStatus", Int(0)).
		Set("signInTokenProtectionStatus", Text("none")).
		Set("tokenProtectionStatusDetails", Obj(F("signInSessionStatus", Text("unbound")), F("signInSessionStatusCode", Int(1002)))).
		Set("originalTransferMethod", Text("none")).
		Set("isThroughGlobalSecureAccess", Bool(false)).
		Set("globalSecureAccessIpAddress", Text("")).
		Set("conditionalAccessAudiences", g.audiences(category, s)).
		Set("sessionId", Text(s.Session)).
		Set("appOwnerTenantId", Text("f8cdef31-a31e-4b4a-93e4-5f571e91255a")).
		Set("resourceOwnerTenantId", Text("f8cdef31-a31e-4b4a-93e4-5f571e91255a")).
		Set("signInEventTypes", Texts(eventType)).
		Set("agent", Obj(F("agentType", Text("notAgentic")), F("agentSubjectType", Text("notAgentic")), F("parentAppId", Text("")))).
		Set("userAdministrativeUnits", Array{})
	return p
}
