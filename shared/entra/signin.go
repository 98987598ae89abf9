package entra

import "slices"

// signIn fills a sign-in record. Success is the error code 0 and nothing else: the steps of
// authenticationDetails and the result of Conditional Access do not say how a sign-in ended.
func (r *Record) signIn(s source) {
	p := s.properties
	v := &SignIn{
		App:               s.text("appDisplayName", "servicePrincipalName"),
		AppID:             s.text("appId"),
		Resource:          s.text("resourceDisplayName"),
		ClientApp:         s.text("clientAppUsed"),
		Protocol:          s.text("authenticationProtocol"),
		TransferMethod:    s.text("originalTransferMethod"),
		IncomingTokenType: s.text("incomingTokenType"),
		TokenIssuer:       s.text("tokenIssuerType"),
		IPAddress:         addressOf(p.text("ipAddress")),
		UserAgent:         s.text("userAgent"),
		SessionID:         s.text("sessionId"),
		Requirement:       s.text("authenticationRequirement"),
		ConditionalAccess: s.text("conditionalAccessStatus"),
		RiskLevel:         s.text("riskLevelDuringSignIn"),
		UserType:          s.text("userType"),
		CrossTenant:       s.text("crossTenantAccessType"),
	}
	r.SignIn = v
	if v.IPAddress == "" {
		v.IPAddress = addressOf(s.top.text("callerIpAddress"))
	}
	status := p.object("status")
	if v.ErrorCode, v.HasErrorCode = integer(status.text("errorCode")); !v.HasErrorCode {
		v.ErrorCode, v.HasErrorCode = integer(s.text("resultType"))
	}
	v.AdditionalDetails = status.text("additionalDetails")
	if v.FailureReason = status.text("failureReason"); v.FailureReason == "" {
		v.FailureReason = s.top.text("resultDescription")
	}
	v.City, v.Country = place(s)
	device := p.object("deviceDetail")
	v.DeviceID = device.text("deviceId")
	v.DeviceName = device.text("displayName")
	v.OperatingSystem = device.text("operatingSystem")
	v.Browser = device.text("browser")
	v.TrustType = device.text("trustType")
	v.Compliant = truth(device.text("isCompliant"))
	v.Managed = truth(device.text("isManaged"))
	for step := range p.list("authenticationDetails") {
		if step[0] != '{' {
			continue
		}
		if m := fieldsOf(step).text("authenticationMethod"); m != "" && !slices.Contains(v.Methods, m) {
			v.Methods = append(v.Methods, m)
		}
	}
	r.add(person(s, s.top.text("identity")))
	r.add(principal(p))
	if r.ID == "" {
		r.ID = p.text("originalRequestId", "requestId")
	}
}

// place returns city and country. The location is an object in the properties, text (a country) at
// the top and in flat rows, which have the object as LocationDetails.
func place(s source) (city, country string) {
	at := s.properties.object("location", "locationDetails")
	city = at.text("city")
	country = at.text("countryOrRegion")
	if country == "" {
		country = s.text("location")
	}
	return city, country
}

// person returns the user of the record.
func person(s source, name string) Party {
	p := Party{
		Role:                RoleSubject,
		ObjectID:            s.text("userId", "userObjectId"),
		UserPrincipalName:   s.text("userPrincipalName"),
		SignInIdentifier:    s.text("signInIdentifier"),
		AlternateSignInName: s.text("alternateSignInName"),
		DisplayName:         s.text("userDisplayName"),
		Type:                "User",
	}
	if p.DisplayName == "" {
		p.DisplayName = name
	}
	return p
}

// principal returns the service principal of the record, if it names one.
func principal(o object) Party {
	return Party{
		Role:        RoleSubject,
		ObjectID:    o.text("servicePrincipalId"),
		DisplayName: o.text("servicePrincipalName"),
		Type:        "ServicePrincipal",
	}
}
