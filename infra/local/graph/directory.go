package graph

import (
	"net/http"
	"slices"
	"strings"
)

// defaultFields are what Graph gives of a user if nothing is selected.
const defaultFields = "businessPhones,displayName,givenName,id,jobTitle,mail,mobilePhone,officeLocation,preferredLanguage,surname,userPrincipalName"

func (s *Server) user(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	u := look(s, func(t *Tenant) Object { return deep(t.named(id)) })
	if u == nil {
		notFound(w, id)
		return
	}
	fields := r.URL.Query().Get("$select")
	if fields == "" {
		fields = defaultFields
	}
	answer(w, http.StatusOK, picked(u, fields))
}

// named finds a user by id or user principal name.
func (t *Tenant) named(id string) Object {
	i := slices.IndexFunc(t.Users, func(o Object) bool {
		return strings.EqualFold(text(o["id"]), id) || strings.EqualFold(text(o["userPrincipalName"]), id)
	})
	if i < 0 {
		return nil
	}
	return t.Users[i]
}

func (s *Server) deletedItem(w http.ResponseWriter, r *http.Request) {
	o := look(s, func(t *Tenant) Object { return deep(find(t.DeletedUsers, r.PathValue("id"))) })
	if o == nil {
		notFound(w, r.PathValue("id"))
		return
	}
	answer(w, http.StatusOK, with(picked(o, "id,displayName,deletedDateTime,userPrincipalName"), "@odata.type", "#microsoft.graph.user"))
}

func (s *Server) memberOf(transitive bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if look(s, func(t *Tenant) Object { return t.named(id) }) == nil {
			notFound(w, id)
			return
		}
		s.list(w, r, look(s, func(t *Tenant) []Object { return t.parents(id, transitive) }))
	}
}

// parents are the groups and roles that hold an object.
func (t *Tenant) parents(id string, transitive bool) []Object {
	var found []Object
	seen := map[string]bool{}
	queue := []string{id}
	for len(queue) > 0 {
		child := queue[0]
		queue = queue[1:]
		for kind, list := range map[string][]Object{"group": t.Groups, "directoryRole": t.DirectoryRoles} {
			for _, parent := range list {
				if !slices.Contains(items(parent["members"]), any(child)) || seen[text(parent["id"])] {
					continue
				}
				seen[text(parent["id"])] = true
				found = append(found, with(without(parent, "members", "owners"), "@odata.type", "#microsoft.graph."+kind))
				if transitive {
					queue = append(queue, text(parent["id"]))
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(text(a["id"]), text(b["id"])) })
	return found
}

func without(o Object, names ...string) Object {
	out := deep(o)
	for _, name := range names {
		delete(out, name)
	}
	return out
}

func (s *Server) group(w http.ResponseWriter, r *http.Request) {
	g := look(s, func(t *Tenant) Object { return find(t.Groups, r.PathValue("id")) })
	if g == nil {
		notFound(w, r.PathValue("id"))
		return
	}
	answer(w, http.StatusOK, look(s, func(*Tenant) Object { return picked(without(g, "members", "owners"), r.URL.Query().Get("$select")) }))
}

func (s *Server) groupPeople(which string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if look(s, func(t *Tenant) Object { return find(t.Groups, id) }) == nil {
			notFound(w, id)
			return
		}
		s.list(w, r, look(s, func(t *Tenant) []Object { return t.children(id, which) }))
	}
}

// children are the members of a group, those of groups in it too, or its owners.
func (t *Tenant) children(group, which string) []Object {
	var found []Object
	seen := map[string]bool{group: true}
	queue := []string{group}
	for len(queue) > 0 {
		parent := find(t.Groups, queue[0])
		queue = queue[1:]
		for _, item := range items(parent[which]) {
			id := text(item)
			if seen[id] {
				continue
			}
			seen[id] = true
			if o := t.anything(id); o != nil {
				found = append(found, o)
			}
			if which == "members" && find(t.Groups, id) != nil {
				queue = append(queue, id)
			}
		}
	}
	return found
}

// anything is a user or group with its type.
func (t *Tenant) anything(id string) Object {
	if u := find(t.Users, id); u != nil {
		return with(deep(u), "@odata.type", "#microsoft.graph.user")
	}
	if g := find(t.Groups, id); g != nil {
		return with(without(g, "members", "owners"), "@odata.type", "#microsoft.graph.group")
	}
	return nil
}

func (s *Server) methods(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if look(s, func(t *Tenant) Object { return find(t.Users, id) }) == nil {
		notFound(w, id)
		return
	}
	s.list(w, r, look(s, func(t *Tenant) []Object { return copies(t.Methods[strings.ToLower(id)]) }))
}

func (s *Server) requirements(w http.ResponseWriter, r *http.Request) {
	state := look(s, func(t *Tenant) string { return t.PerUserMFA[strings.ToLower(r.PathValue("id"))] })
	if state == "" {
		notFound(w, r.PathValue("id"))
		return
	}
	answer(w, http.StatusOK, Object{"@odata.context": "https://graph.microsoft.com/beta/$metadata#strongAuthenticationRequirements", "perUserMfaState": state})
}
