package sample

import (
	"time"
)

// GlobalAdministrator is the template id of the role.
const GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

// PolicyState is a Conditional Access policy at one moment, as far as changes of it matter.
type PolicyState struct {
	State         string   // enabled, disabled, enabledForReportingButNotEnforced
	IncludeUsers  []string // "All", "None" or object ids
	ExcludeUsers  []string
	IncludeGroups []string
	ExcludeGroups []string
	IncludeRoles  []string
	ExcludeRoles  []string
	Controls      []string // mfa, block, compliantDevice, …
}

// PolicyChange invents the two records that one change of a Conditional Access policy leaves within
// a second: by "Conditional Access", with the whole policy as JSON text before and after, and by
// Core Directory as "Update policy", where the older form of the policy stands in a list of texts.
func (g *Generator) PolicyChange(a Audit, p Policy, before, after PolicyState) [2]*Object {
	a.At = g.moment(a.At)
	if a.By.ID == "" {
		a.By = pick(g, g.Tenant.Administrators)
	}
	created := a.At.Add(-90 * 24 * time.Hour)
	edited := a.At.Add(-20 * 24 * time.Hour)

	first := a
	first.Activity = ActivityNamed("Update conditional access policy")
	first.Targets = []Target{{ID: p.ID, Name: p.Name, Type: "Policy", Changes: []Change{{
		"ConditionalAccessPolicy",
		string(modernPolicy(p, before, created, edited).JSON()),
		string(modernPolicy(p, after, created, a.At.Add(-time.Second)).JSON()),
	}}}}
	first.Details = [][2]string{{"Category", "Conditional Access"}}

	second := a
	second.ID, second.Correlation = "", ""
	second.At = a.At.Add(-415 * time.Millisecond)
	second.Activity = ActivityNamed("Update policy")
	second.Targets = []Target{{ID: p.ID, Name: p.Name, Type: "Policy", Changes: []Change{
		{
			"PolicyDetail",
			string(Array{Text(classicPolicy(before, created, edited).JSON())}.appendTo(nil)),
			string(Array{Text(classicPolicy(after, created, a.At.Add(-time.Second)).JSON())}.appendTo(nil)),
		},
		{"Included Updated Properties", "", quoted("PolicyDetail")},
	}}}
	second.Details = [][2]string{{"User-Agent", "Microsoft Azure Graph Client Library 1.0"}}
	return [2]*Object{g.Audit(first), g.Audit(second)}
}

func modernPolicy(p Policy, s PolicyState, created, modified time.Time) *Object {
	return Obj(
		F("id", Text(p.ID)), F("displayName", Text(p.Name)),
		F("createdDateTime", stampOffset(created)), F("modifiedDateTime", stampOffset(modified)),
		F("state", Text(or(s.State, "enabled"))),
		F("conditions", Obj(
			F("applications", Obj(
				F("includeApplications", Texts("All")), F("excludeApplications", Array{}), F("includeUserActions", Array{}),
				F("includeAuthenticationContextClassReferences", Array{}), F("applicationFilter", Null{}),
			)),
			F("users", Obj(
				F("includeUsers", Texts(s.IncludeUsers...)), F("excludeUsers", Texts(s.ExcludeUsers...)),
				F("includeGroups", Texts(s.IncludeGroups...)), F("excludeGroups", Texts(s.ExcludeGroups...)),
				F("includeRoles", Texts(s.IncludeRoles...)), F("excludeRoles", Texts(s.ExcludeRoles...)),
			)),
			F("userRiskLevels", Array{}), F("signInRiskLevels", Array{}), F("clientAppTypes", Texts("all")),
			F("servicePrincipalRiskLevels", Array{}),
		)),
		F("grantControls", Obj(
			F("operator", Text("OR")), F("builtInControls", Texts(s.Controls...)),
			F("customAuthenticationFactors", Array{}), F("termsOfUse", Array{}),
		)),
	)
}

