#!/usr/bin/env bash
# Says in words when Go or Node is missing or too old, before anything fails less clearly.
set -euo pipefail

stop() {
  echo "glasswatch: $1" >&2
  exit 2
}

command -v go >/dev/null || stop "Go is not installed; install Go 1.26 or newer (https://go.dev/dl) and put it on PATH"
go_version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || GOTOOLCHAIN=local go version | awk '{print $3}')
if [[ $go_version =~ ^go([0-9]+)\.([0-9]+) ]]; then
  major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  ((major > 1 || (major == 1 && minor >= 26))) || stop "Go is too old: ${go_version#go} found, 1.26 or newer needed"
fi

command -v node >/dev/null || stop "Node.js is not installed; install Node.js 20.19 or newer and put it on PATH"
node_version=$(node --version)
if [[ $node_version =~ ^v([0-9]+)\.([0-9]+) ]]; then
  major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  ((major > 20 || (major == 20 && minor >= 19))) || stop "Node.js is too old: ${node_version#v} found, 20.19 or newer needed"
fi
command -v npm >/dev/null || stop "npm is not installed; it comes with Node.js"
