# Everything that Glasswatch can do to itself. `make help` lists the targets.
# It needs Go 1.26, Node 20 and make; each target installs whatever else it needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# One set of flags for building, testing, vetting and linting: with two, the Graph SDK is compiled twice.
export GOFLAGS := -trimpath -buildvcs=false
# The program is packed without cgo; with it on elsewhere, everything would be compiled twice, the Graph SDK too.
export CGO_ENABLED := 0
export GOTOOLCHAIN ?= local

ARGS ?=
FUZZTIME ?= 10s
KILLS ?= 200
FAST ?=
TIMEOUT ?= 20m

LOCK := infra/local/package-lock.json
STAMP := infra/local/node_modules/.glasswatch-stamp
TOOL := go tool -modfile=infra/tools/go.mod

.PHONY: help
help: ## say what can be made
	@echo "make TARGET [NAME=value]"; echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

.PHONY: run
run: needs $(STAMP) ## start the local stack and play its story; ARGS=--once plays it without waiting and checks it
	@go run ./infra/local $(ARGS)

.PHONY: test
test: needs $(STAMP) ## all tests but the browser's, Go and Node; the nouns under the race detector
	@infra/scripts/test.sh $(TIMEOUT)

.PHONY: test-browser
test-browser: needs $(STAMP) ## look at cards and pages in headless Chromium (installs Debian's when there is none)
	@infra/scripts/test-browser.sh $(TIMEOUT)

.PHONY: crash
crash: needs $(STAMP) ## kill the process under load at random points; KILLS=200
	@GLASSWATCH_CRASH_KILLS=$(KILLS) infra/scripts/crash.sh

.PHONY: fuzz
fuzz: needs ## every fuzz target for FUZZTIME=10s each
	@infra/scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: needs $(STAMP) ## speed and size, as ratios within one run
	@infra/scripts/bench.sh

.PHONY: lint
lint: needs ## golangci-lint over everything; FAST=1 leaves out what compiles the Graph SDK
	@FAST=$(FAST) infra/scripts/lint.sh

.PHONY: deadcode
deadcode: needs ## functions of the binary that nothing calls
	@$(TOOL) deadcode ./handlers

.PHONY: vuln
vuln: needs ## known vulnerabilities in what the binary calls; asks vuln.go.dev
	@$(TOOL) govulncheck ./handlers

.PHONY: format
format: needs ## rewrite Go files as the linter wants them
	@infra/scripts/lint.sh format

.PHONY: package
package: needs ## dist/ and dist/glasswatch.zip, the same bytes from the same commit
	@go run ./infra/packer

.PHONY: infra
infra: needs $(STAMP) ## hold the Bicep files to the code; build and lint them where a Bicep compiler is installed
	@infra/scripts/bicep.sh

.PHONY: clean
clean: ## remove what was built here
	@rm -rf dist .local infra/local/node_modules

.PHONY: needs
needs:
	@infra/scripts/needs.sh

$(STAMP): $(LOCK)
	@echo "installing the npm parts of the local stack (once, about 20 s)"
	@cd infra/local && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
