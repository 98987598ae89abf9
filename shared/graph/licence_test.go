package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/posture"
)

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
