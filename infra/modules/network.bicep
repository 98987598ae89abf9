// Private networking, when asked for: storage, hub and vault are then reached from this network only.
param token string
param location string
param tags object
param hostStorageId string
param evidenceId string
param namespaceId string
param vaultId string

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: 'vnet-glasswatch-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        '10.80.0.0/24'
      ]
    }
  }
}

resource appSubnet 'Microsoft.Network/virtualNetworks/subnets@2024-05-01' = {
  parent: network
  name: 'app'
  properties: {
    addressPrefix: '10.80.0.0/26'
    delegations: [
      {
        name: 'functions'
        properties: {
          serviceName: 'Microsoft.App/environments'
        }
      }
    ]
  }
}

resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2024-05-01' = {
  parent: network
  name: 'endpoints'
  properties: {
    addressPrefix: '10.80.0.64/26'
    privateEndpointNetworkPolicies: 'Disabled'
  }
  // Azure changes one subnet of a network at a time.
  dependsOn: [
    appSubnet
  ]
}

var endpoints = [
  {
    name: 'package'
    resourceId: hostStorageId
    part: 'blob'
    zone: 'privatelink.blob.${environment().suffixes.storage}'
  }
  {
    name: 'evidence'
    resourceId: evidenceId
    part: 'table'
    zone: 'privatelink.table.${environment().suffixes.storage}'
  }
  {
    name: 'hub'
    resourceId: namespaceId
    part: 'namespace'
    zone: environment().name == 'AzureUSGovernment' ? 'privatelink.servicebus.usgovcloudapi.net' : 'privatelink.servicebus.windows.net'
  }
  {
    name: 'vault'
    resourceId: vaultId
    part: 'vault'
    zone: replace('privatelink${environment().suffixes.keyvaultDns}', 'privatelink.vault.', 'privatelink.vaultcore.')
  }
]

resource zones 'Microsoft.Network/privateDnsZones@2020-06-01' = [for endpoint in endpoints: {
  name: endpoint.zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [for (endpoint, i) in endpoints: {
  parent: zones[i]
  name: 'glasswatch'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network.id
    }
  }
}]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [for endpoint in endpoints: {
  name: 'pe-glasswatch-${endpoint.name}-${token}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: endpointSubnet.id
    }
    privateLinkServiceConnections: [
      {
        name: endpoint.name
        properties: {
          privateLinkServiceId: endpoint.resourceId
          groupIds: [
            endpoint.part
          ]
        }
      }
    ]
  }
}]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (endpoint, i) in endpoints: {
  parent: privateEndpoints[i]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: endpoint.name
        properties: {
          privateDnsZoneId: zones[i].id
        }
      }
    ]
  }
}]

output appSubnetId string = appSubnet.id
