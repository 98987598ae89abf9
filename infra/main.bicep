// Everything that Glasswatch needs in one Azure subscription, and, where the person who deploys may do it,
// the tenant's diagnostic setting that feeds it. docs/deploy.md walks through it.
targetScope = 'subscription'

@description('Short name of this installation; part of the names of all resources.')
@minLength(2)
@maxLength(16)
param environmentName string

@description('Azure region. It must offer the Flex Consumption plan.')
param location string

@description('Break-glass accounts: objectId or objectId=userPrincipalName, comma-separated.')
param breakGlassAccounts string

@description('Object ids of the groups that exclude the accounts from Conditional Access, comma-separated.')
param exclusionGroups string = ''

@description('Mail address of the people who are told when Glasswatch itself is ill.')
param alertMail string

@description('Country code of the telephone that gets the same by SMS, without the plus sign.')
param alertPhoneCountry string = ''

@description('Number of that telephone; empty for none.')
param alertPhone string = ''

@description('Object id of the person or group that operates Glasswatch: may set secrets and read the evidence.')
param operatorObjectId string

@allowed([
  'Group'
  'ServicePrincipal'
  'User'
])
param operatorType string = 'User'

@description('Second channel, outside Microsoft 365; its address and secret are set in Key Vault afterwards.')
@allowed([
  ''
  'cloudevents'
  'pagerduty'
])
param fallbackFormat string = ''

@description('Whether a dead-man\'s switch is used; its address is set in Key Vault afterwards.')
param useHeartbeat bool = false

@description('Cloud of the tenant, as Glasswatch names it.')
@allowed([
  'public'
  'usgov'
])
param cloud string = 'public'

@description('Values for settings that have a default in the program, by setting name.')
param settings object = {}

@description('Instances of watchlogs that are always running. With 0 the first alert of a quiet hour waits for a cold start.')
@minValue(0)
@maxValue(10)
param alwaysReady int = 1

@allowed([
  512
  2048
  4096
])
param instanceMemory int = 512

@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Fewest messages in six hours that count as a living feed. Our own canary sends 24 in that time.')
param quietThreshold int = 30

@description('Whether storage, hub and vault are reached over private endpoints only.')
param privateNetwork bool = false

@description('Rights of the rule that the diagnostic setting writes with. Send is enough; wider rights are an escape hatch.')
param feedRights array = [
  'Send'
]

@description('Whether this deployment creates the tenant\'s diagnostic setting. Off: infra/scripts/azure/entra-diagnostics.sh.')
param deployEntraDiagnostics bool = true

@description('Categories of the Entra log that are sent.')
param entraCategories array = [
  'AuditLogs'
  'NonInteractiveUserSignInLogs'
  'RiskyUsers'
  'SignInLogs'
  'UserRiskEvents'
]

@description('Whether the Activity Log of this subscription is sent too: it shows who changes Glasswatch\'s own resources.')
param sendActivityLog bool = true

@description('Categories of the Activity Log that are sent.')
param activityCategories array = [
  'Administrative'
  'Policy'
  'Security'
]

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
  application: 'glasswatch'
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-glasswatch-${environmentName}'
  location: location
  tags: tags
}

// The evidence outlives the installation: another group, which the delete lock in it keeps from being removed.
resource evidenceGroup 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-glasswatch-${environmentName}-evidence'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-glasswatch-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    alertMail: alertMail
    alertPhoneCountry: alertPhoneCountry
    alertPhone: alertPhone
  }
}

module hostStorage 'modules/hoststorage.bicep' = {
  name: 'hoststorage'
  scope: group
  params: {
    name: 'stgw${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    privateNetwork: privateNetwork
  }
}

module evidence 'modules/evidence.bicep' = {
  name: 'evidence'
  scope: evidenceGroup
  params: {
    name: 'stev${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    operatorObjectId: operatorObjectId
    operatorType: operatorType
    workspaceId: monitoring.outputs.workspaceId
    privateNetwork: privateNetwork
  }
}

