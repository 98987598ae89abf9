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
  # Tests of the local stack build the program themselves, which the test cache does not see.
  stack=$(grep '^glasswatch/infra/' <<<"$others" || true)
  rest=$(grep -v '^glasswatch/infra/' <<<"$others" || true)
  # shellcheck disable=SC2086
  [[ -z $rest ]] || go test -timeout "$timeout" $rest || status=1
  # shellcheck disable=SC2086
  [[ -z $stack ]] || go test -count=1 -timeout "$timeout" $stack || status=1
fi
mapfile -t node_tests < <(find infra -name node_modules -prune -o \( -name '*.test.mjs' -o -name '*.test.js' \) -print | sort)
if ((${#node_tests[@]})); then
  echo "test: Node"
  node --test "${node_tests[@]}" || status=1
fi
exit $status
