// The permissions in Microsoft Graph that the identity reads the tenant with: application permissions, all read-only.
// Apart from main.bicep, because another person grants them and because the extension is fetched when it is built.
// Whoever may not use the extension runs infra/scripts/azure/graph-permissions.sh, which does the same.
extension microsoftGraphV1

@description('Object id of the identity: the output GLASSWATCH_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Whether the extended set is granted as well; docs/permissions.md says what each one adds.')
param extended bool = false

var core = [
  'AuditLog.Read.All'
  'GroupMember.Read.All'
  'Policy.Read.All'
  'RoleManagement.Read.Directory'
  'User.Read.All'
  'UserAuthenticationMethod.Read.All'
]

var extra = [
  'Domain.Read.All'
  'LicenseAssignment.Read.All'
]

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for name in (extended ? concat(core, extra) : core): {
  appRoleId: filter(graph.appRoles, role => role.value == name)[0].id
  principalId: principalId
  resourceId: graph.id
}]
