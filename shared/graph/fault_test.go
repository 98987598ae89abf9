package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/graph"
	"glasswatch/shared/posture"
)

// places says which path fills which sections, and what is named when it is denied.
var places = []struct {
	path       string
	sections   []string
	permission string
}{
	{"/v1.0/users/" + standin.Alpha + "$", []string{"bg-alpha user"}, "User.Read.All"},
	{standin.BravoName + "$", []string{"bg-bravo user"}, "User.Read.All"},
	// Without memberships and policies nobody can tell which groups exclude the accounts.
	{standin.Alpha + "/transitiveMemberOf", []string{"bg-alpha memberships", "groups"}, "User.Read.All"},
	{standin.Alpha + "/memberOf", []string{"bg-alpha memberships", "groups"}, "User.Read.All"},
	{"/conditionalAccess/policies", []string{"groups", "policies"}, "Policy.Read.All"},
	{standin.Alpha + "/authentication/methods", []string{"bg-alpha methods"}, "UserAuthenticationMethod.Read.All"},
	{"/roleAssignmentScheduleInstances", []string{"administrators", "bg-alpha roles", "bg-bravo roles"}, "RoleManagement.Read.Directory"},
	{"/roleEligibilityScheduleInstances", []string{"bg-alpha eligible", "bg-bravo eligible"}, "RoleManagement.Read.Directory"},
	{"/beta/users/" + standin.Bravo + "/authentication/requirements", []string{"bg-bravo perUserMfa"}, "Policy.Read.All"},
	{"/conditionalAccess/evaluate", []string{"bg-alpha whatIf", "bg-bravo whatIf"}, "Policy.Read.All"},
	{"/conditionalAccess/namedLocations", []string{"bg-alpha whatIf", "bg-bravo whatIf"}, "Policy.Read.All"},
	{"/authenticationStrengthPolicies", []string{"strengths"}, "Policy.Read.All"},
	{"/groups/" + standin.ExclusionGroup + "$", []string{"groups"}, "GroupMember.Read.All"},
	{"/groups/" + standin.ExclusionGroup + "/transitiveMembers", []string{"groups"}, "GroupMember.Read.All"},
	{"/groups/" + standin.ExclusionGroup + "/owners", []string{"groups"}, "GroupMember.Read.All"},
	{"/authenticationMethodsPolicy", []string{"methodPolicy"}, "Policy.Read.All"},
	{"/identitySecurityDefaultsEnforcementPolicy", []string{"securityDefaults"}, "Policy.Read.All"},
	{"/subscribedSkus", []string{"licences"}, "LicenseAssignment.Read.All"},
	{"/domains", []string{"domains"}, "Domain.Read.All"},
	{"/directoryAudits", []string{"recentChanges"}, "AuditLog.Read.All"},
}

func TestADeniedSectionNamesItsPermissionAndHidesNoOther(t *testing.T) {
	s, url := tenant(t)
	for _, place := range places {
		t.Run(place.path, func(t *testing.T) {
			s.Mend()
			s.Break(standin.Denied(place.path))
			missed := gaps(collect(t, options(url)))
			if diff := cmp.Diff(place.sections, slices.Sorted(maps.Keys(missed))); diff != "" {
				t.Errorf("sections that were not read (-want +got):\n%s", diff)
			}
			for name, gap := range missed {
				if gap.Reason != posture.NoPermission || gap.Missing != place.permission {
					t.Errorf("%s: reason %q, missing %q (%s)", name, gap.Reason, gap.Missing, gap.Detail)
				}
			}
		})
	}
}

