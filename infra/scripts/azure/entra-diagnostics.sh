#!/usr/bin/env bash
# Sends the Entra logs to the hub: the same diagnostic setting as main.bicep makes, for a person who may do only
# this step (Security Administrator, with the right to list the keys of the hub's rule).
#
#   entra-diagnostics.sh NAME RULE_ID HUB
#
# NAME, RULE_ID and HUB are the outputs GLASSWATCH_DIAGNOSTIC_SETTING, GLASSWATCH_FEED_RULE_ID and GLASSWATCH_HUB.
set -euo pipefail

name=${1:?usage: entra-diagnostics.sh NAME RULE_ID HUB}
rule=${2:?usage: entra-diagnostics.sh NAME RULE_ID HUB}
hub=${3:?usage: entra-diagnostics.sh NAME RULE_ID HUB}
manager=${ARM_ENDPOINT:-https://management.azure.com}

categories=(
  AuditLogs
  NonInteractiveUserSignInLogs
  RiskyUsers
  SignInLogs
  UserRiskEvents
)

logs=$(printf '{"category":"%s","enabled":true},' "${categories[@]}")
az rest --method put --output none --headers Content-Type=application/json \
  --url "$manager/providers/microsoft.aadiam/diagnosticSettings/$name?api-version=2017-04-01" \
  --body "{\"properties\":{\"eventHubAuthorizationRuleId\":\"$rule\",\"eventHubName\":\"$hub\",\"logs\":[${logs%,}]}}"
echo "The diagnostic setting $name sends ${#categories[@]} categories to $hub. The first records may take up to a day."
