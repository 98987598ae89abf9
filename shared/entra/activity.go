package entra

import "strings"

// risk fills a risky user or a risk detection. Their ids come again with every change of state:
// what tells the changes apart is LastUpdated and State.
func (r *Record) risk(s source) {
	v := &Risk{
		Level:     s.text("riskLevel"),
		State:     s.text("riskState"),
		Detail:    s.text("riskDetail"),
		EventType: s.text("riskEventType", "riskType"),
		IPAddress: addressOf(s.text("ipAddress", "callerIpAddress")),
		RequestID: s.text("requestId"),
	}
	r.Risk = v
	v.City, v.Country = place(s)
	v.LastUpdated = firstTime(s.text("riskLastUpdatedDateTime"), s.text("lastUpdatedDateTime"))
	subject := person(s, s.top.text("identity"))
	app := principal(s.properties)
	if strings.Contains(strings.ToLower(r.Category), "serviceprincipal") {
		if app.ObjectID == "" && r.Kind == KindRiskyUser {
			app.ObjectID = r.ID
		}
		if app.DisplayName == "" {
			app.DisplayName = s.text("displayName")
		}
	} else if subject.ObjectID == "" && r.Kind == KindRiskyUser {
		subject.ObjectID = r.ID // a risky user's record id is the user's object id
	}
	r.add(subject)
	r.add(app)
}

// graphActivity fills a record of Microsoft Graph or of Azure AD Graph.
func (r *Record) graphActivity(s source) {
	v := &Activity{
		Method:     s.text("requestMethod", "httpMethod"),
		URI:        s.text("requestUri"),
		Operation:  r.Operation,
		ResourceID: r.ResourceID,
		Status:     s.text("responseStatusCode", "httpStatusCode", "resultSignature"),
		IPAddress:  addressOf(s.text("ipAddress", "callerIpAddress")),
		UserAgent:  s.text("userAgent"),
		AppID:      s.text("appId"),
		SignInID:   s.text("signInActivityId"),
		SessionID:  s.text("C_Sid", "sessionId"),
	}
	r.Activity = v
	code, ok := integer(v.Status)
	v.Succeeded = ok && code >= 200 && code < 400
	r.ID = s.text("requestId")
	if r.ID == "" {
		r.ID = s.properties.text("id", "operationId")
	}
	user := person(s, "")
	user.Role = RoleActor
	r.add(user)
	app := principal(s.properties)
	app.Role = RoleActor
	r.add(app)
	// Present also for applications, where it is the service principal's id.
	other := Party{Role: RoleActor, ObjectID: s.text("userPrincipalObjectId"), Type: "User"}
	if strings.EqualFold(s.text("C_Idtyp", "actorType"), "app") {
		other.Type = "ServicePrincipal"
	}
	if !strings.EqualFold(other.ObjectID, user.ObjectID) && !strings.EqualFold(other.ObjectID, app.ObjectID) {
		r.add(other)
	}
}

const (
	claimObjectID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
	claimName     = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
	claimUPN      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
)

// azureActivity fills a record of the subscription's Activity Log.
func (r *Record) azureActivity(s source) {
	identity := s.top.object("identity")
	claims := identity.object("claims")
	if claims == nil {
		claims = identity.object("claim")
	}
	if claims == nil {
		claims = s.top.object("claims", "Claims_d")
	}
	authorization := identity.object("authorization")
	if authorization == nil {
		authorization = s.top.object("authorization")
	}
	v := &Activity{
		Operation:  r.Operation,
		ResourceID: r.ResourceID,
		Status:     named(s.top, "resultType", "activityStatusValue", "activityStatus", "status"),
		IPAddress:  addressOf(s.text("callerIpAddress", "ipAddress")),
		UserAgent:  s.text("userAgent"),
		AppID:      claims.text("appid", "azp"),
		SignInID:   claims.text("uti"),
		SessionID:  claims.text("sid"),
	}
	if v.IPAddress == "" {
		v.IPAddress = addressOf(claims.text("ipaddr"))
	}
	r.Activity = v
	switch strings.ToLower(v.Status) {
	case "success", "succeeded", "accept", "accepted":
		v.Succeeded = true
	}
	actor := Party{
		Role:              RoleActor,
		ObjectID:          claims.text(claimObjectID, "oid", "objectidentifier"),
		UserPrincipalName: claims.text(claimName, claimUPN, "upn", "unique_name"),
		DisplayName:       claims.text("name"),
	}
	if actor.ObjectID == "" {
		actor.ObjectID = dashed(authorization.object("evidence").text("principalId"))
	}
	actor.Type = authorization.object("evidence").text("principalType")
	actor.fill(s.text("caller"))
	if identity == nil {
		actor.fill(s.top.text("identity"))
	}
	r.add(actor)
	// An action's start and its end share everything but their result and their time.
	if r.ID = s.text("eventDataId"); r.ID == "" {
		r.ID = occurrence(r, s)
	}
}