module eventHub 'modules/eventhub.bicep' = {
  name: 'eventhub'
  scope: group
  params: {
    name: 'evhns-glasswatch-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    feedRights: feedRights
    workspaceId: monitoring.outputs.workspaceId
    privateNetwork: privateNetwork
  }
}

module vault 'modules/keyvault.bicep' = {
  name: 'keyvault'
  scope: group
  params: {
    name: 'kv-gw-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    operatorObjectId: operatorObjectId
    operatorType: operatorType
    workspaceId: monitoring.outputs.workspaceId
    privateNetwork: privateNetwork
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    hostStorageId: hostStorage.outputs.id
    evidenceId: evidence.outputs.id
    namespaceId: eventHub.outputs.namespaceId
    vaultId: vault.outputs.id
  }
}

module reader 'modules/reader.bicep' = {
  name: 'reader'
  scope: group
  params: {
    principalId: identity.outputs.principalId
  }
}

module evidenceReader 'modules/reader.bicep' = {
  name: 'evidencereader'
  scope: evidenceGroup
  params: {
    principalId: identity.outputs.principalId
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    hostStorageName: hostStorage.outputs.name
    packageContainer: hostStorage.outputs.packageContainer
    evidenceTables: evidence.outputs.tables
    namespaceHost: eventHub.outputs.host
    hubName: eventHub.outputs.hubName
    triggerGroup: eventHub.outputs.triggerGroup
    replayGroup: eventHub.outputs.replayGroup
    vaultUri: vault.outputs.uri
    insightsName: monitoring.outputs.insightsName
    workspaceId: monitoring.outputs.workspaceId
    subnetId: network.?outputs.appSubnetId ?? ''
    alwaysReady: alwaysReady
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    breakGlassAccounts: breakGlassAccounts
    exclusionGroups: exclusionGroups
    fallbackFormat: fallbackFormat
    useHeartbeat: useHeartbeat
    cloud: cloud
    instanceName: environmentName
    settings: settings
    watchedIds: [
      eventHub.outputs.namespaceId
      evidence.outputs.id
      hostStorage.outputs.id
      identity.outputs.id
      vault.outputs.id
      group.id
      evidenceGroup.id
    ]
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    namespaceId: eventHub.outputs.namespaceId
    insightsId: monitoring.outputs.insightsId
    actionGroupId: monitoring.outputs.actionGroupId
    quietThreshold: quietThreshold
  }
}

// A resource, not a module: a module at tenant scope would be a tenant deployment, which not even a Global
// Administrator may start without elevating first. This needs Security Administrator, and nothing at "/".
resource entraDiagnostics 'microsoft.aadiam/diagnosticSettings@2017-04-01' = if (deployEntraDiagnostics) {
  scope: tenant()
  name: 'glasswatch-${environmentName}'
  properties: {
    eventHubAuthorizationRuleId: eventHub.outputs.feedRuleId
    eventHubName: eventHub.outputs.hubName
    logs: [for category in entraCategories: {
      category: category
      enabled: true
    }]
  }
}

resource activityLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (sendActivityLog) {
  name: 'glasswatch-${environmentName}'
  properties: {
    eventHubAuthorizationRuleId: eventHub.outputs.feedRuleId
    eventHubName: eventHub.outputs.hubName
    logs: [for category in activityCategories: {
      category: category
      enabled: true
    }]
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output GLASSWATCH_APP string = app.outputs.name
output GLASSWATCH_URL string = app.outputs.url
output GLASSWATCH_VAULT string = vault.outputs.name
output GLASSWATCH_PRINCIPAL_ID string = identity.outputs.principalId
output GLASSWATCH_FEED_RULE_ID string = eventHub.outputs.feedRuleId
output GLASSWATCH_HUB string = eventHub.outputs.hubName
output GLASSWATCH_EVIDENCE string = evidence.outputs.tables
output GLASSWATCH_DIAGNOSTIC_SETTING string = 'glasswatch-${environmentName}'
