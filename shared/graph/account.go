package graph

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"glasswatch/shared/conditional"
	"glasswatch/shared/posture"
)

// userFields are what the checks ask about. Without $select Graph leaves most of them out.
var userFields = []string{
	"id", "userPrincipalName", "displayName", "accountEnabled", "userType", "createdDateTime", "onPremisesSyncEnabled",
	"onPremisesImmutableId", "onPremisesDomainName", "onPremisesLastSyncDateTime", "passwordPolicies", "lastPasswordChangeDateTime",
	"proxyAddresses", "identities", "externalUserState",
}

type wireUser struct {
	ID                    string     `json:"id"`
	UserPrincipalName     string     `json:"userPrincipalName"`
	DisplayName           string     `json:"displayName"`
	AccountEnabled        *bool      `json:"accountEnabled"`
	UserType              string     `json:"userType"`
	CreatedDateTime       *time.Time `json:"createdDateTime"`
	OnPremisesSync        bool       `json:"onPremisesSyncEnabled"`
	OnPremisesImmutableID string     `json:"onPremisesImmutableId"`
	OnPremisesDomain      string     `json:"onPremisesDomainName"`
	OnPremisesLastSync    *time.Time `json:"onPremisesLastSyncDateTime"`
	PasswordPolicies      string     `json:"passwordPolicies"`
	LastPasswordChange    *time.Time `json:"lastPasswordChangeDateTime"`
	ProxyAddresses        []string   `json:"proxyAddresses"`
	ExternalUserState     string     `json:"externalUserState"`
	Identities            []struct {
		SignInType       string `json:"signInType"`
		Issuer           string `json:"issuer"`
		IssuerAssignedID string `json:"issuerAssignedId"`
	} `json:"identities"`
}

func (c *Collector) userBuilder(id string) *users.UserItemRequestBuilder {
	return users.NewUsersRequestBuilderInternal(map[string]string{}, c.adapter).ByUserId(id)
}

func (c *Collector) getUser(id string, fields []string) request {
	return func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.userBuilder(id).ToGetRequestInformation(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: fields},
		})
	}
}

