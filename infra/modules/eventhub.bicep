// The hub that Entra writes its logs to and the Functions host reads.
import { roleIds } from 'roleids.bicep'

param name string
param location string
param tags object
param principalId string
param feedRights array
param workspaceId string
param privateNetwork bool

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: 1
  }
  properties: {
    // Stays on: a diagnostic setting can only write with a SAS rule, it has no identity. The one rule below may
    // send and nothing else; everyone who reads does so by role.
    disableLocalAuth: false
    isAutoInflateEnabled: true
    maximumThroughputUnits: 4
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

// Diagnostic settings get through a closed namespace only as a trusted Microsoft service.
resource networkRules 'Microsoft.EventHub/namespaces/networkRuleSets@2024-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    defaultAction: privateNetwork ? 'Deny' : 'Allow'
    publicNetworkAccess: 'Enabled'
    trustedServiceAccessEnabled: true
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: 'entra-logs'
  properties: {
    // Two are plenty, and the number cannot be changed later. Seven days outlast a long weekend.
    partitionCount: 2
    retentionDescription: {
      cleanupPolicy: 'Delete'
      retentionTimeInHours: 168
    }
  }
}

resource triggerGroup 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = {
  parent: hub
  name: 'glasswatch'
}

// Reading ahead and replay must not disturb the trigger, which is the only reader of its own group.
resource replayGroup 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = {
  parent: hub
  name: 'glasswatch-replay'
}

// On the namespace, because the portal and others accept no rule of a single hub.
resource feed 'Microsoft.EventHub/namespaces/authorizationRules@2024-01-01' = {
  parent: namespace
  name: 'entra-feed'
  properties: {
    rights: feedRights
  }
}

resource appReceives 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hub
  name: guid(hub.id, principalId, roleIds.eventHubsDataReceiver)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.eventHubsDataReceiver)
  }
}

// For the canary: a record of our own, sent through the whole pipeline every quarter of an hour.
resource appSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hub
  name: guid(hub.id, principalId, roleIds.eventHubsDataSender)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.eventHubsDataSender)
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'glasswatch'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'OperationalLogs'
        enabled: true
      }
      {
        category: 'RuntimeAuditLogs'
        enabled: true
      }
    ]
  }
}

output namespaceId string = namespace.id
output host string = split(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':')[0]
output hubName string = hub.name
output triggerGroup string = triggerGroup.name
output replayGroup string = replayGroup.name
output feedRuleId string = feed.id
