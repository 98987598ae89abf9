#!/usr/bin/env bash
# Grants the identity its permissions in Microsoft Graph, all of them read-only: the same as infra/graph.bicep,
# for those who may not use the Bicep extension. What is granted already is left alone.
#
#   graph-permissions.sh PRINCIPAL_ID [--extended]
#
# Run it signed in (az login) as Privileged Role Administrator or Global Administrator.
set -euo pipefail

principal=${1:?usage: graph-permissions.sh PRINCIPAL_ID [--extended]}
graph=${GRAPH_ENDPOINT:-https://graph.microsoft.com}

core=(
  AuditLog.Read.All
  GroupMember.Read.All
  Policy.Read.All
  RoleManagement.Read.Directory
  User.Read.All
  UserAuthenticationMethod.Read.All
)

extended=(
  Domain.Read.All
  LicenseAssignment.Read.All
)

names=("${core[@]}")
case ${2:-} in
  '') ;;
  --extended) names+=("${extended[@]}") ;;
  *)
    echo "graph-permissions: unknown option $2" >&2
    exit 2
    ;;
esac

service="$graph/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
resource=$(az rest --method get --url "$service?\$select=id" --query id --output tsv)
granted=$(az rest --method get --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" --query 'value[].appRoleId' --output tsv)

for name in "${names[@]}"; do
  role=$(az rest --method get --url "$service?\$select=appRoles" --query "appRoles[?value=='$name'].id | [0]" --output tsv)
  if [[ -z $role ]]; then
    echo "graph-permissions: Microsoft Graph does not offer $name in this cloud" >&2
    exit 1
  fi
  if grep -qxF "$role" <<<"$granted"; then
    echo "  $name: already granted"
    continue
  fi
  az rest --method post --url "$graph/v1.0/servicePrincipals/$resource/appRoleAssignedTo" \
    --headers Content-Type=application/json --output none \
    --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$role\"}"
  echo "  $name: granted"
done
echo "It may take an hour until the app's token carries them; restarting the app does not hurry that."
