package graph_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/graph"
	"glasswatch/shared/posture"
)

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// tenant starts the stand-in with the sound tenant.
func tenant(t *testing.T) (*standin.Server, string) {
	t.Helper()
	s := standin.New(standin.Sound())
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func options(url string) graph.Options {
	return graph.Options{
		Endpoint: url,
		Accounts: []graph.Account{
			{ID: standin.Alpha, Name: "bg-alpha", UserPrincipalName: standin.AlphaName},
			{ID: standin.Bravo, Name: "bg-bravo", UserPrincipalName: standin.BravoName},
		},
		Now: func() time.Time { return now },
		// Each test has connections of its own, which end with its server.
		Transport: &http.Transport{},
	}
}

func collect(t *testing.T, o graph.Options) posture.Snapshot {
	t.Helper()
	c, err := graph.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c.Collect(t.Context())
}

// gaps names every section that was not read, with its account's name before it, and why. The two
// sections that do not come from Graph are left out.
func gaps(s posture.Snapshot) map[string]posture.Gap {
	out := map[string]posture.Gap{}
	note := func(name posture.SectionName, account string, read bool, gap posture.Gap) {
		if account != "" {
			name = posture.SectionName(account) + " " + name
		}
		if !read {
			out[string(name)] = gap
		}
	}
	note(posture.PoliciesSection, "", s.Policies.Read, s.Policies.Gap)
	note(posture.StrengthsSection, "", s.Strengths.Read, s.Strengths.Gap)
	note(posture.GroupsSection, "", s.Groups.Read, s.Groups.Gap)
	note(posture.AdministratorsSection, "", s.Administrators.Read, s.Administrators.Gap)
	note(posture.MethodPolicySection, "", s.MethodPolicy.Read, s.MethodPolicy.Gap)
	note(posture.SecurityDefaultsSection, "", s.SecurityDefaults.Read, s.SecurityDefaults.Gap)
	note(posture.LicencesSection, "", s.Licences.Read, s.Licences.Gap)
	note(posture.DomainsSection, "", s.Domains.Read, s.Domains.Gap)
	note(posture.RecentChangesSection, "", s.RecentChanges.Read, s.RecentChanges.Gap)
	for _, a := range s.Accounts {
		note(posture.UserSection, a.Name, a.User.Read, a.User.Gap)
		note(posture.MembershipsSection, a.Name, a.Memberships.Read, a.Memberships.Gap)
		note(posture.MethodsSection, a.Name, a.Methods.Read, a.Methods.Gap)
		note(posture.RolesSection, a.Name, a.Roles.Read, a.Roles.Gap)
		note(posture.EligibleSection, a.Name, a.Eligible.Read, a.Eligible.Gap)
		note(posture.PerUserMFASection, a.Name, a.PerUserMFA.Read, a.PerUserMFA.Gap)
		note(posture.WhatIfSection, a.Name, a.WhatIf.Read, a.WhatIf.Gap)
	}
	return out
}
