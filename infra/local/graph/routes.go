package graph

import (
	"maps"
	"net/http"
	"strings"
)

// routes lists the paths that are served, each with the permission that it needs. Whatever is not a
// GET, or the question to What If, is refused: nobody needs to write.
func (s *Server) routes() {
	for _, route := range []struct {
		path, permission string
		serve            http.HandlerFunc
	}{
		{"GET /v1.0/users/{id}", "User.Read.All", s.user},
		{"GET /v1.0/users/{id}/transitiveMemberOf", "User.Read.All", s.memberOf(true)},
		{"GET /v1.0/users/{id}/memberOf", "User.Read.All", s.memberOf(false)},
		{"GET /v1.0/users/{id}/authentication/methods", "UserAuthenticationMethod.Read.All", s.methods},
		{"GET /beta/users/{id}/authentication/requirements", "Policy.Read.All", s.requirements},
		{"GET /v1.0/directory/deletedItems/{id}", "User.Read.All", s.deletedItem},
		{"GET /v1.0/groups/{id}", "GroupMember.Read.All", s.group},
		{"GET /v1.0/groups/{id}/transitiveMembers", "GroupMember.Read.All", s.groupPeople("members")},
		{"GET /v1.0/groups/{id}/owners", "GroupMember.Read.All", s.groupPeople("owners")},
		{"GET /v1.0/roleManagement/directory/roleAssignmentScheduleInstances", "RoleManagement.Read.Directory", s.roles(func(t *Tenant) []Object { return t.ActiveRoles }, true)},
		{"GET /v1.0/roleManagement/directory/roleEligibilityScheduleInstances", "RoleManagement.Read.Directory", s.roles(func(t *Tenant) []Object { return t.EligibleRoles }, true)},
		{"GET /v1.0/roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory", s.roles(plainAssignments, false)},
		{"GET /v1.0/identity/conditionalAccess/policies", "Policy.Read.All", s.all(func(t *Tenant) []Object { return t.Policies })},
		{"GET /v1.0/identity/conditionalAccess/namedLocations", "Policy.Read.All", s.all(func(t *Tenant) []Object { return t.NamedLocations })},
		{"POST /v1.0/identity/conditionalAccess/evaluate", "Policy.Read.All", s.evaluate},
		{"GET /v1.0/policies/authenticationStrengthPolicies", "Policy.Read.All", s.all(func(t *Tenant) []Object { return t.Strengths })},
		{"GET /v1.0/policies/authenticationMethodsPolicy", "Policy.Read.All", s.single(func(t *Tenant) Object { return t.MethodPolicy })},
		{"GET /v1.0/policies/identitySecurityDefaultsEnforcementPolicy", "Policy.Read.All", s.single(func(t *Tenant) Object { return t.SecurityDefaults })},
		{"GET /v1.0/subscribedSkus", "LicenseAssignment.Read.All", s.all(func(t *Tenant) []Object { return t.SubscribedSKUs })},
		{"GET /v1.0/domains", "Domain.Read.All", s.all(func(t *Tenant) []Object { return t.Domains })},
		{"GET /v1.0/auditLogs/directoryAudits", "AuditLog.Read.All", s.audits},
	} {
		s.mux.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
			if !s.denies(w, route.permission) && !s.next(w, r) {
				route.serve(w, r)
			}
		})
	}
}

// look runs a question over a copy of the tenant, so that no answer is written while it is held.
func look[T any](s *Server, question func(*Tenant) T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return question(s.tenant)
}

func (s *Server) all(from func(*Tenant) []Object) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.list(w, r, look(s, func(t *Tenant) []Object { return copies(from(t)) }))
	}
}

func (s *Server) single(from func(*Tenant) Object) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, look(s, func(t *Tenant) Object { return deep(from(t)) }))
	}
}

// deep copies an object, so that it can be written while the tenant is changed.
func deep(o Object) Object {
	if o == nil {
		return nil
	}
	return copied(map[string]any(o))
}

func copied(m map[string]any) Object {
	out := Object{}
	for k, v := range m {
		out[k] = copyOf(v)
	}
	return out
}

func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return copied(v)
	case Object:
		return copied(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = copyOf(v[i])
		}
		return out
	default:
		return v
	}
}

func copies(objects []Object) []Object {
	out := make([]Object, 0, len(objects))
	for _, o := range objects {
		out = append(out, deep(o))
	}
	return out
}

// audits knows the one filter that matters here: the service that logged.
func (s *Server) audits(w http.ResponseWriter, r *http.Request) {
	var found []Object
	for _, a := range look(s, func(t *Tenant) []Object { return copies(t.DirectoryAudits) }) {
		filter := r.URL.Query().Get("$filter")
		_, since, _ := strings.Cut(filter, "activityDateTime ge ")
		since, _, _ = strings.Cut(since, " ")
		_, service, _ := strings.Cut(filter, "loggedByService eq '")
		service = strings.TrimSuffix(service, "'")
		if (service == "" || a["loggedByService"] == service) && (since == "" || text(a["activityDateTime"]) >= since) {
			found = append(found, a)
		}
	}
	s.list(w, r, found)
}

// with is an object with another field.
func with(o Object, name string, value any) Object {
	out := maps.Clone(o)
	out[name] = value
	return out
}
