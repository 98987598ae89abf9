package sample

import "time"

// Risk says what a risk record shall hold. What is left empty, the generator chooses.
type Risk struct {
	Who    Person
	At     time.Time // when the risk changed, or the detected sign-in happened
	Level  string    // low, medium, high
	State  string    // atRisk, confirmedCompromised, remediated, dismissed
	Detail string
	Event  string // riskEventType, for a detection: passwordSpray, anomalousToken, …
	From   Place
}

func (g *Generator) fillRisk(r Risk) Risk {
	if r.Who == (Person{}) {
		r.Who = pick(g, g.Tenant.People)
	}
	r.At = g.moment(r.At)
	r.Level, r.State = or(r.Level, "medium"), or(r.State, "atRisk")
	r.Detail, r.Event = or(r.Detail, "none"), or(r.Event, "unfamiliarFeatures")
	if r.From == (Place{}) {
		r.From = g.Stranger()
	}
	return r
}

// RiskyUser invents a record of the category RiskyUsers. Its id is the user's object id: there is
// no userId, and the same id comes again with every change of state.
func (g *Generator) RiskyUser(r Risk) *Object {
	r = g.fillRisk(r)
	return Obj(
		F("time", stampUS(r.At)),
		F("resourceId", Text("/tenants/"+g.Tenant.ID+"/providers/microsoft.aadiam")),
		F("operationName", Text("Risky user")), F("operationVersion", Text("1.0")),
		F("category", Text(RiskyUsers)), F("tenantId", Text(g.Tenant.ID)),
		F("resultSignature", Text("None")), F("durationMs", Int(0)),
		F("correlationId", Text(r.Who.ID)), F("identity", Text(r.Who.UPN)),
		F("Level", Int(4)), F("location", Text("neu")),
		F("properties", Obj(
			F("id", Text(r.Who.ID)), F("userDisplayName", Text(r.Who.Name)), F("userPrincipalName", Text(r.Who.UPN)),
			F("riskLastUpdatedDateTime", stamp(r.At)), F("riskState", Text(r.State)), F("riskDetail", Text(r.Detail)),
			F("riskLevel", Text(r.Level)), F("isGuest", Bool(false)), F("isDeleted", Bool(false)), F("isProcessing", Bool(false)),
		)),
	)
}

// RiskEvent invents a record of the category UserRiskEvents: one detection.
func (g *Generator) RiskEvent(r Risk) *Object {
	r = g.fillRisk(r)
	id := g.hex(64)
	return Obj(
		F("time", stampUS(r.At.Add(4*time.Minute))),
		F("resourceId", Text("/tenants/"+g.Tenant.ID+"/providers/microsoft.aadiam")),
		F("operationName", Text("User Risk Detection")), F("operationVersion", Text("1.0")),
		F("category", Text(UserRiskEvents)), F("tenantId", Text(g.Tenant.ID)),
		F("resultSignature", Text("None")), F("durationMs", Int(0)), F("callerIpAddress", Text(r.From.Address)),
		F("correlationId", Text(id)), F("identity", Text(r.Who.UPN)),
		F("Level", Int(4)), F("location", Text("no")),
		F("properties", Obj(
			F("id", Text(id)), F("requestId", Text(g.GUID())), F("correlationId", Text(g.GUID())),
			F("riskType", Text("generic")), F("riskEventType", Text(r.Event)), F("riskState", Text(r.State)),
			F("riskLevel", Text(r.Level)), F("riskDetail", Text(r.Detail)), F("source", Text("IdentityProtection")),
			F("detectionTimingType", Text("offline")), F("activity", Text("signin")), F("ipAddress", Text(r.From.Address)),
			F("location", location(r.From)), F("activityDateTime", stamp(r.At)),
			F("detectedDateTime", stamp(r.At.Add(2*time.Minute))), F("lastUpdatedDateTime", stamp(r.At.Add(4*time.Minute))),
			F("userId", Text(r.Who.ID)), F("userDisplayName", Text(r.Who.Name)), F("userPrincipalName", Text(r.Who.UPN)),
			F("additionalInfo", Text(`[{"Key":"userAgent","Value":"Mozilla/5.0"},{"Key":"alertUrl","Value":null},{"Key":"mitreTechniques","Value":"T1110.003"}]`)),
			F("tokenIssuerType", Text("AzureAD")), F("homeTenantId", Text(g.Tenant.ID)), F("resourceTenantId", Text(g.Tenant.ID)),
			F("userType", Text("member")), F("crossTenantAccessType", Text("none")), F("mitreTechniqueId", Text("T1110.003")),
		)),
	)
}
