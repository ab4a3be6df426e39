# Two commands: `make demo` sets this machine up and runs the main job; `make test` sets it up and runs the tests.
.DEFAULT_GOAL := help

CC_CI_STATE ?= $(CURDIR)/.state
export CC_CI_STATE

CARGO ?= cargo
CC_CI = $(CARGO) run --quiet --package cc-ci --

# ---- what a person runs

.PHONY: abra dependencies help demo demo-all databases test matrix killed bench settings zero-config pages hooks sandbox
help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## set up, then run the main job: the example recipe miniflux through every tier
	$(CC_CI) run $(CC_CI_STATE)/recipes/miniflux

demo-all: setup all-images ## set up with the images of all examples, then run each of them; not green: exit code 1
	@$(CARGO) build --quiet --package cc-ci
	@CC_CI='$(CC_CI)' sh setup/demo-all.sh

databases: setup all-images ## set up, then test markers, dumps and restores on real MariaDB, Redis and SQLite
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci-engine --test real_data -- databases

test: setup ## set up, then run the tests, those on the real engine with them (about 6 minutes)
	CC_CI_REAL=1 $(CARGO) test --quiet --workspace --no-fail-fast

matrix: setup dependency-images ## set up, then run every sabotaged example and compare with what it must come to
	@sh setup/registry.sh start
	@CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- matrix; code=$$?; sh setup/registry.sh stop; exit $$code

bench: ## time planning, linting and masking beside the least that has to be done for them
	$(CARGO) bench --quiet --package cc-ci --bench local

killed: setup ## set up, then kill and interrupt runs in every tier, and clean up after them
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- killed reaped

abra: setup ## set up, then deploy with a stand-in for abra, green, red and broken (about 2 minutes)
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- abra

dependencies: setup ## set up, then show on real runs what a dependency gives, cold and warm, and how it fails (about 4 minutes)
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- dependencies

settings: setup ## set up, then show on real runs what each setting, overlay and policy does (about 2 minutes)
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- settings

hooks: setup browser-image ## set up, then show hooks, pytest and browser tests on real runs (about 2 minutes)
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- hooks

sandbox: setup ## set up, then let hostile tests try to get out of the sandbox (about 1 minute)
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- sandbox
	CC_CI_REAL=1 $(CARGO) test --package cc-ci-engine --test real_data -- sandbox

zero-config: setup all-images ## set up, then run every example without its tests folder (about 3 minutes)
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- zero_config

pages: setup browser-image ## draw the stored runs, check their pages with axe in a browser, and take pictures of real apps
	@sh setup/pages.sh
	CC_CI_REAL=1 CC_CI_LONG=1 $(CARGO) test --package cc-ci --test real -- pictures

# ---- set-up, one script each; every one does only what is missing

.PHONY: setup machine images dependency-images browser-image all-images recipes
setup: machine images recipes ## all set-up: packages, engine, swarm, images, example recipes
	@sh setup/holder.sh

machine: ## install missing packages, start an engine if none answers, make it a swarm
	@sh setup/packages.sh
	@sh setup/engine.sh
	@sh setup/swarm.sh

dependency-images: machine ## the images that are missing or out of date, and that of the sign-on provider
	@sh setup/images.sh dependencies

images: machine ## build the images that are missing or out of date
	@sh setup/images.sh

browser-image: machine ## the same, and the image of browser tests and screenshots
	@sh setup/images.sh browser

all-images: machine ## the same, and those that only demo-all needs
	@sh setup/images.sh all

recipes: machine ## assemble examples/ into recipe repositories in $CC_CI_STATE/recipes; copy catalogue/ there
	@sh setup/recipes.sh
