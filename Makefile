# `make` alone lists the targets. Every target does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: help setup build build-ts build-c generate demo rib test test-unit check format bench fuzz soak bare pack clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## install Debian packages (tools/packages.txt) and npm packages (package-lock.json)
	@tools/setup

build: build-ts build-c ## compile TypeScript to dist/, C and BPF to dataplane/build/

build-ts: setup
	@node tools/build.mjs

build-c: setup
	@$(MAKE) -s -C dataplane

generate: build-ts ## make JSON Schemas and C headers from contract/
	@node tools/generate.mjs

demo: build ## the main job: verify the demo fabric, on real BGP, in the twin and in a real lab
	@./ztos verify topologies/demo-bgp.yaml

# SEED=N another first seed, FABRICS=N another number, AGAIN=1 also what was found equal before.
rib: build ## 200 generated fabrics on real daemons against the twin; interrupted, it goes on where it was
	@node tools/rib.mjs $(if $(SEED),--seed $(SEED)) $(if $(FABRICS),--fabrics $(FABRICS)) $(if $(AGAIN),--again)

test: build ## everything; the last line is "N passed, N failed, N skipped"
	@node tools/test.mjs

test-unit: build-ts ## only the tests beside the sources
	@node tools/test.mjs unit

check: build-ts ## lint, format, dead code, layers, types, generated files
	@node tools/check.mjs

format: setup ## write every file as the format check wants it
	@node_modules/.bin/prettier --write --log-level warn .
	@node tools/format-c.mjs

bench: build ## measure; results go to bench/out/
	@node dist/bench/main.js

fuzz: setup ## fuzz whatever reads input, 10 minutes a target; SECONDS=N for another time
	@$(MAKE) -s -C dataplane fuzz SECONDS=$(or $(SECONDS),600)

soak: build ## sealed labs whose keys change for half an hour; SECONDS=N for another time
	@ZT_SOAK=$(or $(SECONDS),1800) node_modules/.bin/vitest run --project soak

bare: ## make demo and make test in a fresh Debian 12 root with Node 20 alone, twice
	@tools/bare

pack: build ## the npm package, in build/
	@node tools/pack.mjs

clean: ## remove everything that was built
	@rm -rf dist schema build coverage test-results .cache/tsc .cache/prettier
	@if [ -f dataplane/Makefile ]; then $(MAKE) -C dataplane clean; fi
