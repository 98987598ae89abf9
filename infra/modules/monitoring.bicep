// Where Glasswatch's own logs go, and who is told by mail or SMS when it is ill.
import { roleIds } from 'roleids.bicep'

param token string
param location string
param tags object
param principalId string
param alertMail string
param alertPhoneCountry string
param alertPhone string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-glasswatch-${token}'
  location: location
  tags: tags
  properties: {
    retentionInDays: 90
    sku: {
      name: 'PerGB2018'
    }
    features: {
      disableLocalAuth: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-glasswatch-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

resource appPublishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, roleIds.monitoringMetricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.monitoringMetricsPublisher)
  }
}

// Mail and SMS leave Azure Monitor by themselves: they do not depend on the Teams workflow nor on our own code.
resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-glasswatch-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'glasswatch'
    emailReceivers: [
      {
        name: 'mail'
        emailAddress: alertMail
        useCommonAlertSchema: true
      }
    ]
    smsReceivers: empty(alertPhone) ? [] : [
      {
        name: 'sms'
        countryCode: alertPhoneCountry
        phoneNumber: alertPhone
      }
    ]
  }
}

output workspaceId string = workspace.id
output insightsId string = insights.id
output insightsName string = insights.name
output actionGroupId string = people.id