func TestAPermissionThatIsTakenAwayIsNamedWhereverItIsNeeded(t *testing.T) {
	s, url := tenant(t)
	for permission, sections := range map[string][]string{
		"User.Read.All":                     {"bg-alpha memberships", "bg-alpha user", "bg-bravo memberships", "bg-bravo user", "groups"},
		"UserAuthenticationMethod.Read.All": {"bg-alpha methods", "bg-bravo methods"},
		"RoleManagement.Read.Directory":     {"administrators", "bg-alpha eligible", "bg-alpha roles", "bg-bravo eligible", "bg-bravo roles"},
		"GroupMember.Read.All":              {"groups"},
		"Policy.Read.All":                   {"bg-alpha perUserMfa", "bg-alpha whatIf", "bg-bravo perUserMfa", "bg-bravo whatIf", "groups", "methodPolicy", "policies", "securityDefaults", "strengths"},
		"AuditLog.Read.All":                 {"recentChanges"},
		"Domain.Read.All":                   {"domains"},
		"LicenseAssignment.Read.All":        {"licences"},
	} {
		t.Run(permission, func(t *testing.T) {
			s.Mend()
			s.Revoke(permission)
			missed := gaps(collect(t, options(url)))
			if diff := cmp.Diff(sections, slices.Sorted(maps.Keys(missed))); diff != "" {
				t.Errorf("sections that were not read (-want +got):\n%s", diff)
			}
			for name, gap := range missed {
				if gap.Reason != posture.NoPermission || gap.Missing != permission {
					t.Errorf("%s: reason %q, missing %q (%s)", name, gap.Reason, gap.Missing, gap.Detail)
				}
			}
		})
	}
}

func TestAnswersThatNobodyCanUseAreNeverTakenForEmptyOnes(t *testing.T) {
	garbled := map[string]standin.Fault{
		"no JSON":          {Body: "<html>maintenance</html>", Type: "text/html"},
		"HTML as JSON":     {Body: "<html>maintenance</html>"},
		"empty object":     {Body: "{}"},
		"a list":           {Body: "[]"},
		"null":             {Body: "null"},
		"a word":           {Body: `"fine"`},
		"wrong kinds":      {Body: `{"value":{"a":1},"id":7,"accountEnabled":"yes","isEnabled":"no","authenticationMethodConfigurations":{},"perUserMfaState":1}`},
		"entries are null": {Body: `{"value":[null],"authenticationMethodConfigurations":[null]}`},
		"nameless entries": {Body: `{"value":[{}],"authenticationMethodConfigurations":[{}]}`},
		"cut off":          {Cut: true},
		"no content":       {Status: 204, Body: " "},
		"redirected":       {Status: 302, Body: `{"value":[]}`},
		"error page":       {Status: 500, Body: "<html>", Type: "text/html"},
	}
	s, url := tenant(t)
	for name, fault := range garbled {
		t.Run(name, func(t *testing.T) {
			s.Mend()
			s.Break(fault) // on every path
			missed := gaps(collect(t, options(url)))
			if diff := cmp.Diff(everySection(), slices.Sorted(maps.Keys(missed))); diff != "" {
				t.Errorf("sections that were not read (-want +got):\n%s", diff)
			}
			for section, gap := range missed {
				if gap.Reason != posture.Fault || gap.Detail == "" || strings.Contains(gap.Detail, "SDK failed") {
					t.Errorf("%s: reason %q (%s)", section, gap.Reason, gap.Detail)
				}
			}
		})
	}
}

// everySection names all sections that come from Graph, as gaps does.
func everySection() []string {
	var names []string
	for _, place := range places {
		for _, name := range place.sections {
			names = append(names, name, strings.Replace(name, "bg-alpha", "bg-bravo", 1), strings.Replace(name, "bg-bravo", "bg-alpha", 1))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestWhatIsLeftOutIsNotGuessed(t *testing.T) {
	s, url := tenant(t)
	for field, says := range map[string]string{"accountEnabled": "whether the account is enabled", "userPrincipalName": "the user principal name"} {
		s.Edit(func(tenant *standin.Tenant) {
			*tenant = *standin.Sound()
			delete(tenant.User(standin.Marta), field)
		})
		o := options(url)
		o.Accounts = []graph.Account{{ID: standin.Marta, Name: "marta"}}
		if gap := collect(t, o).Accounts[0].User.Gap; gap.Reason != posture.Fault || !strings.Contains(gap.Detail, "leaves out "+says) {
			t.Errorf("without %s: %+v", field, gap)
		}
	}
}

func TestAnErrorPageKeepsItsStatus(t *testing.T) {
	s, url := tenant(t)
	s.Break(
		standin.Fault{Path: "/domains", Status: 403, Body: "<h1>Forbidden</h1>", Type: "text/html"},
		standin.Fault{Path: "/directoryAudits", Status: 429, Body: "slow down", Type: "text/plain", RetryAfter: "86400"},
	)
	missed := gaps(collect(t, options(url)))
	if missed["domains"].Reason != posture.NoPermission || missed["recentChanges"].Reason != posture.Throttled || len(missed) != 2 {
		t.Errorf("not read: %+v", missed)
	}
}
