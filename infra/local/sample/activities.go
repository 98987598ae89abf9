package sample

import "slices"

// Activity is one thing that the directory's audit log records.
type Activity struct {
	Group     string // password, account, sessions, credentials, methods, access, roles, groups, federation, risk
	Name      string // activityDisplayName, as on the wire
	Service   string // loggedByService
	Category  string // properties.category
	Operation string // operationType
	Target    string // type of the first target
}

// ActivityNamed finds an activity by its name on the wire; one that is not listed comes back as a
// user's update of that name.
func ActivityNamed(name string) Activity {
	if i := slices.IndexFunc(Activities, func(a Activity) bool { return a.Name == name }); i >= 0 {
		return Activities[i]
	}
	return Activity{"account", name, core, "UserManagement", "Update", "User"}
}

const (
	core    = "Core Directory"
	methods = "Authentication Methods"
	access  = "Conditional Access"
	pim     = "PIM"
	sspr    = "Self-service Password Management"
	idp     = "Identity Protection"
)

// Activities are audit activities of every group that matters to an account, with a few that are
// everyday work. Names follow the reference of audit activities and captures.
var Activities = []Activity{
	{"password", "Reset user password", core, "UserManagement", "Update", "User"},
	{"password", "Reset password (by admin)", sspr, "UserManagement", "Update", "User"},
	{"password", "Reset password (self-service)", sspr, "UserManagement", "Update", "User"},
	{"password", "Change user password", core, "UserManagement", "Update", "User"},
	{"password", "Change password (self-service)", sspr, "UserManagement", "Update", "User"},
	{"password", "Set force change user password", core, "UserManagement", "Update", "User"},
	{"password", "Unlock user account (self-service)", sspr, "UserManagement", "Update", "User"},
	{"password", "Self-service password reset flow activity progress", sspr, "UserManagement", "Update", "User"},
	{"account", "Add user", core, "UserManagement", "Add", "User"},
	{"account", "Update user", core, "UserManagement", "Update", "User"},
	{"account", "Disable account", core, "UserManagement", "Update", "User"},
	{"account", "Enable account", core, "UserManagement", "Update", "User"},
	{"account", "Delete user", core, "UserManagement", "Delete", "User"},
	{"account", "Hard Delete user", core, "UserManagement", "Delete", "User"},
	{"account", "Restore user", core, "UserManagement", "Update", "User"},
	{"account", "Change user license", core, "UserManagement", "Update", "User"},
	{"account", "Set user manager", core, "UserManagement", "Update", "User"},
	{"account", "Add member to restricted management administrative unit", core, "AdministrativeUnit", "Assign", "User"},
	{"sessions", "Update StsRefreshTokenValidFrom Timestamp", core, "UserManagement", "Update", "User"},
	{"credentials", "User registered security info", methods, "UserManagement", "Add", "User"},
	{"credentials", "User deleted security info", methods, "UserManagement", "Delete", "User"},
	{"credentials", "User changed default security info", methods, "UserManagement", "Update", "User"},
	{"credentials", "User started security info registration", methods, "UserManagement", "Update", "User"},
	{"credentials", "Admin registered security info", methods, "UserManagement", "Add", "User"},
	{"credentials", "Admin deleted security info", methods, "UserManagement", "Delete", "User"},
	{"credentials", "Admin updated security info", methods, "UserManagement", "Update", "User"},
	{"credentials", "Create Temporary Access Pass method for user", methods, "UserManagement", "Add", "User"},
	{"credentials", "Get passkey creation options", methods, "UserManagement", "Add", "User"},
	{"credentials", "Add FIDO2 security key", methods, "UserManagement", "Add", "User"},
	{"credentials", "Delete FIDO2 security key(s)", methods, "UserManagement", "Delete", "User"},
	{"credentials", "Add Passkey (device-bound)", methods, "UserManagement", "Add", "User"},
	{"credentials", "Add Windows Hello for Business credential", "Device Registration Service", "UserManagement", "Add", "User"},
	{"credentials", "Disable Strong Authentication", core, "UserManagement", "Update", "User"},
	{"credentials", "Suspicious activity reported", methods, "UserManagement", "Update", "User"},
	{"methods", "Authentication Methods Policy Update", methods, "Policy", "Update", "Policy"},
	{"methods", "Authentication Methods Policy Reset", methods, "Policy", "Update", "Policy"},
	{"methods", "Authentication Strength Policy Update", methods, "Policy", "Update", "Policy"},
	{"methods", "Update authorization policy", core, "AuthorizationPolicy", "Update", "Policy"},
	{"methods", "Update security defaults", core, "Policy", "Update", "Policy"},
	{"access", "Add conditional access policy", access, "Policy", "Add", "Policy"},
	{"access", "Update conditional access policy", access, "Policy", "Update", "Policy"},
	{"access", "Delete conditional access policy", access, "Policy", "Delete", "Policy"},
	{"access", "Update named location", access, "Policy", "Update", "Policy"},
	{"access", "Update policy", core, "Policy", "Update", "Policy"},
	{"roles", "Add member to role", core, "RoleManagement", "Assign", "User"},
	{"roles", "Remove member from role", core, "RoleManagement", "Unassign", "User"},
	{"roles", "Add eligible member to role", core, "RoleManagement", "Assign", "User"},
	{"roles", "Add scoped member to role", core, "RoleManagement", "Assign", "User"},
	{"roles", "Add member to role in PIM completed (permanent)", pim, "RoleManagement", "Update", "Role"},
	{"roles", "Remove member from role in PIM completed (permanent)", pim, "RoleManagement", "Update", "Role"},
	{"roles", "Add member to role outside of PIM (permanent)", pim, "RoleManagement", "Update", "Role"},
	{"roles", "Add member to role completed (PIM activation)", pim, "RoleManagement", "Update", "Role"},
	{"roles", "Update role setting in PIM", pim, "RoleManagement", "Update", "Role"},
	{"roles", "User has elevated their access to User Access Administrator for their Azure Resources", "Azure RBAC (Elevated Access)", "AzureRBACRoleManagementElevateAccess", "Assign", "Directory"},
	{"groups", "Add member to group", core, "GroupManagement", "Assign", "User"},
	{"groups", "Remove member from group", core, "GroupManagement", "Unassign", "User"},
	{"groups", "Add owner to group", core, "GroupManagement", "Assign", "User"},
	{"groups", "Remove owner from group", core, "GroupManagement", "Unassign", "User"},
	{"groups", "Update group", core, "GroupManagement", "Update", "Group"},
	{"groups", "Delete group", core, "GroupManagement", "Delete", "Group"},
	{"federation", "Set domain authentication", core, "DirectoryManagement", "Update", "Domain"},
	{"federation", "Set federation settings on domain", core, "DirectoryManagement", "Update", "Domain"},
	{"federation", "Add a partner to cross-tenant access setting", core, "CrossTenantAccessSettings", "Add", "Policy"},
	{"risk", "ConfirmAccountCompromised", idp, "UserManagement", "Update", "User"},
	{"risk", "DismissUser", idp, "UserManagement", "Update", "User"},
	{"applications", "Update application \u2013 Certificates and secrets management ", core, "ApplicationManagement", "Update", "Application"},
	{"applications", "Consent to application", core, "ApplicationManagement", "Assign", "ServicePrincipal"},
	{"applications", "Add service principal", core, "ApplicationManagement", "Add", "ServicePrincipal"},
	{"devices", "Register device", "Device Registration Service", "Device", "Add", "Device"},
	{"devices", "Update device", core, "Device", "Update", "Device"},
}

// everyday are the activities that a quiet tenant has: nobody needs to be told of them.
var everyday = []string{
	"Update user", "Change user license", "Set user manager", "Change user password", "Add member to group",
	"Remove member from group", "Update group", "User registered security info",
	"Add service principal", "Register device", "Update device",
	"Self-service password reset flow activity progress", "Update StsRefreshTokenValidFrom Timestamp",
}
