package posture

import "slices"

// The licences that checks ask for.
const (
	P1 = "Entra ID P1"
	P2 = "Entra ID P2"
)

// Permission is an application permission of Microsoft Graph that the program asks for. All of them
// only read.
type Permission struct {
	Name string
	ID   string // of the app role of Microsoft Graph (00000003-0000-0000-c000-000000000000)
	Core bool   // without it a critical check is unknown; the others are optional
	Lost string // what nobody can tell without it, as a sentence
}

// Permissions lists every permission, the core ones first. The ids are those of the posture
// catalogue, 0.1.
var Permissions = []Permission{
	{"User.Read.All", "df021288-bdef-4463-88db-98f22de89214", true, "Whether the accounts exist, are enabled and belong to the cloud alone is unknown."},
	{"UserAuthenticationMethod.Read.All", "38d9df27-64da-44fd-b7c5-a6fbac20248f", true, "Whether the accounts have keys, and nothing weaker beside them, is unknown."},
	{"RoleManagement.Read.Directory", "483bed4a-2ad3-4361-a73b-c83ccdbdc53c", true, "Whether the accounts are Global Administrators, and who else is, is unknown."},
	{"Policy.Read.All", "246dd0d5-5bd0-4def-940b-0421030a5b68", true, "Whether Conditional Access would let the accounts in is unknown."},
	{"GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6", true, "Who else is exempt from Conditional Access through the exclusion group is unknown."},
	{"AuditLog.Read.All", "b0afded3-3588-46d8-8b3d-9842eff778da", true, "Who changed a policy in the last 24 hours is unknown."},
	{"Domain.Read.All", "dbb9058a-0e50-45d7-ae91-66909b5d4664", false, "Whether a password expires is unknown for an account that is not set to never expire itself."},
	{"LicenseAssignment.Read.All", "e2f98668-2877-4f38-a2f4-8202e0717aa1", false, "Which licences the tenant has is unknown."},
}

// ChecksOf lists the ids of the checks that cannot answer, or not fully, without the permission.
func ChecksOf(suite []Check, permission string) []string {
	var ids []string
	for _, c := range suite {
		for _, name := range slices.Concat(c.Needs, c.Uses) {
			if info, known := sectionInfo(name); known && slices.Contains(info.Permissions, permission) {
				ids = append(ids, c.ID)
				break
			}
		}
	}
	return ids
}
