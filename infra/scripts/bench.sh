#!/usr/bin/env bash
# Benchmarks of the packages, then the load programs of infra/bench. Compare ratios within one run, not runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
source infra/scripts/packages.sh

dirs=$(test_files '^func Benchmark' | package_dirs)
if [[ -n $dirs ]]; then
  # shellcheck disable=SC2086
  go test -run='^$' -bench=. -benchmem $dirs
fi
if compgen -G 'infra/bench/*.go' >/dev/null; then
  go run ./infra/bench
fi
