package posture_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

const (
	dedicated = "d0000000-0000-4000-8000-000000000001"
	other     = "d0000000-0000-4000-8000-000000000002"
	yubikey   = "fa2b99dc-9e39-4257-8f92-4a30d23c4118"
	admin     = posture.GlobalAdministrator
)

var (
	taken  = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	sealed = time.Date(2025, 11, 5, 9, 30, 0, 0, time.UTC) // when keys and passwords went into the safes
)

func accountID(n int) string { return fmt.Sprintf("11111111-aaaa-4aaa-8aaa-%012d", n) }

func policyID(n int) string { return fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n) }

func parsePolicy(t testing.TB, text string) conditional.Policy {
	t.Helper()
	p, err := conditional.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// soundPolicies are the policies of an ordinary tenant; each excludes the dedicated group.
func soundPolicies(t testing.TB) []conditional.Policy {
	t.Helper()
	var list []conditional.Policy
	for n, p := range []struct{ name, state, include, conditions, grant string }{
		{"Multifactor for everybody", "enabled", `"includeUsers":["All"]`, `"applications":{"includeApplications":["All"]},"clientAppTypes":["all"]`, `"operator":"OR","builtInControls":["mfa"]`},
		{"Block legacy authentication", "enabled", `"includeUsers":["All"]`, `"applications":{"includeApplications":["All"]},"clientAppTypes":["exchangeActiveSync","other"]`, `"operator":"OR","builtInControls":["block"]`},
		{"Administrators on managed devices", "enabled", `"includeRoles":["` + admin + `"]`, `"applications":{"includeApplications":["All"]}`, `"operator":"OR","builtInControls":["compliantDevice","domainJoinedDevice"]`},
		{"Guests", "enabled", `"includeUsers":["GuestsOrExternalUsers"]`, `"applications":{"includeApplications":["All"]}`, `"operator":"OR","builtInControls":["mfa"]`},
		{"Protect the policies", "enabled", `"includeUsers":["All"]`, `"applications":{"includeAuthenticationContextClassReferences":["c1"]}`, `"operator":"OR","authenticationStrength":{"id":"00000000-0000-0000-0000-000000000004"}`},
		{"Workloads from our networks", "enabled", `"includeUsers":["None"]`, `"applications":{"includeApplications":["All"]},"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`, `"operator":"OR","builtInControls":["block"]`},
		{"Block other countries", "enabledForReportingButNotEnforced", `"includeUsers":["All"]`, `"applications":{"includeApplications":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}`, `"operator":"OR","builtInControls":["block"]`},
		{"Terms of use", "disabled", `"includeUsers":["All"]`, `"applications":{"includeApplications":["All"]}`, `"operator":"OR","termsOfUse":["x"]`},
	} {
		list = append(list, parsePolicy(t, fmt.Sprintf(`{"id":%q,"displayName":%q,"state":%q,"conditions":{"users":{%s,"excludeGroups":[%q]},%s},"grantControls":{%s}}`, policyID(n+1), p.name, p.state, p.include, dedicated, p.conditions, p.grant)))
	}
	return list
}

// soundTenant is a tenant in which nothing is wrong, with so many break-glass accounts.
func soundTenant(t testing.TB, accounts int) posture.Snapshot {
	t.Helper()
	s := posture.Snapshot{At: taken, TenantID: "99999999-0000-4000-8000-000000000000", GraphCalls: 42}
	group := posture.Group{ID: dedicated, Name: "Break glass", Found: true, Assignable: true}
	for n := 1; n <= accounts; n++ {
		s.Accounts = append(s.Accounts, soundAccount(n))
		group.Members = append(group.Members, posture.Member{ID: accountID(n), Name: fmt.Sprintf("bg-%d", n), Kind: "user"})
	}
	var administrators []posture.Administrator
	for n := range accounts {
		administrators = append(administrators, posture.Administrator{ID: accountID(n + 1), Name: fmt.Sprintf("bg-%d", n+1), Kind: "user"})
	}
	if accounts < 4 {
		administrators = append(administrators, posture.Administrator{ID: "22222222-0000-4000-8000-000000000001", Name: "Ann Admin", Kind: "user", Activated: true})
	}
	s.Policies = posture.Got(soundPolicies(t))
	s.Strengths = posture.Got([]conditional.Strength{{
		ID: "5eeeeeee-0000-4000-8000-000000000001", DisplayName: "Our keys", Combinations: conditional.List{"fido2"},
		Configurations: []conditional.Configuration{{Type: "#microsoft.graph.fido2CombinationConfiguration", AppliesTo: conditional.List{"fido2"}, AAGUIDs: conditional.List{yubikey}}},
	}})
	s.Groups = posture.Got([]posture.Group{group})
	s.Administrators = posture.Got(administrators)
	s.MethodPolicy = posture.Got(posture.MethodPolicy{
		FIDO2:       posture.MethodRule{Enabled: true, Include: []string{dedicated}, Enforced: true, AAGUIDs: []string{yubikey}},
		Certificate: posture.MethodRule{Include: []string{}},
	})
	s.SecurityDefaults = posture.Got(posture.SecurityDefaults{})
	s.Licences = posture.Got(posture.Licences{P1: true, P2: true})
	s.Domains = posture.Got([]posture.Domain{{Name: "contoso.onmicrosoft.com", Initial: true, PasswordEndsInDays: 90}, {Name: "contoso.com", PasswordsNeverEnd: true}})
	s.RecentChanges = posture.Got([]posture.RecentChange{})
	approve(t, &s)
	s.Yesterday = posture.Got(posture.TakeFingerprint(s, soundPolicy()))
	return s
}

func soundAccount(n int) posture.Account {
	a := posture.Account{ID: accountID(n), Name: fmt.Sprintf("bg-%d", n)}
	upn := fmt.Sprintf("bg-%d@contoso.onmicrosoft.com", n)
	a.User = posture.Got(posture.User{
		Found: true, Enabled: true, UserPrincipalName: upn, DisplayName: fmt.Sprintf("Break glass %d", n), UserType: "Member",
		CreatedAt: sealed.AddDate(-1, 0, 0), LastPasswordChange: sealed, PasswordPolicies: []string{"DisablePasswordExpiration"},
		Identities: []posture.Identity{{SignInType: "userPrincipalName", Issuer: "contoso.onmicrosoft.com", IssuedID: upn}}, NameHolder: accountID(n),
	})
	a.Memberships = posture.Got(posture.Memberships{Groups: []posture.Membership{{ID: dedicated, Name: "Break glass"}}, Roles: []string{admin}})
	a.Methods = posture.Got([]posture.Method{
		{ID: fmt.Sprintf("key-%d-a", n), Kind: conditional.FIDO2, Name: "safe A", Model: "YubiKey 5", AAGUID: yubikey, CreatedAt: sealed, Attestation: "attested"},
		{ID: fmt.Sprintf("key-%d-b", n), Kind: conditional.FIDO2, Name: "safe B", Model: "YubiKey 5", AAGUID: yubikey, CreatedAt: sealed, Attestation: "attested"},
	})
	a.Roles = posture.Got([]posture.RoleHeld{{Role: admin, Name: "Global Administrator", Scope: "/"}})
	a.Eligible = posture.Got([]posture.RoleHeld{})
	a.PerUserMFA = posture.Got(posture.PerUserMFA{State: "disabled"})
	var answers []posture.WhatIfAnswer
	for _, sc := range posture.Scenarios {
		answers = append(answers, posture.WhatIfAnswer{Scenario: sc.ID, Policies: []posture.WhatIfPolicy{}})
	}
	a.WhatIf = posture.Got(answers)
	return a
}

func approve(t testing.TB, s *posture.Snapshot) {
	t.Helper()
	b, err := posture.TakeBaseline(*s)
	if err != nil {
		t.Fatal(err)
	}
	s.Baseline = posture.Got(b)
}

func soundPolicy() posture.Policy {
	p := posture.DefaultPolicy()
	p.ExclusionGroups = []string{dedicated}
	return p
}

// copied is a deep copy of a snapshot.
func copied(t testing.TB, s posture.Snapshot) posture.Snapshot {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var again posture.Snapshot
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestASoundTenantHasNothingToMend(t *testing.T) {
	for accounts := 2; accounts <= 4; accounts++ {
		findings, tally := posture.Run(posture.Suite, soundTenant(t, accounts), soundPolicy(), nil, nil, taken)
		for _, f := range findings {
			if f.State != posture.Pass {
				t.Errorf("with %d accounts: %s %s %s is %s: %s", accounts, f.Check, f.Account, f.Object, f.State, f.Observed)
			}
		}
		if tally.Counts[posture.Pass] != len(findings) || tally.GraphCalls != 42 || !posture.Sound(findings, true) {
			t.Errorf("tally %+v over %d findings", tally, len(findings))
		}
	}
}
