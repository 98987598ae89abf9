package graph

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/rolemanagement"

	"glasswatch/shared/posture"
)

type wireRole struct {
	PrincipalID      string     `json:"principalId"`
	RoleDefinitionID string     `json:"roleDefinitionId"`
	DirectoryScopeID string     `json:"directoryScopeId"`
	AppScopeID       string     `json:"appScopeId"`
	AssignmentType   string     `json:"assignmentType"` // Assigned or Activated
	MemberType       string     `json:"memberType"`     // Direct, Group or Inherited
	EndDateTime      *time.Time `json:"endDateTime"`
	RoleDefinition   struct {
		TemplateID  string `json:"templateId"`
		DisplayName string `json:"displayName"`
	} `json:"roleDefinition"`
	Principal object `json:"principal"`
}

func (c *Collector) roleBuilder() *rolemanagement.DirectoryRequestBuilder {
	return rolemanagement.NewRoleManagementRequestBuilderInternal(map[string]string{}, c.adapter).Directory()
}

// instances are the assignments in force, as Privileged Identity Management tells them.
func (c *Collector) instances(filter, expand string) request {
	return func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.roleBuilder().RoleAssignmentScheduleInstances().ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleAssignmentScheduleInstancesRequestBuilderGetRequestConfiguration{
			QueryParameters: &rolemanagement.DirectoryRoleAssignmentScheduleInstancesRequestBuilderGetQueryParameters{Filter: &filter, Expand: []string{expand}},
		})
	}
}

// assignments are the same for tenants without Entra ID P2.
func (c *Collector) assignments(filter, expand string) request {
	return func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.roleBuilder().RoleAssignments().ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetRequestConfiguration{
			QueryParameters: &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetQueryParameters{Filter: &filter, Expand: []string{expand}},
		})
	}
}

// inForce reads the assignments in force. Without Entra ID P2 nothing can be time-bound, and the
// plain list says it all; if the tenant has P2 and Graph denies it, the plain list would leave the
// ends out, so that this is a fault.
func (c *Collector) inForce(ctx context.Context, filter, expand string, licences posture.Section[posture.Licences]) ([]wireRole, error) {
	found, err := list[wireRole](ctx, c, c.instances(filter, expand))
	if !unlicensed(err) {
		return found, err
	}
	if licences.Read && licences.Value.P2 {
		return nil, contradiction(err)
	}
	return list[wireRole](ctx, c, c.assignments(filter, expand))
}

// contradiction drops the error's type, by which it would be told as a licence that is missing.
func contradiction(err error) error {
	return errors.New("the tenant has Entra ID P2, and yet " + err.Error())
}

func (c *Collector) roles(ctx context.Context, id string, licences posture.Section[posture.Licences]) ([]posture.RoleHeld, error) {
	wire, err := c.inForce(ctx, principalIs(id), "roleDefinition", licences)
	if err != nil {
		return nil, err
	}
	return held(wire)
}

func (c *Collector) eligible(ctx context.Context, id string, licences posture.Section[posture.Licences]) ([]posture.RoleHeld, error) {
	wire, err := list[wireRole](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.roleBuilder().RoleEligibilityScheduleInstances().ToGetRequestInformation(ctx, &rolemanagement.DirectoryRoleEligibilityScheduleInstancesRequestBuilderGetRequestConfiguration{
			QueryParameters: &rolemanagement.DirectoryRoleEligibilityScheduleInstancesRequestBuilderGetQueryParameters{
				Filter: new(principalIs(id)), Expand: []string{"roleDefinition"},
			},
		})
	})
	switch {
	case unlicensed(err) && licences.Read && !licences.Value.P2:
		return []posture.RoleHeld{}, nil // without P2 nobody can be eligible
	case unlicensed(err) && licences.Read:
		return nil, contradiction(err)
	case err != nil:
		return nil, err
	}
	return held(wire)
}

func principalIs(id string) string {
	return "principalId eq '" + strings.ReplaceAll(id, "'", "''") + "'"
}

func held(wire []wireRole) ([]posture.RoleHeld, error) {
	roles := []posture.RoleHeld{}
	for _, w := range wire {
		role := cmp.Or(w.RoleDefinition.TemplateID, w.RoleDefinitionID)
		if role == "" {
			return nil, errors.New("the list holds an assignment without a role")
		}
		roles = append(roles, posture.RoleHeld{
			Role: strings.ToLower(role), Name: w.RoleDefinition.DisplayName, Activated: w.AssignmentType == "Activated",
			EndsAt: w.EndDateTime, ViaGroup: w.MemberType == "Group", Scope: cmp.Or(w.DirectoryScopeID, w.AppScopeID),
		})
	}
	return roles, nil
}

// administrators lists who is Global Administrator now. Groups among them are replaced by their members.
func (c *Collector) administrators(ctx context.Context, licences posture.Section[posture.Licences]) ([]posture.Administrator, error) {
	wire, err := c.inForce(ctx, "roleDefinitionId eq '"+posture.GlobalAdministrator+"'", "principal", licences)
	if err != nil {
		return nil, err
	}
	found := []posture.Administrator{}
	add := func(o object, activated bool) {
		i := slices.IndexFunc(found, func(a posture.Administrator) bool { return a.ID == strings.ToLower(o.ID) })
		if i >= 0 { // one who holds the role for good, too, does not have it for a time only
			found[i].Activated = found[i].Activated && activated
			return
		}
		found = append(found, posture.Administrator{
			ID: strings.ToLower(o.ID), Name: cmp.Or(o.UserPrincipalName, o.DisplayName), Kind: o.kind(), Activated: activated,
		})
	}
	for _, w := range wire {
		who, activated := w.Principal, w.AssignmentType == "Activated"
		switch {
		case w.PrincipalID == "":
			return nil, errors.New("the list holds an assignment that is nobody's")
		case who.ID == "": // deleted, and shown no more
			add(object{ID: w.PrincipalID, Type: "unknown"}, activated)
		case who.kind() != "group":
			add(who, activated)
		default:
			members, err := c.groupMembers(ctx, who.ID)
			if err != nil {
				return nil, needs("GroupMember.Read.All", err)
			}
			for _, member := range members {
				if member.kind() != "group" {
					add(member, activated)
				}
			}
		}
	}
	return found, nil
}
