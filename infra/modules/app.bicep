// The Function app: the plan, the app, its settings. Secrets are references into the vault, never values.
param token string
param location string
param tags object
param identityId string
param clientId string
param hostStorageName string
param packageContainer string
param evidenceTables string
param namespaceHost string
param hubName string
param triggerGroup string
param replayGroup string
param vaultUri string
param insightsName string
param workspaceId string
param subnetId string
param alwaysReady int
param instanceMemory int
param maximumInstances int
param breakGlassAccounts string
param exclusionGroups string
param fallbackFormat string
param useHeartbeat bool
param cloud string
param instanceName string
param settings object
param watchedIds array

resource hostStorage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: hostStorageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-glasswatch-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-glasswatch-${token}'
  location: location
  tags: union(tags, {
    'azd-service-name': 'glasswatch'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    clientAffinityEnabled: false
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        alwaysReady: [
          {
            name: 'function:watchlogs'
            instanceCount: alwaysReady
          }
        ]
      }
    }
  }
}

// Publishing is by Entra identity; user names and passwords for it do not exist.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

// Every setting of the program and of the host, in the order of docs; `settings` may replace what has a default.
// A reference without a version follows the vault, so that a rotated secret needs no deployment.
resource appSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    AzureWebJobsStorage__blobServiceUri: hostStorage.properties.primaryEndpoints.blob
    AzureWebJobsStorage__clientId: clientId
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__queueServiceUri: hostStorage.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: hostStorage.properties.primaryEndpoints.table
    AZURE_CLIENT_ID: clientId
    AZURE_CLOUD: cloud
    TENANT_ID: tenant().tenantId
    RESOURCE_IDS: join(concat(watchedIds, [
      app.id
    ]), ',')
    INSTANCE_NAME: instanceName
    PUBLIC_URL: 'https://${app.properties.defaultHostName}'
    BREAK_GLASS_ACCOUNTS: breakGlassAccounts
    EXCLUSION_GROUPS: exclusionGroups
    CONDITIONAL_ACCESS_MODE: settings.?CONDITIONAL_ACCESS_MODE ?? 'strict'
    DEDICATED_POLICIES: settings.?DEDICATED_POLICIES ?? ''
    EVIDENCE_TABLES__serviceUri: evidenceTables
    ENTRA_EVENTHUB__clientId: clientId
    ENTRA_EVENTHUB__credential: 'managedidentity'
    ENTRA_EVENTHUB__fullyQualifiedNamespace: namespaceHost
    ENTRA_EVENTHUB_NAME: hubName
    ENTRA_CONSUMER_GROUP: triggerGroup
    REPLAY_CONSUMER_GROUP: replayGroup
    TEAMS_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/teams-webhook-url)'
    FALLBACK_WEBHOOK_FORMAT: fallbackFormat
    FALLBACK_WEBHOOK_SECRET: empty(fallbackFormat) ? '' : '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/fallback-webhook-secret)'
    FALLBACK_WEBHOOK_URL: empty(fallbackFormat) ? '' : '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/fallback-webhook-url)'
    HEARTBEAT_URL: useHeartbeat ? '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/heartbeat-url)' : ''
    LINK_SIGNING_KEYS: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/link-signing-keys)'
    WATCH_SCHEDULE: settings.?WATCH_SCHEDULE ?? '0 * * * * *'
    POSTURE_SCHEDULE: settings.?POSTURE_SCHEDULE ?? '0 0 6 * * *'
    ACKNOWLEDGE_WITHIN: settings.?ACKNOWLEDGE_WITHIN ?? '15m'
    DRILL_EVERY: settings.?DRILL_EVERY ?? '90d'
    RETENTION: settings.?RETENTION ?? '400d'
    RETENTION_UNPARSED: settings.?RETENTION_UNPARSED ?? '30d'
    ESSENTIAL_OPERATION: settings.?ESSENTIAL_OPERATION ?? ''
    POSTURE_POLICY: settings.?POSTURE_POLICY ?? ''
    ACCEPTED_RISKS: settings.?ACCEPTED_RISKS ?? ''
    DISPLAY_TIME_ZONE: settings.?DISPLAY_TIME_ZONE ?? 'UTC'
    GRAPH_ENDPOINT: settings.?GRAPH_ENDPOINT ?? ''
    ARM_ENDPOINT: settings.?ARM_ENDPOINT ?? ''
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'glasswatch'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
