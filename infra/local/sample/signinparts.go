package sample

import (
	"fmt"
	"strings"
	"time"
)

// reasons are the texts of the commonest codes, as the documentation of error codes words them.
var reasons = map[int]string{
	50034:  "The user account {identifier} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.",
	50053:  "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
	50055:  "The password is expired.",
	50057:  "User account is disabled. The account has been disabled by an administrator.",
	50058:  "Session information is not sufficient for single-sign-on.",
	50072:  "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{identifier}'.",
	50074:  "Strong Authentication is required.",
	50076:  "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
	50097:  "Device authentication is required.",
	50126:  "Error validating credentials due to invalid username or password.",
	50140:  "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
	50158:  "External security challenge was not satisfied.",
	50173:  "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '{authTime}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{validDate}'.",
	53000:  "Device is not in required device state: {state}. Conditional Access policy requires a compliant device, and the device is not compliant.",
	53003:  "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
	65001:  "The user or administrator has not consented to use the application with ID '{identifier}'{namePhrase}. Send an interactive authorization request for this user and resource.",
	70008:  "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
	500121: "Authentication failed during strong authentication request.",
}

func failureReason(code int) string {
	if r, ok := reasons[code]; ok {
		return r
	}
	return "Other."
}

func statusOf(code int, severalSteps bool) *Object {
	switch {
	case code == 0 && severalSteps:
		return Obj(F("errorCode", Int(0)), F("additionalDetails", Text("MFA completed in Azure AD")))
	case code == 0:
		return Obj(F("errorCode", Int(0)), F("additionalDetails", Text("MFA requirement satisfied by claim in the token")))
	default:
		return Obj(F("errorCode", Int(code)), F("failureReason", Text(failureReason(code))), F("additionalDetails", Null{}))
	}
}

func deviceDetail(d Device) *Object {
	o := Obj(
		F("deviceId", Text(d.ID)), F("displayName", Text(d.Name)), F("operatingSystem", Text(d.System)),
		F("browser", Text(d.Browser)), F("trustType", Text(d.Trust)),
	)
	switch d.Compliant { // absent, not false, when unknown
	case "yes":
		o.Set("isCompliant", Bool(true)).Set("isManaged", Bool(true))
	case "no":
		o.Set("isCompliant", Bool(false)).Set("isManaged", Bool(false))
	}
	return o
}

func location(p Place) *Object {
	o := Obj()
	if p.City != "" {
		o.Set("city", Text(p.City))
	}
	if p.State != "" {
		o.Set("state", Text(p.State))
	}
	if p.Country != "" {
		o.Set("countryOrRegion", Text(p.Country))
	}
	at := Obj()
	if p.Latitude != 0 {
		at.Set("latitude", Float(p.Latitude)).Set("longitude", Float(p.Longitude))
	}
	return o.Set("geoCoordinates", at)
}

func (g *Generator) networks(from Place) Array {
	for _, p := range g.Tenant.Places {
		if p.Address == from.Address {
			return Array{Obj(F("networkType", Text("trustedNamedLocation")), F("networkNames", Texts("Harbour offices "+from.City)))}
		}
	}
	return Array{}
}

// excluded says whether the policies leave this person alone: break-glass accounts are excluded.
func (g *Generator) excluded(who Person) bool {
	for _, b := range g.Tenant.BreakGlass {
		if b.ID == who.ID {
			return true
		}
	}
	return false
}

