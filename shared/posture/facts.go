package posture

import (
	"slices"
	"strings"
	"time"

	"glasswatch/shared/conditional"
)

// User is the directory's own record of an account.
type User struct {
	Found bool `json:"found"` // false: no such object id among the living
	// DeletedAt is set if the account is among the deleted users, who can be restored for 30 days.
	DeletedAt             *time.Time `json:"deletedAt,omitempty"`
	UserPrincipalName     string     `json:"userPrincipalName,omitempty"`
	DisplayName           string     `json:"displayName,omitempty"`
	UserType              string     `json:"userType,omitempty"` // Member or Guest
	Enabled               bool       `json:"enabled"`
	CreatedAt             time.Time  `json:"createdAt,omitzero"`
	LastPasswordChange    time.Time  `json:"lastPasswordChange,omitzero"`
	PasswordPolicies      []string   `json:"passwordPolicies,omitempty"`
	OnPremisesSync        bool       `json:"onPremisesSync,omitempty"`
	OnPremisesImmutableID string     `json:"onPremisesImmutableId,omitempty"`
	OnPremisesDomain      string     `json:"onPremisesDomain,omitempty"`
	OnPremisesLastSync    *time.Time `json:"onPremisesLastSync,omitempty"`
	ExternalState         string     `json:"externalState,omitempty"` // of an invitation; empty for an internal account
	Identities            []Identity `json:"identities,omitempty"`
	Aliases               []string   `json:"aliases,omitempty"` // proxy addresses
	// NameHolder is the object id to which the account's configured or approved user principal name
	// leads today: another one means that the account was made anew. Empty if it was not asked.
	NameHolder string `json:"nameHolder,omitempty"`
}

// Identity is one way in which an account is named at sign-in.
type Identity struct {
	SignInType string `json:"signInType"` // userPrincipalName, emailAddress, federated, …
	Issuer     string `json:"issuer"`
	IssuedID   string `json:"issuedId"`
}

// guest is the kind of guest that policies see in the account.
func (u User) guest() conditional.GuestKind {
	external := strings.Contains(strings.ToUpper(u.UserPrincipalName), "#EXT#") || u.ExternalState != ""
	switch guest := strings.EqualFold(u.UserType, "Guest"); {
	case guest && external:
		return conditional.B2BCollaborationGuest
	case guest:
		return conditional.InternalGuest
	case external:
		return conditional.B2BCollaborationMember
	default:
		return conditional.NoGuest
	}
}

// Memberships are the groups and directory roles of an account, also through other groups.
type Memberships struct {
	Groups []Membership `json:"groups"`
	Roles  []string     `json:"roles"` // template ids of active directory roles, in lower case
}

// Membership is one group that an account is in.
type Membership struct {
	ID     string `json:"id"` // in lower case
	Name   string `json:"name,omitempty"`
	Nested bool   `json:"nested,omitempty"` // only through another group
}

// Method is one registered authentication method. The password is no method here: everybody has one.
type Method struct {
	ID            string                   `json:"id"`
	Kind          conditional.MethodKind   `json:"kind"`
	Name          string                   `json:"name,omitempty"`  // what its owner called it
	Model         string                   `json:"model,omitempty"` // of a key
	AAGUID        string                   `json:"aaguid,omitempty"`
	CreatedAt     time.Time                `json:"createdAt,omitzero"`
	Attestation   string                   `json:"attestation,omitempty"` // attested or notAttested
	PasskeyType   string                   `json:"passkeyType,omitempty"` // deviceBound or synced
	Usable        bool                     `json:"usable,omitempty"`      // of a Temporary Access Pass
	Certificate   *conditional.Certificate `json:"certificate,omitempty"`
	UnknownODType string                   `json:"unknownType,omitempty"` // Graph's type, if it is not known
}

// MethodKind maps Graph's @odata.type of an authentication method to its kind; a type that is not
// known is conditional.UnknownMethod, which checks treat as weak and never as absent.
func MethodKind(odataType string) conditional.MethodKind {
	name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(odataType, "#"), "microsoft.graph."), "AuthenticationMethod")
	kind := conditional.MethodKind(name)
	if slices.Contains(methodKinds, kind) {
		return kind
	}
	return conditional.UnknownMethod
}

