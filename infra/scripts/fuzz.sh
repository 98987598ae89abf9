#!/usr/bin/env bash
# Runs every fuzz target for a bounded time; a target is found by its name, so there is no list to keep.
set -euo pipefail
cd "$(dirname "$0")/../.."
source infra/scripts/packages.sh
fuzztime=${1:-10s}

count=0
failed=()
while read -r file; do
  [[ -n $file ]] || continue
  dir=$(package_dirs <<<"$file")
  while read -r target; do
    count=$((count + 1))
    echo "fuzz: $target in $dir for $fuzztime"
    go test -run='^$' -fuzz="^$target\$" -fuzztime="$fuzztime" "$dir" || failed+=("$dir $target")
  done < <(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file")
done < <(test_files '^func Fuzz')

echo "fuzz: $count targets, ${#failed[@]} failed"
printf 'fuzz: failed: %s\n' "${failed[@]/#/}" | sed '/failed: $/d'
((${#failed[@]} == 0))