func (g *Generator) appliedPolicies(s SignIn) (Array, string) {
	blocked := s.Code >= 53000 && s.Code <= 53004
	status, list := "notApplied", Array{}
	for i, p := range g.Tenant.Policies[:min(s.Policies, len(g.Tenant.Policies))] {
		result, satisfied, notSatisfied := "notApplied", 0, 1
		session := Array{}
		switch {
		case blocked && i == 0:
			result, satisfied, notSatisfied, status = "failure", 23, 0, "failure"
		case g.excluded(s.Who):
		case i%9 == 4:
			result, satisfied, notSatisfied = "reportOnlyNotApplied", 0, 2
		case i%9 == 7:
			result, notSatisfied = "notEnabled", 0
		case i%5 == 0 && s.Code == 0:
			result, satisfied, notSatisfied, status = "success", 23, 0, "success"
			session = Texts("SignInFrequency")
		}
		list = append(list, Obj(
			F("id", Text(p.ID)), F("displayName", Text(p.Name)),
			F("enforcedGrantControls", Texts(p.Grant...)), F("enforcedSessionControls", session),
			F("result", Text(result)),
			F("conditionsSatisfied", Int(satisfied)), F("conditionsNotSatisfied", Int(notSatisfied)),
		))
	}
	return list, status
}

func processingDetails(s SignIn) Array {
	detail := func(key, value string) Value { return Obj(F("key", Text(key)), F("value", Text(value))) }
	list := Array{
		detail("Login Hint Present", "True"),
		detail("Oauth Scope Info", `["email","openid","profile","AuditLog.Read.All","Directory.Read.All","User.Read"]`),
		detail("Is CAE Token", "True"),
	}
	if strings.EqualFold(s.Protocol, "ropc") {
		list = append(list, detail("Legacy TLS (TLS 1.0, 1.1, 3DES)", "False"))
	}
	return list
}

func requirement(s SignIn) string {
	if len(s.Methods) == 1 && s.Methods[0] == "Password" {
		return "singleFactorAuthentication"
	}
	return "multiFactorAuthentication"
}

func requirementPolicies(s SignIn) Array {
	if requirement(s) == "singleFactorAuthentication" {
		return Array{}
	}
	return Array{Obj(F("requirementProvider", Text("multiConditionalAccess")), F("detail", Text("Conditional Access")))}
}

// steps are the authentication details. They are often empty for tokens, and their outcomes are
// not to be trusted: a success may list nothing but a step that failed.
func (g *Generator) steps(s SignIn, interactive bool) Array {
	if !interactive {
		return Array{}
	}
	methods := s.Methods
	if len(methods) == 0 {
		methods = []string{"Previously satisfied"}
	}
	list := Array{}
	for i, m := range methods {
		succeeded, result := true, "MFA requirement satisfied by claim in the token"
		switch {
		case m == "Password" && s.Code == 50126:
			succeeded, result = false, "Invalid username or password or Invalid on-premise username or password."
		case m == "Password":
			result = "Correct password"
		case s.Code != 0:
			succeeded, result = false, "Authentication in progress"
		case m != "Previously satisfied":
			result = "MFA completed in Azure AD"
		}
		at := s.At.Add(time.Duration(i) * 9 * time.Second)
		list = append(list, Obj(
			F("authenticationStepDateTime", stampOffset(at)),
			F("authenticationMethod", Text(m)),
			F("authenticationMethodDetail", Text(methodDetail(m))),
			F("succeeded", Bool(succeeded)),
			F("authenticationStepResultDetail", Text(result)),
			F("authenticationStepRequirement", Text("Primary authentication")),
			F("StatusSequence", Int(at.UnixMilli())),
			F("RequestSequence", Int(int64(i+1))),
		))
	}
	return list
}

func methodDetail(method string) string {
	if method == "Password" {
		return "Password in the cloud"
	}
	return ""
}

// audiences are strings in one category and objects in the other.
func (g *Generator) audiences(category string, s SignIn) Array {
	ids := []string{s.App.ResourceID, fmt.Sprintf("%s-0000-0000-c000-000000000000", g.hex(8))}
	if category == NonInteractiveUserSignInLogs {
		return Texts(ids...)
	}
	list := Array{}
	for _, id := range ids {
		list = append(list, Obj(F("applicationId", Text(id)), F("audienceReasons", Text("none"))))
	}
	return list
}