func (c *Collector) user(ctx context.Context, id, name string) (posture.User, error) {
	holder, err := c.nameHolder(ctx, name)
	if err != nil {
		return posture.User{}, err
	}
	u, err := one[wireUser](ctx, c, c.getUser(id, userFields))
	if absent(err) {
		return c.deletedUser(ctx, id, holder)
	}
	switch {
	case err != nil:
		return posture.User{}, err
	case !strings.EqualFold(u.ID, id):
		return posture.User{}, errors.New("the answer is about another object than the one asked for")
	case u.AccountEnabled == nil:
		return posture.User{}, errors.New("the answer leaves out whether the account is enabled")
	case u.UserPrincipalName == "":
		return posture.User{}, errors.New("the answer leaves out the user principal name")
	}
	user := posture.User{
		Found: true, UserPrincipalName: u.UserPrincipalName, DisplayName: u.DisplayName, UserType: u.UserType, Enabled: *u.AccountEnabled,
		CreatedAt: at(u.CreatedDateTime), LastPasswordChange: at(u.LastPasswordChange), OnPremisesSync: u.OnPremisesSync,
		OnPremisesImmutableID: u.OnPremisesImmutableID, OnPremisesDomain: u.OnPremisesDomain, OnPremisesLastSync: u.OnPremisesLastSync,
		ExternalState: u.ExternalUserState, Aliases: u.ProxyAddresses, NameHolder: holder,
	}
	for policy := range strings.SplitSeq(u.PasswordPolicies, ",") {
		if policy = strings.TrimSpace(policy); policy != "" && policy != "None" {
			user.PasswordPolicies = append(user.PasswordPolicies, policy)
		}
	}
	for _, i := range u.Identities {
		user.Identities = append(user.Identities, posture.Identity{SignInType: i.SignInType, Issuer: i.Issuer, IssuedID: i.IssuerAssignedID})
	}
	return user, nil
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// nameHolder is the object that a user principal name leads to; empty if it leads to none.
func (c *Collector) nameHolder(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	u, err := one[wireUser](ctx, c, c.getUser(name, []string{"id"}))
	switch {
	case absent(err):
		return "", nil
	case err != nil:
		return "", err
	case u.ID == "":
		return "", errors.New("the answer holds no object id")
	}
	return strings.ToLower(u.ID), nil
}

// deletedUser looks for an account, that is not among the living, among the deleted. That it is not
// among the living is an answer, whatever becomes of this.
func (c *Collector) deletedUser(ctx context.Context, id, holder string) (posture.User, error) {
	gone := posture.User{NameHolder: holder}
	deleted, err := one[struct {
		ID              string     `json:"id"`
		DeletedDateTime *time.Time `json:"deletedDateTime"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return directory.NewDirectoryRequestBuilderInternal(map[string]string{}, c.adapter).DeletedItems().ByDirectoryObjectId(id).ToGetRequestInformation(ctx, nil)
	})
	if err == nil && strings.EqualFold(deleted.ID, id) {
		gone.DeletedAt = deleted.DeletedDateTime
	}
	return gone, nil
}

// object is a directory object in a list.
type object struct {
	Type              string `json:"@odata.type"`
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
	RoleTemplateID    string `json:"roleTemplateId"`
}

func (o object) kind() string { return strings.TrimPrefix(o.Type, "#microsoft.graph.") }

// objects reads a list of directory objects; one without an id is an error.
func (c *Collector) objects(ctx context.Context, ask request) ([]object, error) {
	found, err := list[object](ctx, c, ask)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].ID == "" {
			return nil, errors.New("the list holds an object without an id")
		}
		found[i].ID = strings.ToLower(found[i].ID)
	}
	return found, nil
}

// memberships reads without a cast in the address ("/microsoft.graph.group"): a cast takes
// ConsistencyLevel eventual, and with it an index that may lag behind the directory.
func (c *Collector) memberships(ctx context.Context, id string) (posture.Memberships, error) {
	through, err := c.objects(ctx, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.userBuilder(id).TransitiveMemberOf().ToGetRequestInformation(ctx, &users.ItemTransitiveMemberOfRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.ItemTransitiveMemberOfRequestBuilderGetQueryParameters{Top: new(most)},
		})
	})
	if err != nil {
		return posture.Memberships{}, err
	}
	direct, err := c.objects(ctx, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.userBuilder(id).MemberOf().ToGetRequestInformation(ctx, &users.ItemMemberOfRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.ItemMemberOfRequestBuilderGetQueryParameters{Select: []string{"id"}, Top: new(most)},
		})
	})
	if err != nil {
		return posture.Memberships{}, err
	}
	m := posture.Memberships{Groups: []posture.Membership{}, Roles: []string{}}
	for _, o := range through {
		switch o.kind() {
		case "group":
			nested := !slices.ContainsFunc(direct, func(d object) bool { return d.ID == o.ID })
			m.Groups = append(m.Groups, posture.Membership{ID: o.ID, Name: o.DisplayName, Nested: nested})
		case "directoryRole":
			// Graph shows roles, but nothing of them, to who may not read roles.
			if o.RoleTemplateID == "" {
				return m, needs("RoleManagement.Read.Directory", &refusal{status: 403, message: "a role in the answer has no template id"})
			}
			m.Roles = append(m.Roles, strings.ToLower(o.RoleTemplateID))
		}
	}
	return m, nil
}

// most is the largest page that the directory gives.
const most int32 = 999

func (c *Collector) methods(ctx context.Context, id string) ([]posture.Method, error) {
	wire, err := list[struct {
		Type            string     `json:"@odata.type"`
		ID              string     `json:"id"`
		DisplayName     string     `json:"displayName"`
		CreatedDateTime *time.Time `json:"createdDateTime"`
		AAGUID          string     `json:"aaGuid"`
		Model           string     `json:"model"`
		Attestation     string     `json:"attestationLevel"`
		PasskeyType     string     `json:"passkeyType"`
		Usable          bool       `json:"isUsable"`
	}](ctx, c, func(ctx context.Context) (*abstractions.RequestInformation, error) {
		return c.userBuilder(id).Authentication().Methods().ToGetRequestInformation(ctx, nil)
	})
	if err != nil {
		return nil, err
	}
	found := []posture.Method{}
	for _, w := range wire {
		m := posture.Method{
			ID: w.ID, Kind: posture.MethodKind(w.Type), Name: w.DisplayName, Model: w.Model, AAGUID: strings.ToLower(w.AAGUID),
			CreatedAt: at(w.CreatedDateTime), Attestation: w.Attestation, PasskeyType: w.PasskeyType, Usable: w.Usable,
		}
		switch {
		case m.ID == "":
			return nil, errors.New("the list holds a method without an id")
		case m.Kind == conditional.Password:
			continue
		case m.Kind == conditional.UnknownMethod:
			m.UnknownODType = w.Type
		}
		found = append(found, m)
	}
	return found, nil
}

// perUserMFA is in beta only, for which there is another SDK; its adapter serves here, too.
func (c *Collector) perUserMFA(ctx context.Context, id string) (posture.PerUserMFA, error) {
	wire, err := one[struct {
		State string `json:"perUserMfaState"`
	}](ctx, c, to(c.origin+"/beta/users/"+url.PathEscape(id)+"/authentication/requirements"))
	if err == nil && wire.State == "" {
		err = errors.New("the answer leaves out the state")
	}
	return posture.PerUserMFA{State: wire.State}, err
}
