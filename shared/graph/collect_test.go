package graph_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	standin "glasswatch/infra/local/graph"
	"glasswatch/shared/conditional"
	"glasswatch/shared/graph"
	"glasswatch/shared/posture"
)

// credential is a credential that hands out itself.
type credential string

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestEveryPageIsRead(t *testing.T) {
	s, url := tenant(t)
	whole := collect(t, options(url))
	s.PageBy(5) // 13 policies: three pages
	paged := collect(t, options(url))
	if paged.GraphCalls <= whole.GraphCalls {
		t.Errorf("%d calls in pages, %d without", paged.GraphCalls, whole.GraphCalls)
	}
	whole.GraphCalls, paged.GraphCalls = 0, 0
	if diff := cmp.Diff(indented(t, whole), indented(t, paged)); diff != "" {
		t.Errorf("read in pages it differs (-whole +paged):\n%s", diff)
	}
}

func TestAPageThatLeadsAstray(t *testing.T) {
	for name, test := range map[string]struct{ link, says string }{
		"another host":        {"https://graph.example/v1.0/domains?page=2", "not the host of the Graph endpoint"},
		"itself":              {"", "leads back to an earlier one"},
		"nowhere":             {"://", "no address"},
		"a page that is lost": {"/v1.0/domains?$skiptoken=none", "Directory_ExpiredPageToken"},
	} {
		t.Run(name, func(t *testing.T) {
			s, url := tenant(t)
			link := test.link
			switch {
			case link == "":
				link = url + "/v1.0/domains"
			case strings.HasPrefix(link, "/"):
				link = url + link
			}
			s.Break(standin.Fault{Path: "/domains", Times: 3 - min(2, len(test.link)), Body: fmt.Sprintf(`{"value":[],"@odata.nextLink":%q}`, link)})
			missed := gaps(collect(t, options(url)))
			if gap := missed["domains"]; len(missed) != 1 || gap.Reason != posture.Fault || !strings.Contains(gap.Detail, test.says) {
				t.Errorf("not read: %v", missed)
			}
		})
	}
}

