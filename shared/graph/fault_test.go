package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	standin "glasswatch/infra/local/graph"
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
		"redirected":       {Status: 302, Body: "{}"},
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
				if gap.Reason != posture.Fault || gap.Detail == "" {
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

func TestThrottlingIsWaitedFor(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Throttled("/conditionalAccess/policies", "1", 1), standin.Throttled("/evaluate", "1", 1))
	began := time.Now()
	snapshot := collect(t, options(url))
	if missed := gaps(snapshot); len(missed) > 0 {
		t.Errorf("not read after a wait: %v", missed)
	}
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("it was repeated after %s, and Graph had asked for a second", waited)
	}
	asked := 0
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, "/conditionalAccess/policies") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times for the policies, want a refusal and one more", asked)
	}
}

func TestThrottlingWithoutEndStarvesNoOtherSection(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Throttled("/conditionalAccess/policies", "86400", 0))
	began := time.Now()
	missed := gaps(collect(t, options(url)))
	if diff := cmp.Diff([]string{"groups", "policies"}, slices.Sorted(maps.Keys(missed))); diff != "" {
		t.Errorf("sections that were not read (-want +got):\n%s", diff)
	}
	if missed["policies"].Reason != posture.Throttled {
		t.Errorf("policies: %+v", missed["policies"])
	}
	if waited := time.Since(began); waited > 10*time.Second {
		t.Errorf("it waited %s for a day that it does not have", waited)
	}
}

func TestAnAnswerThatDoesNotComeIsAFault(t *testing.T) {
	s, url := tenant(t)
	s.Break(standin.Fault{Path: "/domains", Delay: time.Minute})
	o := options(url)
	o.Patience = 300 * time.Millisecond
	missed := gaps(collect(t, o))
	if gap := missed["domains"]; len(missed) != 1 || gap.Reason != posture.Fault || !strings.Contains(gap.Detail, "no answer within 300ms") {
		t.Errorf("not read: %v", missed)
	}
}

func TestLicencesThatAreMissing(t *testing.T) {
	withoutP2 := func(tenant *standin.Tenant) {
		plans := tenant.SubscribedSKUs[0]["servicePlans"].([]any)
		tenant.SubscribedSKUs[0]["servicePlans"] = plans[:1] // AAD_PREMIUM
	}
	t.Run("without P2 nobody is eligible, and the plain list of assignments answers", func(t *testing.T) {
		s, url := tenant(t)
		s.Edit(withoutP2)
		snapshot := collect(t, options(url))
		if missed := gaps(snapshot); len(missed) > 0 {
			t.Fatalf("not read: %v", missed)
		}
		a := snapshot.Accounts[0]
		if len(a.Eligible.Value) != 0 || len(a.Roles.Value) != 1 || a.Roles.Value[0].Role != posture.GlobalAdministrator || a.Roles.Value[0].Scope != "/" {
			t.Errorf("roles %+v, eligible %+v", a.Roles.Value, a.Eligible.Value)
		}
		if n := len(snapshot.Administrators.Value); n != 3 {
			t.Errorf("%d administrators, want 3", n)
		}
		if snapshot.Licences.Value != (posture.Licences{P1: true}) {
			t.Errorf("licences %+v", snapshot.Licences.Value)
		}
	})
	t.Run("the same refusal with P2 is a fault", func(t *testing.T) {
		s, url := tenant(t)
		s.Break(standin.Unlicensed("ScheduleInstances"))
		missed := gaps(collect(t, options(url)))
		want := []string{"administrators", "bg-alpha eligible", "bg-alpha roles", "bg-bravo eligible", "bg-bravo roles"}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(missed))); diff != "" {
			t.Errorf("sections that were not read (-want +got):\n%s", diff)
		}
		if gap := missed["bg-alpha eligible"]; gap.Reason != posture.Fault || !strings.Contains(gap.Detail, "AadPremiumLicenseRequired") {
			t.Errorf("eligible: %+v", gap)
		}
	})
	t.Run("without knowing the licences it is a licence that is missing", func(t *testing.T) {
		s, url := tenant(t)
		s.Edit(withoutP2)
		s.Revoke("LicenseAssignment.Read.All")
		missed := gaps(collect(t, options(url)))
		if gap := missed["bg-alpha eligible"]; gap.Reason != posture.NoLicence || gap.Missing != posture.P2 {
			t.Errorf("eligible: %+v", gap)
		}
	})
	t.Run("without Conditional Access the groups of the settings are read all the same", func(t *testing.T) {
		s, url := tenant(t)
		s.Break(standin.Fault{Path: "/conditionalAccess/policies", Status: 403, Code: "AccessDenied", Text: "Your tenant is not licensed for this feature."})
		o := options(url)
		o.Policy.ExclusionGroups = []string{strings.ToUpper(standin.ExclusionGroup)}
		snapshot := collect(t, o)
		if gap := snapshot.Policies.Gap; gap.Reason != posture.NoLicence || gap.Missing != posture.P1 {
			t.Errorf("policies: %+v", gap)
		}
		if groups := snapshot.Groups; !groups.Read || len(groups.Value) != 1 || len(groups.Value[0].Members) != 2 {
			t.Errorf("groups: %+v", groups)
		}
	})
	t.Run("a report without P1, told with 403", func(t *testing.T) {
		s, url := tenant(t)
		s.Break(standin.Fault{Path: "/directoryAudits", Status: 403, Code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant", Text: "Neither tenant is B2C or tenant doesn't have premium license"})
		missed := gaps(collect(t, options(url)))
		if gap := missed["recentChanges"]; len(missed) != 1 || gap.Reason != posture.NoLicence || gap.Missing != posture.P1 {
			t.Errorf("not read: %v", missed)
		}
	})
}
