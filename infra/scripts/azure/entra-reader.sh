#!/usr/bin/env bash
# Lets the identity read the tenant's diagnostic settings, so that Glasswatch notices when its feed is removed or
# narrowed. A role on the subscription does not reach there. Without it those checks say "unknown".
#
#   entra-reader.sh PRINCIPAL_ID
#
# Run it as a Global Administrator who has switched on "Access management for Azure resources" (User Access
# Administrator at /), and switch that off again afterwards.
set -euo pipefail

principal=${1:?usage: entra-reader.sh PRINCIPAL_ID}
az role assignment create --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal \
  --role Reader --scope /providers/Microsoft.aadiam --output none
echo "The identity $principal may read the tenant's diagnostic settings."
