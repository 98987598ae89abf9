// Package graph plays Microsoft Graph on the local machine, with a sample tenant whose answers were written by hand.
//
// It shares no code with shared/conditional: what Microsoft's What If would say is data here, so
// that it can contradict the program's own evaluator.
package graph

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Who and what is in the sample tenant. Everything else is in tenant.json.
const (
	Alpha          = "a1fa0000-1111-4aaa-8bbb-000000000001" // break-glass account
	Bravo          = "b2a70000-2222-4aaa-8bbb-000000000002" // break-glass account
	AlphaName      = "bg-alpha@harbourlight.onmicrosoft.com"
	BravoName      = "bg-bravo@harbourlight.onmicrosoft.com"
	Ines           = "c3000000-3333-4aaa-8bbb-000000000003" // administrator, active for a time
	Pavel          = "c3000000-3333-4aaa-8bbb-000000000004" // administrator, eligible
	Marta          = "c3000000-3333-4aaa-8bbb-000000000005" // no administrator
	ExclusionGroup = "e5000000-5555-4aaa-8bbb-000000000001" // holds the break-glass accounts
	OtherGroup     = "e5000000-5555-4aaa-8bbb-000000000002" // holds the two administrators
	Multifactor    = "ca000000-0000-4aaa-8bbb-000000000001" // policy: everybody, all applications
	ManagedDevice  = "ca000000-0000-4aaa-8bbb-000000000003" // policy: administrators need a managed device
	OtherCountries = "ca000000-0000-4aaa-8bbb-000000000005" // policy: blocks other countries

	GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10" // template id of the role
)

// Object is a Graph object as it stands in JSON. Numbers are json.Number.
type Object map[string]any

// Tenant is what Graph knows. Objects are in the words of Graph v1.0; besides, groups and directory
// roles have "members" (ids of users and groups) and groups "owners".
type Tenant struct {
	Users          []Object `json:"users"`
	DeletedUsers   []Object `json:"deletedUsers"` // with id and deletedDateTime
	Groups         []Object `json:"groups"`
	DirectoryRoles []Object `json:"directoryRoles"`

	RoleDefinitions []Object `json:"roleDefinitions"`
	ActiveRoles     []Object `json:"activeRoles"`   // roleAssignmentScheduleInstances
	EligibleRoles   []Object `json:"eligibleRoles"` // roleEligibilityScheduleInstances

	Methods    map[string][]Object `json:"methods"`    // by user id
	PerUserMFA map[string]string   `json:"perUserMfa"` // by user id

	Policies         []Object `json:"policies"`
	Strengths        []Object `json:"strengths"`
	NamedLocations   []Object `json:"namedLocations"`
	MethodPolicy     Object   `json:"methodPolicy"`
	SecurityDefaults Object   `json:"securityDefaults"`

	SubscribedSKUs  []Object `json:"subscribedSkus"`
	Domains         []Object `json:"domains"`
	DirectoryAudits []Object `json:"directoryAudits"`

	// WhatIf says, by hand, which policy applies to whom. In the sound tenant none applies to the
	// break-glass accounts. Nothing derives it from the policies: who changes one, changes the other.
	WhatIf []Applies `json:"whatIf"`
}

// Applies is one line of What If: this policy applies to this user. An empty field is any.
type Applies struct {
	User        string `json:"user"`
	Policy      string `json:"policy"`
	Application string `json:"application,omitempty"`
	Client      string `json:"client,omitempty"`   // clientAppType
	Platform    string `json:"platform,omitempty"` // devicePlatform
	Reasons     string `json:"reasons,omitempty"`  // analysisReasons; notSet if empty
}

//go:embed tenant.json
var sound []byte

// Sound is a new copy of the sample tenant, in which nothing is wrong.
func Sound() *Tenant {
	t, err := read(sound)
	if err != nil {
		panic("tenant.json cannot be read: " + err.Error())
	}
	return t
}

func read(raw []byte) (*Tenant, error) {
	var t Tenant
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return nil, fmt.Errorf("read a tenant: %w", err)
	}
	return &t, nil
}

// Rename puts a new id or name in the place of an old one, wherever it stands, so that the tenant
// fits one whose logs are invented elsewhere.
func (t *Tenant) Rename(old, updated string) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("write a tenant: %w", err)
	}
	renamed, err := read([]byte(strings.ReplaceAll(string(raw), old, updated)))
	if err != nil {
		return err
	}
	*t = *renamed
	return nil
}

// User is the user with the id, for changing; nil if there is none.
func (t *Tenant) User(id string) Object { return find(t.Users, id) }

// Group is the group with the id, for changing; nil if there is none.
func (t *Tenant) Group(id string) Object { return find(t.Groups, id) }

// Policy is the Conditional Access policy with the id, for changing; nil if there is none.
func (t *Tenant) Policy(id string) Object { return find(t.Policies, id) }

// Delete moves a user to the deleted ones. When is RFC 3339.
func (t *Tenant) Delete(user, when string) {
	if u := t.User(user); u != nil {
		t.Users = slices.DeleteFunc(t.Users, func(o Object) bool { return o["id"] == user })
		u["deletedDateTime"] = when
		t.DeletedUsers = append(t.DeletedUsers, u)
	}
}

// Exclude adds a user or group to those that a policy spares, in the list excludeUsers or
// excludeGroups. Include takes it out, and out of nothing else.
func (t *Tenant) Exclude(policy, list, id string) {
	if users := t.usersOf(policy); users != nil {
		users[list] = append(items(users[list]), id)
	}
}

// Include takes a user or group out of those that a policy spares.
func (t *Tenant) Include(policy, list, id string) {
	if users := t.usersOf(policy); users != nil {
		users[list] = slices.DeleteFunc(items(users[list]), func(v any) bool { return v == id })
	}
}

func (t *Tenant) usersOf(policy string) map[string]any {
	conditions, _ := t.Policy(policy)["conditions"].(map[string]any)
	users, _ := conditions["users"].(map[string]any)
	return users
}

// Join adds members to a group or directory role, by its id.
func (t *Tenant) Join(group string, members ...string) {
	for _, o := range slices.Concat(t.Groups, t.DirectoryRoles) {
		if o["id"] == group {
			list := items(o["members"])
			for _, m := range members {
				list = append(list, m)
			}
			o["members"] = list
		}
	}
}

// Leave takes a member out of a group or directory role.
func (t *Tenant) Leave(group, member string) {
	for _, o := range slices.Concat(t.Groups, t.DirectoryRoles) {
		if o["id"] == group {
			o["members"] = slices.DeleteFunc(items(o["members"]), func(v any) bool { return v == member })
		}
	}
}

func find(objects []Object, id string) Object {
	i := slices.IndexFunc(objects, func(o Object) bool { return strings.EqualFold(text(o["id"]), id) })
	if i < 0 {
		return nil
	}
	return objects[i]
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func items(v any) []any {
	list, _ := v.([]any)
	return list
}