var methodKinds = []conditional.MethodKind{
	conditional.Password, conditional.FIDO2, conditional.X509, conditional.WindowsHello, conditional.PlatformCredential,
	conditional.Authenticator, conditional.PasswordlessPhone, conditional.SoftwareOath, conditional.HardwareOath, conditional.Phone,
	conditional.Email, conditional.TemporaryAccessPass, conditional.QRCodePIN, conditional.External,
}

// RoleHeld is one assignment of a directory role, active or eligible.
type RoleHeld struct {
	Role      string     `json:"role"` // role template id in lower case
	Name      string     `json:"name,omitempty"`
	Activated bool       `json:"activated,omitempty"` // active for a time through Privileged Identity Management
	EndsAt    *time.Time `json:"endsAt,omitempty"`
	ViaGroup  bool       `json:"viaGroup,omitempty"`
	Scope     string     `json:"scope"` // "/" is the tenant
}

// PerUserMFA is the older switch for multifactor authentication of one user.
type PerUserMFA struct {
	State string `json:"state"` // disabled, enabled or enforced
}

// Group is a group that excludes accounts from policies.
type Group struct {
	ID         string   `json:"id"`
	Name       string   `json:"name,omitempty"`
	Found      bool     `json:"found"`
	Assignable bool     `json:"isAssignableToRole,omitempty"`
	Restricted bool     `json:"isManagementRestricted,omitempty"`
	Dynamic    bool     `json:"dynamic,omitempty"`
	Synced     bool     `json:"synced,omitempty"`
	Members    []Member `json:"members"` // also through other groups; groups among them are listed too
	Owners     []Member `json:"owners,omitempty"`
}

// Member is a member or owner of a group.
type Member struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Kind string `json:"kind"` // user, group, servicePrincipal, device
}

// Administrator is a principal that is Global Administrator now; members of groups are listed singly.
type Administrator struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Kind      string `json:"kind"` // user or servicePrincipal; unknown if the directory no longer shows it
	Activated bool   `json:"activated,omitempty"`
}

// MethodPolicy says who may use which authentication method.
type MethodPolicy struct {
	FIDO2       MethodRule `json:"fido2"`
	Certificate MethodRule `json:"certificate"`
}

// MethodRule is the rule for one authentication method.
type MethodRule struct {
	Enabled  bool     `json:"enabled"`
	Include  []string `json:"include"` // group ids in lower case, or all_users
	Exclude  []string `json:"exclude,omitempty"`
	Enforced bool     `json:"keysEnforced,omitempty"` // of FIDO2: the list of keys is in force
	Blocking bool     `json:"keysBlocked,omitempty"`  // the list names what is blocked; else what is allowed
	AAGUIDs  []string `json:"keys,omitempty"`
	Attested bool     `json:"attestationEnforced,omitempty"`
	// Unknown lists what of the rule could not be read, such as passkey profiles of an unknown form.
	Unknown []string `json:"unknown,omitempty"`
}

// AllUsers is what a method rule includes when it is for everybody.
const AllUsers = "all_users"

// SecurityDefaults is Microsoft's set of basic rules for tenants without Conditional Access.
type SecurityDefaults struct {
	Enabled bool `json:"enabled"`
}

// Licences are what the tenant has bought, as far as checks ask.
type Licences struct {
	P1         bool `json:"p1"`
	P2         bool `json:"p2"`
	Governance bool `json:"governance"`
}

// Domain is one domain of the tenant.
type Domain struct {
	Name               string `json:"name"` // in lower case
	Initial            bool   `json:"initial,omitempty"`
	Federated          bool   `json:"federated,omitempty"`
	PasswordsNeverEnd  bool   `json:"passwordsNeverEnd,omitempty"` // passwordValidityPeriodInDays is 2147483647
	PasswordEndsInDays int    `json:"passwordEndsInDays,omitempty"`
}

// RecentChange is a change of a Conditional Access policy or of an exclusion group in the last
// 24 hours, from the directory's audit log or from our own ledger.
type RecentChange struct {
	At     time.Time `json:"at"`
	Object string    `json:"object"` // id of the policy or group
	Name   string    `json:"name,omitempty"`
	Actor  string    `json:"actor,omitempty"`
	What   string    `json:"what"` // "Update conditional access policy"
}

// GlobalAdministrator is the template id of the role that can do everything.
const GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
