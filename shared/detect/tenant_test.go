package detect_test

import (
	"testing"

	"glasswatch/shared/detect"
	"glasswatch/shared/entra"
)

func TestTenantWide(t *testing.T) {
	const aadiam = "/providers/microsoft.aadiam/diagnosticSettings/to-hub"
	member := entra.Party{Role: entra.RoleTarget, ObjectID: adminID, DisplayName: "mallory"}
	other := entra.Party{Role: entra.RoleTarget, ObjectID: policyID, DisplayName: "another group", Type: "Group"}
	actorGroup := admin()
	actorGroup.ObjectID = groupID
	terms := audited("Accept Terms Of Use", admin(), policyTarget("Terms"))
	terms.Audit.AuditCategory = "Policy"
	core := audited("Update policy", admin(), other)
	core.Audit.AuditCategory = "Policy"
	for _, tt := range []struct {
		name string
		rec  entra.Record
		rule string // empty: of no interest
	}{
		{"member added to the group", audited("Add member to group", admin(), member, groupTarget()), "exclusion-group-changed"},
		{"group known by the member's change only", withChange(audited("Remove member from group", admin(), member), "Group.ObjectID", groupID, ""), "exclusion-group-changed"},
		{"owner added", audited("Add owner to group", admin(), member, groupTarget()), "exclusion-group-changed"},
		{"group deleted", audited("Delete group", admin(), groupTarget()), "exclusion-group-changed"},
		{"another group", withChange(audited("Add member to group", admin(), member, other), "Group.DisplayName", "", groupID), ""},
		{"group's id where the actor stands", audited("Add member to group", actorGroup, member, other), ""},
		{"group's id in a description", withChange(audited("Update group", admin(), other), "Description", "", "see "+groupID), ""},

		{"diagnostic setting written", operated("microsoft.aadiam/diagnosticSettings/write", aadiam, admin()), "monitoring-changed"},
		{"diagnostic setting read", operated("microsoft.aadiam/diagnosticSettings/read", aadiam, admin()), ""},
		{"own hub deleted", operated("MICROSOFT.EVENTHUB/NAMESPACES/DELETE", hub, admin()), "monitoring-changed"},
		{"below own hub", operated("Microsoft.EventHub/namespaces/authorizationRules/regenerateKeys/action", hub+"/authorizationRules/send", admin()), "monitoring-changed"},
		{"own app stopped, in capitals", operated("MICROSOFT.WEB/SITES/STOP/ACTION", "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/GLASSWATCH/PROVIDERS/MICROSOFT.WEB/SITES/GW-APP", admin()), "monitoring-changed"},
		{"keys of own hub read", operated("Microsoft.EventHub/namespaces/authorizationRules/listKeys/action", hub+"/authorizationRules/send", admin()), ""},
		{"group of own resources deleted", operated("Microsoft.Resources/subscriptions/resourceGroups/delete", group, admin()), "monitoring-changed"},
		{"group of own resources tagged", operated("Microsoft.Resources/subscriptions/resourceGroups/write", group, admin()), ""},
		{"rights on own app given", operated("Microsoft.Authorization/roleAssignments/write", site+"/providers/Microsoft.Authorization/roleAssignments/1", admin()), "monitoring-changed"},
		{"export of the subscription deleted", operated("Microsoft.Insights/diagnosticSettings/delete", "/subscriptions/s1/providers/Microsoft.Insights/diagnosticSettings/export", admin()), "monitoring-changed"},
		{"export of another subscription deleted", operated("Microsoft.Insights/diagnosticSettings/delete", "/subscriptions/s12/providers/Microsoft.Insights/diagnosticSettings/export", admin()), ""},
		{"lock on the group deleted", operated("Microsoft.Authorization/locks/delete", group+"/providers/Microsoft.Authorization/locks/keep", admin()), "monitoring-changed"},
		{"a namesake of own hub", operated("Microsoft.EventHub/namespaces/delete", hub+"-2", admin()), ""},
		{"another resource", operated("Microsoft.Compute/virtualMachines/delete", group+"/providers/Microsoft.Compute/virtualMachines/vm", admin()), ""},
		{"no resource at all", operated("Microsoft.Compute/virtualMachines/delete", "", admin()), ""},

		{"Conditional Access", audited("Delete conditional access policy", admin(), policyTarget("p")), "policy-changed"},
		{"named location", audited("Update named location", admin(), other), "policy-changed"},
		{"authentication methods", audited("Authentication Methods Policy Update", admin(), other), "policy-changed"},
		{"authorisation policy", audited("Update authorization policy", admin(), other), "policy-changed"},
		{"security defaults", audited("Update security defaults", admin(), other), "policy-changed"},
		{"as Core Directory tells it", core, "policy-changed"},
		{"terms of use accepted", terms, ""},
		{"ordinary user change", audited("Update user", admin(), member), ""},
		{"ordinary sign-in", signIn(0, func(r *entra.Record) { r.Parties = nil }), ""},
		{"unknown category", entra.Record{Kind: entra.KindUnparsed, Category: "ProvisioningLogs"}, ""},
		{"truncated record", entra.Record{Kind: entra.KindAudit}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := detect.NewDetector(setting()).TenantWide(tt.rec); got != (tt.rule != "") {
				t.Errorf("tenant-wide %t, want %t", got, tt.rule != "")
			}
			if v := judge(t, tt.rec); tt.rule != "" && v.HeadlineRule != tt.rule {
				t.Errorf("headline of %q, want %q", v.HeadlineRule, tt.rule)
			}
		})
	}
}

