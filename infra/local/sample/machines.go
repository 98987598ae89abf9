package sample

import "time"

// ServicePrincipal invents a record of the category ServicePrincipalSignInLogs: an application
// signs in as itself. There is no user in it.
func (g *Generator) ServicePrincipal(at time.Time) *Object {
	return g.machineSignIn(ServicePrincipalSignInLogs, "servicePrincipal", at)
}

// ManagedIdentity invents a record of the category ManagedIdentitySignInLogs.
func (g *Generator) ManagedIdentity(at time.Time) *Object {
	return g.machineSignIn(ManagedIdentitySignInLogs, "managedIdentity", at)
}

func (g *Generator) machineSignIn(category, kind string, at time.Time) *Object {
	at = g.moment(at)
	app := pick(g, g.Tenant.Apps)
	from := pick(g, g.Tenant.Places)
	id, correlation := g.GUID(), g.GUID()
	return Obj(
		F("time", stamp(at.Add(g.pipelineDelay()))), F("resourceId", Text(g.Tenant.AadResource())),
		F("operationName", Text("Sign-in activity")), F("operationVersion", Text("1.0")), F("category", Text(category)),
		F("tenantId", Text(g.Tenant.ID)), F("resultType", Text("0")), F("resultSignature", Text("None")), F("durationMs", Int(0)),
		F("callerIpAddress", Text(from.Address)), F("correlationId", Text(correlation)), F("Level", Int(4)), F("location", Text(from.Country)),
		F("properties", Obj(
			F("id", Text(id)), F("createdDateTime", stampOffset(at)), F("userDisplayName", Null{}), F("userPrincipalName", Null{}),
			F("userId", Null{}), F("appId", Text(app.ID)), F("appDisplayName", Null{}), F("ipAddress", Text(from.Address)),
			F("status", Obj(F("errorCode", Int(0)))), F("clientAppUsed", Null{}), F("userAgent", Null{}),
			F("deviceDetail", Obj(F("deviceId", Text("")))), F("location", location(from)), F("correlationId", Text(correlation)),
			F("conditionalAccessStatus", Text("notApplied")), F("appliedConditionalAccessPolicies", Array{}),
			F("authenticationContextClassReferences", Array{}), F("originalRequestId", Text(id)), F("isInteractive", Bool(false)),
			F("tokenIssuerName", Text("")), F("authenticationProcessingDetails", Array{}), F("networkLocationDetails", Array{}),
			F("clientCredentialType", Text(pick(g, []string{"clientSecret", "certificate", "clientAssertion"}))),
			F("processingTimeInMilliseconds", Int(0)), F("riskDetail", Text("none")), F("riskLevelAggregated", Text("low")),
			F("riskLevelDuringSignIn", Text("low")), F("riskState", Text("none")), F("riskEventTypes", Array{}),
			F("resourceDisplayName", Text(app.ResourceName)), F("resourceId", Text(app.ResourceID)),
			F("servicePrincipalName", Text(app.Name)), F("servicePrincipalId", Text(g.GUID())),
			F("servicePrincipalCredentialKeyId", Text(g.GUID())), F("servicePrincipalCredentialThumbprint", Text("")),
			F("uniqueTokenIdentifier", Text(tokenIdentifier(id))), F("incomingTokenType", Text("none")),
			F("authenticationProtocol", Text("oAuth2")), F("resourceServicePrincipalId", Text(g.GUID())),
			F("federatedCredentialId", Text("")), F("resourceTenantId", Text(g.Tenant.ID)), F("homeTenantId", Text(g.Tenant.ID)),
			F("sessionId", Null{}), F("signInEventTypes", Texts(kind)),
		)),
	)
}

// Provisioning invents a record of the category ProvisioningLogs, with its keys in PascalCase.
func (g *Generator) Provisioning(who Person, at time.Time) *Object {
	at = g.moment(at)
	if who.ID == "" {
		who = pick(g, g.Tenant.People)
	}
	id := g.GUID()
	return Obj(
		F("time", stamp(at)), F("resourceId", Text(g.Tenant.AadResource())), F("operationName", Text("Provisioning activity")),
		F("operationVersion", Text("1.0")), F("category", Text(ProvisioningLogs)), F("tenantId", Text(g.Tenant.ID)),
		F("resultType", Text("Success")), F("resultSignature", Text("None")), F("durationMs", Int(g.between(120, 2400))),
		F("correlationId", Text(g.GUID())), F("identity", Text(id)), F("Level", Int(4)),
		F("properties", Obj(
			F("id", Text(id)), F("activityDateTime", stamp(at)), F("jobId", Text("HarbourLedger."+removeDashes(g.GUID()))),
			F("cycleId", Text(g.GUID())), F("action", Text("Update")), F("changeId", Text(g.GUID())),
			F("sourceSystem", Obj(F("Id", Text(g.GUID())), F("Name", Text("Azure Active Directory")), F("Details", Obj()))),
			F("targetSystem", Obj(F("Id", Text(g.GUID())), F("Name", Text("Harbour Ledger")), F("Details", Obj()))),
			F("sourceIdentity", Obj(
				F("Id", Text(who.ID)), F("Name", Text(who.Name)), F("identityType", Text("User")),
				F("details", Obj(F("UserPrincipalName", Text(who.UPN)))),
			)),
			F("targetIdentity", Obj(F("Id", Text(who.UPN)), F("Name", Text("")), F("identityType", Text("User")), F("details", Obj()))),
			F("modifiedProperties", Array{Obj(F("displayName", Text("title")), F("oldValue", Null{}), F("newValue", Text("Pilot")))}),
			F("provisioningSteps", Array{}), F("provisioningStatusInfo", Obj(F("Status", Text("success")))),
		)),
	)
}

// Canary invents the record that Glasswatch sends to its own hub to see whether it comes back.
func (g *Generator) Canary(nonce string, at time.Time) *Object {
	at = g.moment(at)
	return Obj(
		F("time", stamp(at)), F("category", Text("GlasswatchCanary")), F("operationName", Text("Glasswatch canary")),
		F("properties", Obj(F("nonce", Text(nonce)))),
	)
}