func classicPolicy(s PolicyState, created, modified time.Time) *Object {
	include, exclude := Array{}, Array{}
	for _, part := range []struct {
		list *Array
		key  string
		ids  []string
	}{
		{&include, "Users", s.IncludeUsers},
		{&include, "Groups", s.IncludeGroups},
		{&include, "Roles", s.IncludeRoles},
		{&exclude, "Users", s.ExcludeUsers},
		{&exclude, "Groups", s.ExcludeGroups},
		{&exclude, "Roles", s.ExcludeRoles},
	} {
		if len(part.ids) > 0 {
			*part.list = append(*part.list, Obj(F(part.key, Texts(part.ids...))))
		}
	}
	return Obj(
		F("Version", Int(1)), F("CreatedDateTime", stamp(created)), F("ModifiedDateTime", stamp(modified)),
		F("State", Text("Enabled")),
		F("Conditions", Obj(
			F("Applications", Obj(F("Include", Array{Obj(F("Applications", Texts("All")))}))),
			F("Users", Obj(F("Include", include), F("Exclude", exclude))),
		)),
		F("Controls", Array{Obj(F("Control", Texts(s.Controls...)))}),
		F("EnforceAllPoliciesForEas", Bool(true)), F("IncludeOtherLegacyClientTypeForEvaluation", Bool(true)),
	)
}

// GroupMember invents "Add member to group", or "Remove member from group". The member is the
// first target, the group the second, and its id stands in the member's modified properties: in
// newValue when added, in oldValue when removed.
func (g *Generator) GroupMember(a Audit, who Person, group Group, added bool) *Object {
	change := func(name, value string) Change {
		if added {
			return Change{name, "", quoted(value)}
		}
		return Change{name, quoted(value), ""}
	}
	a.Activity = ActivityNamed("Remove member from group")
	if added {
		a.Activity = ActivityNamed("Add member to group")
	}
	a.Targets = []Target{
		UserTarget(who, change("Group.ObjectID", group.ID), change("Group.DisplayName", group.Name), change("Group.WellKnownObjectName", "")),
		{ID: group.ID, Type: "Group"},
	}
	return g.Audit(a)
}

// RoleMember invents "Add member to role".
func (g *Generator) RoleMember(a Audit, who Person, roleName, templateID string) *Object {
	role := g.GUID()
	a.Activity = ActivityNamed("Add member to role")
	a.Targets = []Target{
		UserTarget(
			who,
			Change{"Role.ObjectID", "", quoted(role)}, Change{"Role.DisplayName", "", quoted(roleName)},
			Change{"Role.TemplateId", "", quoted(templateID)}, Change{"Role.WellKnownObjectName", "", quoted("TenantAdmins")},
		),
		{ID: role, Type: "Role"},
	}
	return g.Audit(a)
}

// PasswordReset invents the records that an administrator's reset leaves: "Reset user password" and
// "Reset password (by admin)" of one correlation, and the revocation of sessions that follows.
func (g *Generator) PasswordReset(a Audit, who Person) [3]*Object {
	a.At = g.moment(a.At)
	a.Correlation = or(a.Correlation, g.GUID())
	if a.By.ID == "" {
		a.By = pick(g, g.Tenant.Administrators)
	}
	var out [3]*Object
	for i, name := range []string{"Reset user password", "Reset password (by admin)", "Update StsRefreshTokenValidFrom Timestamp"} {
		one := a
		one.ID = ""
		one.At = a.At.Add(time.Duration(i) * 120 * time.Millisecond)
		one.Activity = ActivityNamed(name)
		target := UserTarget(who)
		if i == 2 {
			target.Changes = []Change{{
				"StsRefreshTokensValidFrom",
				string(Texts(string(stamp(a.At.Add(-200 * 24 * time.Hour)))).appendTo(nil)),
				string(Texts(string(stamp(a.At))).appendTo(nil)),
			}}
		}
		one.Targets = []Target{target}
		out[i] = g.Audit(one)
	}
	return out
}

// SecurityInfo invents "User registered security info" or "Admin registered security info", by
// whether the account itself did it, with the reason that names the method.
func (g *Generator) SecurityInfo(a Audit, who Person, method string) *Object {
	a.Activity = ActivityNamed("Admin registered security info")
	a.Reason = "Admin registered " + method + " method for user"
	if a.By.ID == who.ID {
		a.Activity = ActivityNamed("User registered security info")
		a.Reason = "User registered " + method
	}
	a.Targets = []Target{UserTarget(who)}
	return g.Audit(a)
}
