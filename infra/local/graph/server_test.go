package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"glasswatch/infra/local/graph"
)

// ask sends one request and returns the status and the answer.
func ask(t *testing.T, s *graph.Server, method, path, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	raw, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s %s: no JSON: %s", method, path, raw)
	}
	return w.Code, answer
}

func code(answer map[string]any) string {
	inner, _ := answer["error"].(map[string]any)
	text, _ := inner["code"].(string)
	return text
}

const user = "/v1.0/users/" + graph.Alpha

func TestGraphsHabits(t *testing.T) {
	s := graph.New(graph.Sound())
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"a user":                        {"GET", user, "", 200, ""},
		"by name":                       {"GET", "/v1.0/users/" + strings.ToUpper(graph.AlphaName), "", 200, ""},
		"nobody":                        {"GET", "/v1.0/users/00000000-0000-4000-8000-00000000dead", "", 404, "Request_ResourceNotFound"},
		"methods of nobody":             {"GET", "/v1.0/users/dead/authentication/methods", "", 404, "Request_ResourceNotFound"},
		"a path that is unknown":        {"GET", "/v1.0/robots", "", 400, "BadRequest"},
		"beta in v1.0":                  {"GET", user + "/authentication/requirements", "", 400, "BadRequest"},
		"a change":                      {"PATCH", user, "{}", 400, "BadRequest"},
		"a deletion":                    {"DELETE", "/v1.0/identity/conditionalAccess/policies", "", 400, "BadRequest"},
		"roles without a filter":        {"GET", "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances", "", 400, "InvalidFilter"},
		"a page that is lost":           {"GET", "/v1.0/domains?$skiptoken=none", "", 400, "Directory_ExpiredPageToken"},
		"What If about nothing":         {"POST", "/v1.0/identity/conditionalAccess/evaluate", "{}", 400, "BadRequest"},
		"What If with an unknown field": {"POST", "/v1.0/identity/conditionalAccess/evaluate", `{"robots":1}`, 400, "BadRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := ask(t, s, test.method, test.path, test.body)
			if status != test.status || code(answer) != test.code {
				t.Errorf("HTTP %d %q, want %d %q", status, code(answer), test.status, test.code)
			}
		})
	}
}

func TestWhatIsNotSelectedIsLeftOut(t *testing.T) {
	s := graph.New(graph.Sound())
	for path, want := range map[string]bool{user: false, user + "?$select=id,accountEnabled": true, user + "?$select=id": false} {
		_, answer := ask(t, s, "GET", path, "")
		if _, there := answer["accountEnabled"]; there != want {
			t.Errorf("%s tells whether the account is enabled: %t, want %t", path, there, want)
		}
	}
}

func TestPagesHoldEverythingOnce(t *testing.T) {
	s := graph.New(graph.Sound())
	s.PageBy(5)
	var names []string
	pages := 0
	for path := "/v1.0/identity/conditionalAccess/policies"; path != ""; pages++ {
		_, answer := ask(t, s, "GET", path, "")
		for _, p := range answer["value"].([]any) {
			names = append(names, p.(map[string]any)["displayName"].(string))
		}
		path, _ = answer["@odata.nextLink"].(string)
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != 13 || pages != 3 {
		t.Errorf("%d pages with %v", pages, names)
	}
}

func TestFaultsAndRevokedPermissionsEnd(t *testing.T) {
	s := graph.New(graph.Sound())
	s.Break(graph.Throttled("/domains", "3", 2))
	s.Revoke("User.Read.All")
	var statuses []int
	for range 3 {
		status, _ := ask(t, s, "GET", "/v1.0/domains", "")
		statuses = append(statuses, status)
	}
	if !slices.Equal(statuses, []int{429, 429, 200}) {
		t.Errorf("throttled twice: %v", statuses)
	}
	if status, answer := ask(t, s, "GET", user, ""); status != http.StatusForbidden || code(answer) != "Authorization_RequestDenied" {
		t.Errorf("without the permission: HTTP %d %q", status, code(answer))
	}
	s.Mend()
	if status, _ := ask(t, s, "GET", user, ""); status != http.StatusOK {
		t.Errorf("after mending: HTTP %d", status)
	}
}

func TestTheTenantCanBeChanged(t *testing.T) {
	tenant := graph.Sound()
	excluded := func() []any {
		users := tenant.Policy(graph.Multifactor)["conditions"].(map[string]any)["users"].(map[string]any)
		return users["excludeGroups"].([]any)
	}
	tenant.Exclude(graph.Multifactor, "excludeGroups", graph.OtherGroup)
	if got := excluded(); len(got) != 2 {
		t.Errorf("after excluding: %v", got)
	}
	tenant.Include(graph.Multifactor, "excludeGroups", graph.ExclusionGroup)
	if got := excluded(); len(got) != 1 || got[0] != graph.OtherGroup {
		t.Errorf("after including: %v", got)
	}
	const updated = "0f0f0f0f-0000-4000-8000-000000000001"
	if err := tenant.Rename(graph.Alpha, updated); err != nil {
		t.Fatal(err)
	}
	if tenant.User(graph.Alpha) != nil || tenant.User(updated) == nil || tenant.Methods[updated] == nil {
		t.Error("the user did not get the new id everywhere")
	}
	if graph.Sound().User(graph.Alpha) == nil {
		t.Error("a copy of the tenant changed with another")
	}
}
