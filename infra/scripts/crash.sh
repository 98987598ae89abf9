#!/usr/bin/env bash
# Kills the process under load, GLASSWATCH_CRASH_KILLS times, in the tests that read that variable.
set -euo pipefail
cd "$(dirname "$0")/../.."
source infra/scripts/packages.sh
: "${GLASSWATCH_CRASH_KILLS:=200}"
export GLASSWATCH_CRASH_KILLS

files=$(test_files 'GLASSWATCH_CRASH_KILLS')
if [[ -z $files ]]; then
  echo "crash: no test reads GLASSWATCH_CRASH_KILLS" >&2
  exit 1
fi
# shellcheck disable=SC2046
go test -count=1 -v -timeout 120m -run "$(test_names <<<"$files")" $(package_dirs <<<"$files")
