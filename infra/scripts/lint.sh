#!/usr/bin/env bash
# Lints Go, shell and Node files with the tools pinned in infra/tools. FAST=1 leaves out the packages that
# compile the Graph SDK (three gigabytes of memory and minutes of time); `lint.sh format` rewrites files.
set -euo pipefail
cd "$(dirname "$0")/../.."
source infra/scripts/packages.sh

golangci() {
  go tool -modfile=infra/tools/go.mod golangci-lint "$@"
}

if [[ ${1:-} == format ]]; then
  golangci fmt
  exit
fi

for script in .ci/run infra/scripts/*.sh; do
  bash -n "$script"
done
while read -r file; do
  node --check "$file"
done < <(find infra -name node_modules -prune -o \( -name '*.mjs' -o -name '*.js' -o -name '*.cjs' \) -print)

# Every suppression is a rule that we do not trust ourselves with; more than five means the rules are wrong.
suppressions=$(grep -rnE --include='*.go' --exclude-dir=node_modules '//\s*nolint|#nosec' handlers shared infra || true)
count=$(grep -c . <<<"$suppressions" || true)
if ((count > 5)); then
  printf '%s\n' "$suppressions" >&2
  echo "lint: $count suppressions, five at most" >&2
  exit 1
fi

echo "lint: the first time this builds golangci-lint (one and a half minutes)"
packages=./...
if [[ -n ${FAST:-} ]]; then
  packages=$(without_sdk | sed 's#^glasswatch/#./#')
fi
# shellcheck disable=SC2086
golangci run --allow-parallel-runners $packages
