// Alarms about Glasswatch itself. They run in Azure Monitor, outside our code, and go out by mail and SMS.
param location string
param tags object
param namespaceId string
param insightsId string
param actionGroupId string
param quietThreshold int

// The canary sends four messages an hour through the same hub, so a living hub is never at zero: few messages mean
// that Entra sends nothing, none that Glasswatch does not run either.
resource noEvents 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'glasswatch-no-events'
  location: 'global'
  tags: tags
  properties: {
    description: 'The Entra feed is silent. Sign-ins of break-glass accounts are not seen. Check the diagnostic setting.'
    severity: 0
    enabled: true
    autoMitigate: true
    evaluationFrequency: 'PT15M'
    windowSize: 'PT6H'
    scopes: [
      namespaceId
    ]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'messages'
          metricNamespace: 'Microsoft.EventHub/namespaces'
          metricName: 'IncomingMessages'
          operator: 'LessThan'
          threshold: quietThreshold
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}

var hubTroubles = [
  'QuotaExceededErrors'
  'ServerErrors'
  'ThrottledRequests'
]

resource hubTrouble 'Microsoft.Insights/metricAlerts@2018-03-01' = [for trouble in hubTroubles: {
  name: 'glasswatch-hub-${toLower(trouble)}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The event hub refuses work (${trouble}). Records may arrive late or be lost before they reach it.'
    severity: 1
    enabled: true
    autoMitigate: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    scopes: [
      namespaceId
    ]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'trouble'
          metricNamespace: 'Microsoft.EventHub/namespaces'
          metricName: trouble
          operator: 'GreaterThan'
          threshold: 5
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}]

// Each query returns one row with one number, also when there is no data at all: silence must not look like health.
var queries = [
  {
    name: 'function-failures'
    description: 'A function of Glasswatch fails again and again. Alerts may be late.'
    severity: 1
    query: 'requests | where timestamp > ago(15m) | summarize number = countif(success == false)'
    operator: 'GreaterThanOrEqual'
    threshold: 5
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'watchlogs-failing'
    description: 'Log records could not be stored for fifteen minutes. They wait in the hub, unseen.'
    severity: 0
    query: 'requests | where timestamp > ago(15m) and name == "watchlogs" | summarize number = countif(success == false) - countif(success == true)'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'keepwatch-silent'
    description: 'The minute timer does not run: nothing is escalated, and nobody checks the feed.'
    severity: 0
    query: 'requests | where timestamp > ago(15m) and name == "keepwatch" | summarize number = countif(success == true)'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'checkposture-silent'
    description: 'The daily posture check has not run for 26 hours: nobody knows whether the accounts would work.'
    severity: 1
    query: 'requests | where timestamp > ago(26h) and name == "checkposture" | summarize number = countif(success == true)'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT1H'
    window: 'P2D'
  }
  {
    name: 'alerts-not-delivered'
    description: 'A channel does not take alerts. They stay owed and go out on the others, if there are any.'
    severity: 1
    query: 'traces | where timestamp > ago(15m) | summarize number = countif(message has "alert not delivered yet" or message has "alarm not delivered")'
    operator: 'GreaterThanOrEqual'
    threshold: 3
    frequency: 'PT5M'
    window: 'PT15M'
  }
]

resource queryAlert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for item in queries: {
  name: 'glasswatch-${item.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    description: item.description
    severity: item.severity
    enabled: true
    autoMitigate: true
    evaluationFrequency: item.frequency
    windowSize: item.window
    scopes: [
      insightsId
    ]
    criteria: {
      allOf: [
        {
          query: item.query
          metricMeasureColumn: 'number'
          timeAggregation: 'Maximum'
          operator: item.operator
          threshold: item.threshold
          failingPeriods: {
            minFailingPeriodsToAlert: 1
            numberOfEvaluationPeriods: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        actionGroupId
      ]
    }
  }
}]
