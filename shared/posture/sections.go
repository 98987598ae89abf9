package posture

// SectionName names a section of the snapshot.
type SectionName string

// The sections.
const (
	UserSection             SectionName = "user"
	MembershipsSection      SectionName = "memberships"
	MethodsSection          SectionName = "methods"
	RolesSection            SectionName = "roles"
	EligibleSection         SectionName = "eligible"
	PerUserMFASection       SectionName = "perUserMfa"
	WhatIfSection           SectionName = "whatIf"
	PoliciesSection         SectionName = "policies"
	StrengthsSection        SectionName = "strengths"
	GroupsSection           SectionName = "groups"
	AdministratorsSection   SectionName = "administrators"
	MethodPolicySection     SectionName = "methodPolicy"
	SecurityDefaultsSection SectionName = "securityDefaults"
	LicencesSection         SectionName = "licences"
	DomainsSection          SectionName = "domains"
	RecentChangesSection    SectionName = "recentChanges"
	BaselineSection         SectionName = "baseline"
	YesterdaySection        SectionName = "yesterday"
)

// SectionInfo describes a section: what it holds, how it is filled, and what that needs. To add a
// section, add its field to Snapshot or Account and its row here.
type SectionInfo struct {
	Name        SectionName
	Title       string   // what is in it, for people: "the account's directory entry"
	Calls       []string // the Graph calls that fill it; empty if it does not come from Graph
	Permissions []string // all of them are needed
	Licence     string   // empty if none
	Notes       string   // how the answer becomes the section's value; may be empty

	tenant  func(*Snapshot) part // exactly one of these two is set
	account func(*Account) part
}

