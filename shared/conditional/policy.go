// Package conditional works out what each Conditional Access policy would do to an account that signs in.
package conditional

// State says how far a policy is in force.
type State string

// The states. Any other state is treated as Enabled and listed in Policy.Unknown.
const (
	Enabled    State = "enabled"
	ReportOnly State = "enabledForReportingButNotEnforced"
	Disabled   State = "disabled"
)

// The words that policies use in place of ids.
const (
	all          = "All"
	none         = "None"
	allTrusted   = "AllTrusted"
	guestsWord   = "GuestsOrExternalUsers"
	agentsWord   = "AllAgentIdUsers" // users that belong to AI agents, never people
	adminPortals = "MicrosoftAdminPortals"
)

// Policy is one Conditional Access policy. Its JSON form is Microsoft Graph's
// (conditionalAccessPolicy, v1.0); make one with ParsePolicy or by decoding JSON, which also tells
// what in it is not known. Ids are in lower case.
type Policy struct {
	ID          string     `json:"id"`
	DisplayName string     `json:"displayName"`
	State       State      `json:"state"`
	Conditions  Conditions `json:"conditions"`
	Grant       *Grant     `json:"grantControls,omitempty"`
	Session     *Session   `json:"sessionControls,omitempty"`
	// Unknown lists, sorted, the paths of fields that hold something and that this program does
	// not know ("conditions.users.includeRobots"), and of values outside the known ones. Evaluate
	// never takes a policy for harmless because of something it could not read.
	Unknown []string `json:"unknownFields,omitempty"`
}

// Conditions say for which sign-ins a policy is.
type Conditions struct {
	Users               Users        `json:"users,omitzero"`
	Applications        Applications `json:"applications,omitzero"`
	ClientApplications  Workloads    `json:"clientApplications,omitzero"`
	ClientAppTypes      List         `json:"clientAppTypes,omitempty"`
	Platforms           Platforms    `json:"platforms,omitzero"`
	Locations           Locations    `json:"locations,omitzero"`
	Devices             Devices      `json:"devices,omitzero"`
	DeviceStates        DeviceStates `json:"deviceStates,omitzero"`
	UserRiskLevels      List         `json:"userRiskLevels,omitempty"`
	SignInRiskLevels    List         `json:"signInRiskLevels,omitempty"`
	InsiderRiskLevels   List         `json:"insiderRiskLevels,omitempty"`
	WorkloadRiskLevels  List         `json:"servicePrincipalRiskLevels,omitempty"`
	AgentRiskLevels     List         `json:"agentIdRiskLevels,omitempty"`
	AuthenticationFlows Flows        `json:"authenticationFlows,omitzero"`
}

// Users say whom a policy is for.
type Users struct {
	IncludeUsers  List   `json:"includeUsers,omitempty"`
	ExcludeUsers  List   `json:"excludeUsers,omitempty"`
	IncludeGroups List   `json:"includeGroups,omitempty"`
	ExcludeGroups List   `json:"excludeGroups,omitempty"`
	IncludeRoles  List   `json:"includeRoles,omitempty"` // role template ids
	ExcludeRoles  List   `json:"excludeRoles,omitempty"`
	IncludeGuests Guests `json:"includeGuestsOrExternalUsers,omitzero"`
	ExcludeGuests Guests `json:"excludeGuestsOrExternalUsers,omitzero"`
}

// Guests are kinds of guests and external users, perhaps of some home tenants only.
type Guests struct {
	Kinds   List           `json:"guestOrExternalUserTypes,omitempty"`
	Tenants ExternalTenant `json:"externalTenants,omitzero"`
}

// ExternalTenant says which home tenants of guests are meant.
type ExternalTenant struct {
	Membership string `json:"membershipKind,omitempty"` // all or enumerated
	Members    List   `json:"members,omitempty"`
}

// Applications say for which resources or actions a policy is.
type Applications struct {
	Include     List   `json:"includeApplications,omitempty"`
	Exclude     List   `json:"excludeApplications,omitempty"`
	UserActions List   `json:"includeUserActions,omitempty"`
	Contexts    List   `json:"includeAuthenticationContextClassReferences,omitempty"`
	Filter      Filter `json:"applicationFilter,omitzero"`
}

// Filter is a rule over attributes.
type Filter struct {
	Mode string `json:"mode,omitempty"` // include or exclude
	Rule string `json:"rule,omitempty"`
}