func TestATokenGoesToTheListedHostOnly(t *testing.T) {
	s := standin.New(standin.Sound())
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	var mu sync.Mutex
	asked := map[string]bool{}
	o := options(server.URL)
	o.Credential = credential("a secret token")
	o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		asked[r.URL.Scheme+"://"+r.URL.Host] = true
		mu.Unlock()
		return server.Client().Transport.RoundTrip(r)
	})
	for _, astray := range []string{"https://graph.example", "http://" + host} {
		s.Break(standin.Fault{Path: "/domains", Times: 1, Body: fmt.Sprintf(`{"value":[],"@odata.nextLink":"%s/v1.0/domains"}`, astray)})
		missed := gaps(collect(t, o))
		if gap := missed["domains"]; len(missed) != 1 || !strings.Contains(gap.Detail, astray) {
			t.Errorf("a next page at %s: not read: %v", astray, missed)
		}
	}
	if len(asked) != 1 || !asked[server.URL] {
		t.Errorf("requests went to %v", asked)
	}
	for _, r := range s.Requests() {
		if r.Authorization != "Bearer a secret token" {
			t.Fatalf("%s came with the authorization %q", r.Path, r.Authorization)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEndpointsThatAreRefused(t *testing.T) {
	for endpoint, says := range map[string]string{
		"":                                "no address",
		"graph.microsoft.com":             "no address",
		"https://graph.microsoft.com/v1":  "no address",
		"https://me@graph.microsoft.com":  "no address",
		"http://graph.microsoft.com":      "loopback only",
		"http://localhost.example":        "loopback only",
		"ftp://graph.microsoft.com":       "not https",
		"https://graph.microsoft.com":     "no credential",
		"https://graph.microsoft.com?a=b": "no address",
	} {
		if _, err := graph.New(graph.Options{Endpoint: endpoint}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("endpoint %q: error %v, want one with %q", endpoint, err, says)
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1"} {
		if _, err := graph.New(graph.Options{Endpoint: endpoint}); err != nil {
			t.Errorf("endpoint %q: %v", endpoint, err)
		}
	}
}

func TestAnAccountThatIsGone(t *testing.T) {
	s, url := tenant(t)
	deleted := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	s.Edit(func(tenant *standin.Tenant) { tenant.Delete(standin.Alpha, deleted.Format(time.RFC3339)) })
	snapshot := collect(t, options(url))
	if want := (posture.User{DeletedAt: &deleted}); !cmp.Equal(snapshot.Accounts[0].User, posture.Got(want)) {
		t.Errorf("user: %+v", snapshot.Accounts[0].User)
	}
	for name, gap := range gaps(snapshot) {
		if gap.Reason != posture.Gone || !strings.HasPrefix(name, "bg-alpha ") {
			t.Errorf("%s: %+v", name, gap)
		}
	}
	t.Run("and made anew under its name", func(t *testing.T) {
		s.Edit(func(tenant *standin.Tenant) { tenant.User(standin.Marta)["userPrincipalName"] = standin.AlphaName })
		if u := collect(t, options(url)).Accounts[0].User; u.Value.NameHolder != standin.Marta || u.Value.Found {
			t.Errorf("user: %+v", u)
		}
	})
	t.Run("and not among the deleted", func(t *testing.T) {
		s.Edit(func(tenant *standin.Tenant) { tenant.DeletedUsers = nil })
		if u := collect(t, options(url)).Accounts[0].User; !u.Read || u.Value.Found || u.Value.DeletedAt != nil {
			t.Errorf("user: %+v", u)
		}
	})
	t.Run("a 404 that is not about the object is a fault", func(t *testing.T) {
		s.Break(standin.Fault{Path: "/v1.0/users/" + standin.Bravo, Status: 404, Body: "<h1>no such page</h1>", Type: "text/html"})
		if u := collect(t, options(url)).Accounts[1].User; u.Read || u.Gap.Reason != posture.Fault {
			t.Errorf("user: %+v", u)
		}
	})
}

func TestMethodsThatNobodyKnowsAreKept(t *testing.T) {
	s, url := tenant(t)
	s.Edit(func(tenant *standin.Tenant) {
		tenant.Methods[standin.Alpha] = append(tenant.Methods[standin.Alpha],
			standin.Object{"@odata.type": "#microsoft.graph.retinaAuthenticationMethod", "id": "m1", "depth": 7},
			standin.Object{"id": "m2"},
			standin.Object{"@odata.type": "#microsoft.graph.x509CertificateAuthenticationMethod", "id": "m3"},
			standin.Object{"@odata.type": "#microsoft.graph.externalAuthenticationMethod", "id": "m4"},
			standin.Object{"@odata.type": "#microsoft.graph.hardwareOathAuthenticationMethod", "id": "m5"},
			standin.Object{"@odata.type": "#microsoft.graph.qrCodePinAuthenticationMethod", "id": "m6"},
			standin.Object{"@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod", "id": "m7", "isUsable": true},
		)
	})
	got := map[string]string{}
	for _, m := range collect(t, options(url)).Accounts[0].Methods.Value {
		got[m.ID] = strings.TrimSpace(string(m.Kind) + " " + m.UnknownODType)
		if m.Usable {
			got[m.ID] += " usable"
		}
	}
	want := map[string]string{
		"ka1-AbcDefGhiJklMnoPqrStuVwx1": "fido2", "ka2-AbcDefGhiJklMnoPqrStuVwx1": "fido2",
		"m1": "unknown #microsoft.graph.retinaAuthenticationMethod", "m2": "unknown",
		"m3": "x509Certificate", "m4": "external", "m5": "hardwareOath", "m6": "qrCodePin", "m7": "temporaryAccessPass usable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
}

func TestWhatAPolicySaysThatNobodyKnowsIsKept(t *testing.T) {
	s, url := tenant(t)
	s.Edit(func(tenant *standin.Tenant) {
		p := tenant.Policy(standin.Multifactor)
		p["state"] = "enabledOnTuesdays"
		p["conditions"].(map[string]any)["users"].(map[string]any)["includeRobots"] = []any{"All"}
		p["grantControls"].(map[string]any)["builtInControls"] = []any{"mfa", "retinaScan"}
		rule := tenant.MethodPolicy["authenticationMethodConfigurations"].([]any)[0].(map[string]any)
		rule["passkeyProfiles"] = []any{map[string]any{"id": "p1"}}
		rule["includeTargets"].([]any)[0].(map[string]any)["allowedPasskeyProfiles"] = []any{"p1"}
	})
	snapshot := collect(t, options(url))
	i := slices.IndexFunc(snapshot.Policies.Value, func(p conditional.Policy) bool { return p.ID == standin.Multifactor })
	want := []string{"conditions.users.includeRobots", "grantControls.builtInControls=retinaScan", "state=enabledOnTuesdays"}
	if diff := cmp.Diff(want, snapshot.Policies.Value[i].Unknown); diff != "" {
		t.Errorf("unknown in the policy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"includeTargets.allowedPasskeyProfiles", "passkeyProfiles"}, snapshot.MethodPolicy.Value.FIDO2.Unknown); diff != "" {
		t.Errorf("unknown in the rule for keys (-want +got):\n%s", diff)
	}
}

func TestWhatIfIsAskedAsMicrosoftDocumentsIt(t *testing.T) {
	s, url := tenant(t)
	s.Edit(func(tenant *standin.Tenant) {
		tenant.WhatIf = []standin.Applies{
			{User: standin.Bravo, Policy: standin.Multifactor},
			{User: standin.Bravo, Policy: standin.OtherCountries, Application: "797f4846-ba00-4fd7-ba43-dac1f8f63013", Client: "browser"},
		}
	})
	snapshot := collect(t, options(url))
	for _, answer := range snapshot.Accounts[0].WhatIf.Value {
		if len(answer.Policies) > 0 {
			t.Errorf("for bg-alpha %v applies in %s", answer.Policies, answer.Scenario)
		}
	}
	counted := map[int]int{}
	for _, answer := range snapshot.Accounts[1].WhatIf.Value {
		counted[len(answer.Policies)]++
		if p := answer.Policies[0]; p.ID != standin.Multifactor || !p.Applies || p.State != "enabled" || p.Reasons != "notSet" {
			t.Errorf("%s: %+v", answer.Scenario, p)
		}
	}
	if want := map[int]int{1: len(posture.Scenarios) - 1, 2: 1}; !cmp.Equal(want, counted) {
		t.Errorf("policies in an answer: %v, want %v", counted, want)
	}
}

func TestGroupsAndAdministrators(t *testing.T) {
	s, url := tenant(t)
	s.Edit(func(tenant *standin.Tenant) {
		// The exclusion group also holds a group; alpha is excluded through another group only.
		tenant.Join(standin.ExclusionGroup, standin.OtherGroup)
		tenant.Leave(standin.ExclusionGroup, standin.Alpha)
		tenant.Join(standin.OtherGroup, standin.Alpha)
		tenant.Group(standin.ExclusionGroup)["owners"] = []any{standin.Marta}
		tenant.ActiveRoles = append(tenant.ActiveRoles, standin.Object{
			"id": "ra-9", "principalId": standin.OtherGroup, "roleDefinitionId": posture.GlobalAdministrator, "directoryScopeId": "/",
			"assignmentType": "Assigned", "memberType": "Direct",
		})
	})
	o := options(url)
	o.Policy.ExclusionGroups = []string{"e5000000-5555-4aaa-8bbb-00000000dead"}
	snapshot := collect(t, o)
	if missed := gaps(snapshot); len(missed) > 0 {
		t.Fatalf("not read: %v", missed)
	}
	wantGroups := []posture.Membership{
		{ID: standin.ExclusionGroup, Name: "CA-Exclude-BreakGlass", Nested: true}, {ID: standin.OtherGroup, Name: "Administrators on duty"},
	}
	if diff := cmp.Diff(wantGroups, snapshot.Accounts[0].Memberships.Value.Groups); diff != "" {
		t.Errorf("groups of bg-alpha (-want +got):\n%s", diff)
	}
	if gone := snapshot.Groups.Value[1]; gone.Found || gone.ID != o.Policy.ExclusionGroups[0] {
		t.Errorf("a group that does not exist: %+v", gone)
	}
	g := snapshot.Groups.Value[0]
	var members []string
	for _, m := range g.Members {
		members = append(members, m.Kind+" "+m.Name)
	}
	want := []string{
		"user " + standin.BravoName, "group Administrators on duty", "user ines.okafor@harbourlight.onmicrosoft.com",
		"user pavel.lindqvist@harbourlight.onmicrosoft.com", "user " + standin.AlphaName,
	}
	if diff := cmp.Diff(want, members); diff != "" {
		t.Errorf("members of the exclusion group (-want +got):\n%s", diff)
	}
	if len(g.Owners) != 1 || g.Owners[0].ID != standin.Marta || !g.Assignable {
		t.Errorf("exclusion group: %+v", g)
	}
	var administrators []string
	for _, a := range snapshot.Administrators.Value {
		administrators = append(administrators, fmt.Sprintf("%s %t", a.Name, a.Activated))
	}
	want = []string{
		standin.AlphaName + " false", standin.BravoName + " false", "ines.okafor@harbourlight.onmicrosoft.com false",
		"pavel.lindqvist@harbourlight.onmicrosoft.com false",
	}
	if diff := cmp.Diff(want, administrators); diff != "" {
		t.Errorf("administrators (-want +got):\n%s", diff)
	}
	t.Run("a role that nobody may look into", func(t *testing.T) {
		s.Edit(func(tenant *standin.Tenant) { tenant.DirectoryRoles[0]["roleTemplateId"] = nil })
		gap := collect(t, o).Accounts[1].Memberships.Gap
		if gap.Reason != posture.NoPermission || gap.Missing != "RoleManagement.Read.Directory" {
			t.Errorf("memberships: %+v", gap)
		}
	})
	t.Run("administrators in a group that nobody may look into", func(t *testing.T) {
		s.Break(standin.Denied("/groups/" + standin.OtherGroup + "/transitiveMembers"))
		gap := collect(t, o).Administrators.Gap
		if gap.Reason != posture.NoPermission || gap.Missing != "GroupMember.Read.All" {
			t.Errorf("administrators: %+v", gap)
		}
	})
}
