#!/usr/bin/env bash
# The tests that look at cards and pages in headless Chromium: those in files with the build tag `browser`.
set -euo pipefail
cd "$(dirname "$0")/../.."
source infra/scripts/packages.sh
timeout=${1:-20m}

find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  return 1
}

if ! find_chromium >/dev/null; then
  if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
    echo "test-browser: no Chromium on PATH; install it (Debian: apt-get install chromium, as root) and try again" >&2
    exit 2
  fi
  echo "test-browser: installing Debian's Chromium (once, about a minute)"
  log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "test-browser: Chromium could not be installed; the lines above say why" >&2
    exit 2
  fi
  rm -f "$log"
fi
CHROMIUM=$(find_chromium)
export CHROMIUM

files=$(test_files '^//go:build browser')
if [[ -z $files ]]; then
  echo "test-browser: there are no browser tests"
  exit 0
fi
# shellcheck disable=SC2046
go test -tags browser -timeout "$timeout" -run "$(test_names <<<"$files")" $(package_dirs <<<"$files")
