#!/usr/bin/env bash
# Holds the Bicep files to the code; where a Bicep compiler is installed, builds and lints them too.
set -euo pipefail
cd "$(dirname "$0")/../.."

go test ./infra/bicepcheck

if command -v bicep >/dev/null; then
  compiler=(bicep)
elif command -v az >/dev/null && az bicep version >/dev/null 2>&1; then
  compiler=(az bicep)
else
  echo "infra: no Bicep compiler on PATH (bicep, or az with its bicep): syntax and tests only, types were not checked"
  exit 0
fi

build() {
  if [[ ${compiler[0]} == az ]]; then
    az bicep "$1" --file "$2" "${@:3}"
  else
    bicep "$1" "$2" "${@:3}"
  fi
}
for file in infra/main.bicep infra/graph.bicep; do
  build lint "$file"
  build build "$file" --stdout >/dev/null
  echo "infra: $file builds"
done