// Sections lists every section. It is what the Graph adapter is written from.
var Sections = []SectionInfo{
	{
		Name: UserSection, Title: "the account's directory entry", Permissions: []string{"User.Read.All"},
		Calls:   []string{"GET /users/{id}?$select=id,userPrincipalName,displayName,accountEnabled,userType,createdDateTime,onPremisesSyncEnabled,onPremisesImmutableId,onPremisesDomainName,onPremisesLastSyncDateTime,passwordPolicies,lastPasswordChangeDateTime,proxyAddresses,identities,externalUserState", "GET /directory/deletedItems/{id} after a 404", "GET /users/{userPrincipalName}?$select=id"},
		Notes:   "A 404 is an answer: Found false, with DeletedAt if the object is among the deleted items. All other sections of that account are then missed with the reason gone.",
		account: func(a *Account) part { return &a.User },
	},
	{
		Name: MembershipsSection, Title: "the account's groups and roles", Permissions: []string{"User.Read.All", "GroupMember.Read.All"},
		Calls:   []string{"GET /users/{id}/transitiveMemberOf", "GET /users/{id}/memberOf?$select=id"},
		Notes:   "Nested is set for a group that is in the first answer and not in the second. All pages.",
		account: func(a *Account) part { return &a.Memberships },
	},
	{
		Name: MethodsSection, Title: "the account's authentication methods", Permissions: []string{"UserAuthenticationMethod.Read.All"},
		Calls:   []string{"GET /users/{id}/authentication/methods"},
		Notes:   "Kind by MethodKind(@odata.type); the password is left out; an unknown type is kept as unknown. The SDK decodes some types to the base type: read @odata.type and the additional data.",
		account: func(a *Account) part { return &a.Methods },
	},
	{
		Name: RolesSection, Title: "the account's active roles", Permissions: []string{"RoleManagement.Read.Directory"},
		Calls:   []string{"GET /roleManagement/directory/roleAssignmentScheduleInstances?$filter=principalId eq '{id}'&$expand=roleDefinition", "GET /roleManagement/directory/roleAssignments?$filter=principalId eq '{id}'&$expand=roleDefinition without Entra ID P2"},
		Notes:   "Role is the definition's templateId. Without P2 the second call answers: nothing is time-bound then, and roles through groups are in the memberships alone.",
		account: func(a *Account) part { return &a.Roles },
	},
	{
		Name: EligibleSection, Title: "the roles that the account could activate", Permissions: []string{"RoleManagement.Read.Directory"}, Licence: "",
		Calls:   []string{"GET /roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId eq '{id}'&$expand=roleDefinition"},
		Notes:   "Without Entra ID P2 (400 AadPremiumLicenseRequired, and no P2 among the licences) nothing can be eligible: that is an answer, an empty list. With P2 among the licences the same error is a fault.",
		account: func(a *Account) part { return &a.Eligible },
	},
	{
		Name: PerUserMFASection, Title: "the account's per-user MFA setting", Permissions: []string{"Policy.Read.All"},
		Calls:   []string{"GET /beta/users/{id}/authentication/requirements"},
		account: func(a *Account) part { return &a.PerUserMFA },
	},
	{
		Name: WhatIfSection, Title: "Microsoft's What If answers for the account", Permissions: []string{"Policy.Read.All"}, Licence: P1,
		Calls:   []string{"POST /identity/conditionalAccess/evaluate, once for each of posture.Scenarios, appliedPoliciesOnly true", "GET /identity/conditionalAccess/namedLocations, once, for an address that the tenant trusts"},
		Notes:   "One answer for each scenario that was asked, also if no policy applies. A scenario that failed makes the whole section a fault.",
		account: func(a *Account) part { return &a.WhatIf },
	},
	{
		Name: PoliciesSection, Title: "the Conditional Access policies", Permissions: []string{"Policy.Read.All"}, Licence: P1,
		Calls:  []string{"GET /identity/conditionalAccess/policies"},
		Notes:  "conditional.ParsePolicy over the JSON of each policy as it came, additional data included. All pages.",
		tenant: func(s *Snapshot) part { return &s.Policies },
	},
	{
		Name: StrengthsSection, Title: "the authentication strengths", Permissions: []string{"Policy.Read.All"}, Licence: P1,
		Calls:  []string{"GET /policies/authenticationStrengthPolicies?$expand=combinationConfigurations"},
		tenant: func(s *Snapshot) part { return &s.Strengths },
	},
	{
		Name: GroupsSection, Title: "the groups that exclude the accounts", Permissions: []string{"GroupMember.Read.All"},
		Calls:  []string{"GET /groups/{id}?$select=id,displayName,isAssignableToRole,isManagementRestricted,membershipRule,groupTypes,onPremisesSyncEnabled", "GET /groups/{id}/transitiveMembers?$select=id,displayName,userPrincipalName", "GET /groups/{id}/owners?$select=id,displayName"},
		Notes:  "One for each id of posture.ExclusionGroups, which needs the policies and memberships first. A 404 is an answer: Found false.",
		tenant: func(s *Snapshot) part { return &s.Groups },
	},
	{
		Name: AdministratorsSection, Title: "the Global Administrators", Permissions: []string{"RoleManagement.Read.Directory", "GroupMember.Read.All"},
		Calls:  []string{"GET /roleManagement/directory/roleAssignmentScheduleInstances?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'&$expand=principal", "the same of /roleAssignments without Entra ID P2", "GET /groups/{id}/transitiveMembers of groups among them"},
		tenant: func(s *Snapshot) part { return &s.Administrators },
	},
	{
		Name: MethodPolicySection, Title: "the rules for authentication methods", Permissions: []string{"Policy.Read.All"},
		Calls:  []string{"GET /policies/authenticationMethodsPolicy"},
		Notes:  "Passkey profiles and anything else that narrows who may use which key, and that is not among the fields of MethodRule, goes into Unknown.",
		tenant: func(s *Snapshot) part { return &s.MethodPolicy },
	},
	{
		Name: SecurityDefaultsSection, Title: "the security defaults", Permissions: []string{"Policy.Read.All"},
		Calls:  []string{"GET /policies/identitySecurityDefaultsEnforcementPolicy"},
		tenant: func(s *Snapshot) part { return &s.SecurityDefaults },
	},
	{
		Name: LicencesSection, Title: "the tenant's licences", Permissions: []string{"LicenseAssignment.Read.All"},
		Calls:  []string{"GET /subscribedSkus"},
		Notes:  "P1 is the service plan AAD_PREMIUM, P2 AAD_PREMIUM_P2, both with provisioningStatus Success and capabilityStatus Enabled or Warning.",
		tenant: func(s *Snapshot) part { return &s.Licences },
	},
	{
		Name: DomainsSection, Title: "the tenant's domains", Permissions: []string{"Domain.Read.All"},
		Calls:  []string{"GET /domains"},
		tenant: func(s *Snapshot) part { return &s.Domains },
	},
	{
		Name: RecentChangesSection, Title: "who changed policies and groups in the last 24 hours", Permissions: []string{"AuditLog.Read.All"},
		Calls:  []string{"GET /auditLogs/directoryAudits?$filter=activityDateTime ge {24 h ago} and loggedByService eq 'Conditional Access'"},
		Notes:  "The same can be had from the ledger's stream tenant without a call.",
		tenant: func(s *Snapshot) part { return &s.RecentChanges },
	},
	{
		Name: BaselineSection, Title: "the approved keys and identity", Notes: "The newest approved baseline in the ledger; without one missed with the reason notApproved.",
		tenant: func(s *Snapshot) part { return &s.Baseline },
	},
	{
		Name: YesterdaySection, Title: "what policies did to the accounts at the last run", Notes: "TakeFingerprint of the last stored snapshot; without one missed with the reason firstRun.",
		tenant: func(s *Snapshot) part { return &s.Yesterday },
	},
}

func sectionInfo(name SectionName) (SectionInfo, bool) {
	for _, info := range Sections {
		if info.Name == name {
			return info, true
		}
	}
	return SectionInfo{}, false
}

// Wipe marks the section as not read, for the tenant or for every account.
func (i SectionInfo) Wipe(s *Snapshot, gap Gap) {
	if i.tenant != nil {
		i.tenant(s).wipe(gap)
		return
	}
	for n := range s.Accounts {
		i.account(&s.Accounts[n]).wipe(gap)
	}
}
