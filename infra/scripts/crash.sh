#!/usr/bin/env bash
# Kills the process under load, GLASSWATCH_CRASH_KILLS times, in the tests that read that variable.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${GLASSWATCH_CRASH_KILLS:=200}"
export GLASSWATCH_CRASH_KILLS

said=$(mktemp)
trap 'rm -f "$said"' EXIT
go test -count=1 -v -timeout 120m -run '^TestCrash$' ./infra/local/trial | tee "$said"
if grep -q 'no tests to run' "$said"; then
  echo "crash: there is no TestCrash in infra/local/trial any more" >&2
  exit 1
fi
