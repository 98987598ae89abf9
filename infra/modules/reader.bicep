// Lets the identity read the settings of Glasswatch's own resources in one group: the checks on the pipeline need it.
import { roleIds } from 'roleids.bicep'

param principalId string

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, roleIds.reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.reader)
  }
}
