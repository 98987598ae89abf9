package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"
	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/subscribedskus"

	"glasswatch/shared/posture"
)

// The service plans by which a tenant has a licence (Microsoft Learn, "Product names and service
// plan identifiers for licensing").
const (
	planP1         = "AAD_PREMIUM"
	planP2         = "AAD_PREMIUM_P2"
	planGovernance = "Entra_Identity_Governance"
)

func (c *Collector) licences(ctx context.Context) (posture.Licences, error) {
	skus, err := list[struct {
		Capability string `json:"capabilityStatus"`
		Plans      *[]struct {
			Name   string `json:"servicePlanName"`
			Status string `json:"provisioningStatus"`
		} `json:"servicePlans"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return subscribedskus.NewSubscribedSkusRequestBuilderInternal(map[string]string{}, c.adapter).ToGetRequestInformation(ctx, nil)
	})
	if err != nil {
		return posture.Licences{}, err
	}
	has := map[string]bool{}
	for _, sku := range skus {
		if sku.Plans == nil {
			return posture.Licences{}, errors.New("the list holds a subscription without plans")
		}
		for _, plan := range *sku.Plans {
			if plan.Status == "Success" && (sku.Capability == "Enabled" || sku.Capability == "Warning") {
				has[plan.Name] = true
			}
		}
	}
	return posture.Licences{P1: has[planP1] || has[planP2], P2: has[planP2], Governance: has[planGovernance]}, nil
}

// forEver is Graph's number of days after which a password that does not end would end.
const forEver = 2147483647

func (c *Collector) domains(ctx context.Context) ([]posture.Domain, error) {
	wire, err := list[struct {
		ID             string `json:"id"`
		Authentication string `json:"authenticationType"`
		Initial        bool   `json:"isInitial"`
		PasswordDays   int    `json:"passwordValidityPeriodInDays"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return domains.NewDomainsRequestBuilderInternal(map[string]string{}, c.adapter).ToGetRequestInformation(ctx, nil)
	})
	if err != nil {
		return nil, err
	}
	found := []posture.Domain{}
	for _, w := range wire {
		if w.ID == "" || w.Authentication == "" {
			return nil, errors.New("the list holds a domain without a name or a way to sign in")
		}
		d := posture.Domain{Name: strings.ToLower(w.ID), Initial: w.Initial, Federated: w.Authentication == "Federated"}
		if d.PasswordsNeverEnd = w.PasswordDays == forEver; !d.PasswordsNeverEnd {
			d.PasswordEndsInDays = w.PasswordDays
		}
		found = append(found, d)
	}
	return found, nil
}

// recentChanges are the changes of Conditional Access in the 24 hours before now that went well.
func (c *Collector) recentChanges(ctx context.Context, now time.Time) ([]posture.RecentChange, error) {
	filter := "activityDateTime ge " + now.Add(-24*time.Hour).Format(time.RFC3339) + " and loggedByService eq 'Conditional Access'"
	wire, err := list[struct {
		At       *time.Time `json:"activityDateTime"`
		Activity string     `json:"activityDisplayName"`
		Result   string     `json:"result"`
		By       struct {
			User struct {
				ID                string `json:"id"`
				DisplayName       string `json:"displayName"`
				UserPrincipalName string `json:"userPrincipalName"`
			} `json:"user"`
			App struct {
				DisplayName string `json:"displayName"`
			} `json:"app"`
		} `json:"initiatedBy"`
		Targets []object `json:"targetResources"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return auditlogs.NewAuditLogsRequestBuilderInternal(map[string]string{}, c.adapter).DirectoryAudits().ToGetRequestInformation(ctx, &auditlogs.DirectoryAuditsRequestBuilderGetRequestConfiguration{
			QueryParameters: &auditlogs.DirectoryAuditsRequestBuilderGetQueryParameters{Filter: &filter},
		})
	})
	if err != nil {
		return nil, err
	}
	found := []posture.RecentChange{}
	for _, w := range wire {
		if w.At == nil || w.Activity == "" {
			return nil, errors.New("the list holds a change without a time or a name")
		}
		if w.Result == "failure" {
			continue
		}
		who := cmp.Or(w.By.User.UserPrincipalName, w.By.User.DisplayName, w.By.User.ID, w.By.App.DisplayName)
		for _, target := range w.Targets {
			found = append(found, posture.RecentChange{At: w.At.UTC(), Object: strings.ToLower(target.ID), Name: target.DisplayName, Actor: who, What: w.Activity})
		}
	}
	return found, nil
}

func (c *Collector) groupBuilder(id string) *groups.GroupItemRequestBuilder {
	return groups.NewGroupsRequestBuilderInternal(map[string]string{}, c.adapter).ByGroupId(id)
}

// groupsOf reads the groups with their members and owners.
func (c *Collector) groupsOf(ctx context.Context, ids []string) ([]posture.Group, error) {
	found := []posture.Group{}
	for _, id := range ids {
		g, err := c.group(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", id, err)
		}
		found = append(found, g)
	}
	return found, nil
}

func (c *Collector) group(ctx context.Context, id string) (posture.Group, error) {
	wire, err := one[struct {
		ID             string   `json:"id"`
		DisplayName    string   `json:"displayName"`
		Assignable     bool     `json:"isAssignableToRole"`
		Restricted     bool     `json:"isManagementRestricted"`
		MembershipRule string   `json:"membershipRule"`
		Types          []string `json:"groupTypes"`
		Synced         bool     `json:"onPremisesSyncEnabled"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.groupBuilder(id).ToGetRequestInformation(ctx, &groups.GroupItemRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Select: []string{
				"id", "displayName", "isAssignableToRole", "isManagementRestricted", "membershipRule", "groupTypes", "onPremisesSyncEnabled",
			}},
		})
	})
	switch {
	case absent(err):
		return posture.Group{ID: id, Members: []posture.Member{}}, nil
	case err != nil:
		return posture.Group{}, err
	case !strings.EqualFold(wire.ID, id):
		return posture.Group{}, errors.New("the answer is about another object than the one asked for")
	}
	members, err := c.groupMembers(ctx, id)
	if err != nil {
		return posture.Group{}, err
	}
	owners, err := c.objects(ctx, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.groupBuilder(id).Owners().ToGetRequestInformation(ctx, &groups.ItemOwnersRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.ItemOwnersRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "userPrincipalName"}},
		})
	})
	if err != nil {
		return posture.Group{}, err
	}
	return posture.Group{
		ID: id, Name: wire.DisplayName, Found: true, Assignable: wire.Assignable, Restricted: wire.Restricted, Synced: wire.Synced,
		Dynamic: wire.MembershipRule != "" || slices.Contains(wire.Types, "DynamicMembership"), Members: people(members), Owners: people(owners),
	}, nil
}

func (c *Collector) groupMembers(ctx context.Context, id string) ([]object, error) {
	return c.objects(ctx, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.groupBuilder(id).TransitiveMembers().ToGetRequestInformation(ctx, &groups.ItemTransitiveMembersRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.ItemTransitiveMembersRequestBuilderGetQueryParameters{
				Select: []string{"id", "displayName", "userPrincipalName"}, Top: new(most),
			},
		})
	})
}

func people(found []object) []posture.Member {
	members := []posture.Member{}
	for _, o := range found {
		members = append(members, posture.Member{ID: o.ID, Name: cmp.Or(o.UserPrincipalName, o.DisplayName), Kind: o.kind()})
	}
	return members
}
