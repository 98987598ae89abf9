#!/usr/bin/env bash
# Puts the secrets of Glasswatch into its vault: asks for the addresses of channels without showing them, makes
# the keys itself, and leaves alone what is already there.
#
#   secrets.sh VAULT            ask for what is missing
#   secrets.sh VAULT NAME       set one anew (rotation): teams-webhook-url, fallback-webhook-url,
#                               fallback-webhook-secret, heartbeat-url
#   secrets.sh VAULT link-signing-keys   put a new key first and keep the old one, so that links sent before still work
#
# Needs the role Key Vault Secrets Officer on the vault; the deployment gives it to the operator.
set -euo pipefail
umask 077

vault=${1:?usage: secrets.sh VAULT [NAME]}
only=${2:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

exists() {
  az keyvault secret show --vault-name "$vault" --name "$1" --query id --output none 2>/dev/null
}

# Values go through a file of ours alone: a command line is visible to everyone on the machine.
store() {
  az keyvault secret set --vault-name "$vault" --name "$1" --file "$scratch/value" --encoding utf-8 --output none
  echo "  $1: set"
}

ask() {
  local name=$1 question=$2 value
  if [[ -z $only ]] && exists "$name"; then
    echo "  $name: already there"
    return
  fi
  read -rsp "  $question (not shown; empty to leave it out): " value </dev/tty
  echo
  if [[ -z $value ]]; then
    echo "  $name: left out"
    return
  fi
  printf '%s' "$value" >"$scratch/value"
  unset value
  store "$name"
}

new_key() {
  head -c 32 /dev/urandom | base64 | tr -d '\n'
}

signing_keys() {
  if ! exists link-signing-keys; then
    new_key >"$scratch/value"
  elif [[ -n $only ]]; then
    az keyvault secret show --vault-name "$vault" --name link-signing-keys --query value --output tsv |
      cut -d, -f1 | tr -d '\n' >"$scratch/old"
    { new_key; printf ','; cat "$scratch/old"; } >"$scratch/value"
  else
    echo "  link-signing-keys: already there"
    return
  fi
  store link-signing-keys
}

set_one() {
  case $1 in
    teams-webhook-url) ask "$1" "Address of the Teams workflow" ;;
    fallback-webhook-url) ask "$1" "Address of the second channel, outside Microsoft 365" ;;
    fallback-webhook-secret) ask "$1" "Secret of the second channel: base64 of 24 to 64 bytes, or the PagerDuty routing key" ;;
    heartbeat-url) ask "$1" "Address of the dead-man's switch" ;;
    link-signing-keys) signing_keys ;;
    *)
      echo "secrets: there is no secret called $1" >&2
      exit 2
      ;;
  esac
}

echo "Secrets in the vault $vault:"
if [[ -n $only ]]; then
  set_one "$only"
else
  for name in teams-webhook-url fallback-webhook-url fallback-webhook-secret heartbeat-url link-signing-keys; do
    set_one "$name"
  done
fi
echo "The app reads new values within a day by itself; to use them now, restart it:"
echo "  az functionapp restart --resource-group RESOURCE_GROUP --name APP"