// Workloads are service principals and agents, for which a policy may be in place of users.
type Workloads struct {
	IncludeServicePrincipals List   `json:"includeServicePrincipals,omitempty"`
	ExcludeServicePrincipals List   `json:"excludeServicePrincipals,omitempty"`
	IncludeAgents            List   `json:"includeAgentIdServicePrincipals,omitempty"`
	ExcludeAgents            List   `json:"excludeAgentIdServicePrincipals,omitempty"`
	Filter                   Filter `json:"servicePrincipalFilter,omitzero"`
	AgentFilter              Filter `json:"agentIdServicePrincipalFilter,omitzero"`
}

// Platforms are operating systems.
type Platforms struct {
	Include List `json:"includePlatforms,omitempty"`
	Exclude List `json:"excludePlatforms,omitempty"`
}

// Locations are named locations, or the words All and AllTrusted.
type Locations struct {
	Include List `json:"includeLocations,omitempty"`
	Exclude List `json:"excludeLocations,omitempty"`
}

// Devices narrow a policy to some devices.
type Devices struct {
	Filter        Filter `json:"deviceFilter,omitzero"`
	Include       List   `json:"includeDevices,omitempty"`
	Exclude       List   `json:"excludeDevices,omitempty"`
	IncludeStates List   `json:"includeDeviceStates,omitempty"`
	ExcludeStates List   `json:"excludeDeviceStates,omitempty"`
}

// DeviceStates is the older form of the same.
type DeviceStates struct {
	Include List `json:"includeStates,omitempty"`
	Exclude List `json:"excludeStates,omitempty"`
}

// Flows are ways in which a sign-in is passed from one device to another.
type Flows struct {
	Transfer List `json:"transferMethods,omitempty"`
}

// Grant says what a sign-in must bring to be let in.
type Grant struct {
	Operator      string    `json:"operator,omitempty"` // AND or OR
	Controls      List      `json:"builtInControls,omitempty"`
	CustomFactors List      `json:"customAuthenticationFactors,omitempty"`
	TermsOfUse    List      `json:"termsOfUse,omitempty"`
	Strength      *Strength `json:"authenticationStrength,omitempty"`
}

// Session says how a session that was let in is limited. Only what posture checks ask about is
// read; the rest is known by name and has no bearing on getting in.
type Session struct {
	DisableResilience bool              `json:"disableResilienceDefaults,omitempty"`
	SignInFrequency   SignInFrequency   `json:"signInFrequency,omitzero"`
	PersistentBrowser PersistentBrowser `json:"persistentBrowser,omitzero"`
}

// SignInFrequency says how often one must sign in anew.
type SignInFrequency struct {
	Enabled  bool   `json:"isEnabled,omitempty"`
	Interval string `json:"frequencyInterval,omitempty"` // timeBased or everyTime
}

// PersistentBrowser says whether a browser stays signed in.
type PersistentBrowser struct {
	Enabled bool   `json:"isEnabled,omitempty"`
	Mode    string `json:"mode,omitempty"` // always or never
}

// forWorkloads says whether the policy is for service principals or agents and for no person, or
// for nobody at all, and why. A policy that names people beside them is looked at like any other.
func (p *Policy) forWorkloads() (because string, skip bool) {
	u, w := p.Conditions.Users, p.Conditions.ClientApplications
	people := len(u.IncludeGroups)+len(u.IncludeRoles)+len(u.IncludeGuests.Kinds) > 0
	for _, id := range u.IncludeUsers {
		people = people || id != none && id != agentsWord
	}
	switch {
	case people || p.unknownUnder("conditions.users.include"):
		return "", false
	case len(w.IncludeServicePrincipals) > 0:
		return "it is for workload identities, not for people", true
	case len(w.IncludeAgents) > 0 || len(u.IncludeUsers) > 0 && u.IncludeUsers[0] == agentsWord:
		return "it is for AI agents, not for people", true
	case len(u.IncludeUsers) > 0:
		return "it includes nobody", true
	}
	return "", false
}

// Label says what kind of step a policy guards when it does not guard plain sign-ins.
type Label string

// The labels.
const (
	PlainSignIn     Label = ""
	ProtectedAction Label = "protected-action" // asked for by an authentication context, for example to delete a policy
	UserAction      Label = "user-action"      // registering security information or a device
)

func (p *Policy) label() Label {
	switch a := p.Conditions.Applications; {
	case len(a.Contexts) > 0:
		return ProtectedAction
	case len(a.UserActions) > 0:
		return UserAction
	default:
		return PlainSignIn
	}
}