func TestAuditHeadlines(t *testing.T) {
	self := audited("User registered security info", alphaAs(entra.RoleActor), alphaAs(entra.RoleTarget))
	failed := audited("Reset user password", admin(), alphaAs(entra.RoleTarget))
	failed.Audit.Result = "failure"
	byApp := audited("Disable account", entra.Party{Role: entra.RoleActor, ObjectID: "sp", DisplayName: "HR sync", Type: "ServicePrincipal"}, alphaAs(entra.RoleTarget))
	role := withChange(audited("Add member to role", admin(), alphaAs(entra.RoleTarget)), "Role.DisplayName", "", "Global Administrator")
	taken := withChange(audited("Remove member from role", admin(), alphaAs(entra.RoleTarget)), "Role.DisplayName", "Global Administrator", "")
	hostile := audited("{role}%{activity}\u202e", admin(), alphaAs(entra.RoleTarget))
	two := audited("Delete user", admin(), alphaAs(entra.RoleTarget), entra.Party{Role: entra.RoleTarget, ObjectID: betaID})
	for _, tt := range []struct {
		rec  entra.Record
		want string
	}{
		{audited("Admin registered security info", admin(), alphaAs(entra.RoleTarget)), "Authentication method was registered on bg-alpha by helpdesk@contoso.com"},
		{audited("Create Temporary Access Pass method for user", admin(), alphaAs(entra.RoleTarget)), "Temporary Access Pass was created for bg-alpha by helpdesk@contoso.com"},
		{self, "Authentication method was registered on bg-alpha by itself"},
		{failed, "Password of bg-alpha was reset by helpdesk@contoso.com (attempt failed)"},
		{byApp, "Break-glass account bg-alpha was disabled by HR sync"},
		{role, "Role Global Administrator was given to bg-alpha by helpdesk@contoso.com"},
		{taken, "Role Global Administrator was taken from bg-alpha by helpdesk@contoso.com"},
		{withChange(audited("Update user", admin(), alphaAs(entra.RoleTarget)), "AccountEnabled", "[true]", "[false]"), "Break-glass account bg-alpha was updated (AccountEnabled) by helpdesk@contoso.com"},
		{audited("Frobnicate user", admin(), alphaAs(entra.RoleTarget)), "Break-glass account bg-alpha was changed: Frobnicate user by helpdesk@contoso.com"},
		{hostile, "Break-glass account bg-alpha was changed: {role}%{activity} by helpdesk@contoso.com"},
		{two, "Break-glass accounts bg-alpha and bg-beta were deleted by helpdesk@contoso.com"},
		{audited("Disable account", entra.Party{Role: entra.RoleActor}, alphaAs(entra.RoleTarget)), "Break-glass account bg-alpha was disabled by somebody unnamed"},
	} {
		if v := judge(t, tt.rec); v.Headline != tt.want {
			t.Errorf("%s\nwant %s", v.Headline, tt.want)
		}
	}
}
