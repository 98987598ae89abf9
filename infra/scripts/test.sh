#!/usr/bin/env bash
# All tests but the browser's: the nouns under the race detector, the rest without it (the Graph SDK under
# -race is several gigabytes of compiler and minutes of time), then the Node tests of the local stack.
set -euo pipefail
cd "$(dirname "$0")/../.."
source infra/scripts/packages.sh
timeout=${1:-20m}

raced=$(nouns)
if ! command -v "$(go env CC)" >/dev/null; then
  echo "test: no C compiler here, so the race detector stays off"
  raced=
fi
others=$(all_packages | grep -vxF "$raced" || true)

status=0
if [[ -n $raced ]]; then
  echo "test: packages on the standard library alone, with the race detector"
  # shellcheck disable=SC2086
  CGO_ENABLED=1 go test -race -timeout "$timeout" $raced || status=1
fi
if [[ -n $others ]]; then
  echo "test: the other packages (the first time, compiling the SDKs takes some minutes)"
  # shellcheck disable=SC2086
  go test -timeout "$timeout" $others || status=1
fi
mapfile -t node_tests < <(find infra -name node_modules -prune -o \( -name '*.test.mjs' -o -name '*.test.js' \) -print | sort)
if ((${#node_tests[@]})); then
  echo "test: Node"
  node --test "${node_tests[@]}" || status=1
fi
exit $status
