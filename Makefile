# Two commands: `make demo` sets this machine up and runs the main job; `make test` sets it up and runs the tests.
.DEFAULT_GOAL := help

CC_CI_STATE ?= $(CURDIR)/.state
export CC_CI_STATE

CARGO ?= cargo
CC_CI = $(CARGO) run --quiet --package cc-ci --

# Tests on the real engine are ignored unless a target asks for them: those of `make test`, and long tables.
REAL = $(CARGO) test --quiet --no-fail-fast --package cc-ci --package cc-ci-engine --test it --test real_data
LONG = $(CARGO) test --package cc-ci --test real_long --

# Prints the folder that cargo builds in.
TARGET_FOLDER = $(CARGO) metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'

# ---- what a person runs

.PHONY: abra deb dependencies deb-check forge searched server server-demo server-figures served warm help demo demo-all databases test nightly matrix killed quick from-all bench fuzz settings zero-config pages hooks sandbox selftest sweep
help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## set up, then run the main job: the example recipe miniflux through every tier
	$(CC_CI) run $(CC_CI_STATE)/recipes/miniflux

demo-all: setup all-images ## set up with the images of all examples, then run each of them; not green: exit code 1
	@$(CARGO) build --quiet --package cc-ci
	@CC_CI='$(CC_CI)' sh setup/demo-all.sh

databases: setup all-images ## set up, then test markers, dumps and restores on real MariaDB, Redis and SQLite
	$(CARGO) test --package cc-ci-engine --test real_data_long -- --ignored
	$(CARGO) test --package cc-ci-engine --test real_data -- --ignored sqlite

# Set-up mostly waits for packages and images, so that the tests are compiled meanwhile; the compiler comes first (setup/packages.sh).
# Tests without an engine mostly wait, so that there are more of them at once than cores.
test: ## set up, then run the tests, those on the real engine with them (about 6 minutes)
	@code=0; engine=yes; sh setup/packages.sh; $(MAKE) --no-print-directory setup & setup=$$!; \
	$(CARGO) test --quiet --workspace --no-run || code=1; wait $$setup || { code=1; engine=no; }; \
	[ $$code = 0 ] || [ $$engine = no ] || exit 1; \
	RUST_TEST_THREADS=8 $(CARGO) test --quiet --workspace --no-fail-fast || code=1; \
	if [ $$engine = yes ]; then echo "on the real engine:"; $(REAL) -- --ignored || code=1; \
	else echo "no engine: the tests that need one were ignored"; fi; exit $$code

nightly: setup all-images dependency-images browser-image ## set up, then run every test there is, the long tables with them (hours)
	@sh setup/registry.sh start
	@code=0; $(CARGO) test --quiet --workspace --no-fail-fast || code=1; echo "on the real engine:"; \
	$(REAL) --test real_long --test real_data_long -- --ignored || code=1; sh setup/registry.sh stop; exit $$code

matrix: setup dependency-images ## set up, then run every sabotaged example and compare with what it must come to
	@sh setup/registry.sh start
	@$(LONG) --ignored matrix; code=$$?; sh setup/registry.sh stop; exit $$code

selftest: setup selftest-images ## set up, then try every case of `cc-ci selftest` and print the score (hours)
	@sh setup/registry.sh start
	@$(CC_CI) selftest; code=$$?; sh setup/registry.sh stop; exit $$code

bench: ## time planning, linting and masking beside the least that has to be done for them
	$(CARGO) bench --quiet --package cc-ci --bench local

fuzz: ## feed every reader of other people's texts with broken ones, CC_CI_FUZZ_SECONDS=20 each; what breaks one is kept and named
	$(CARGO) bench --quiet --package cc-ci --bench fuzz

killed: setup ## set up, then kill and interrupt runs in every tier and promotions at every point, and clean up after them
	$(REAL) -- --ignored real::killed real::reaped
	$(LONG) --ignored killed reaped

sweep: setup dependency-images ## set up, then sweep over six recipes, with a provider that fails and a hook that cheats (about 6 minutes)
	$(LONG) --ignored swept

quick: setup all-images ## set up, then kill and measure quick runs beside cold ones (about 30 minutes)
	$(LONG) --ignored quick

from-all: setup all-images ## set up, then upgrade from several versions of two examples, sound, sabotaged, interrupted (about 7 minutes)
	$(LONG) --ignored upgraded

server-demo: setup ## set up, then a forge, a server, two pull requests of miniflux and their answers; END=1 ends it by itself
	@$(CARGO) build --quiet --package cc-ci
	@$(CARGO) build --quiet --package cc-ci-testkit --example server_demo
	@folder=$$($(TARGET_FOLDER))/debug; \
	"$$folder/examples/server_demo" "$$folder/cc-ci" "$(CC_CI_STATE)" $(if $(END),--end)

server: ## kill the server at each of its ten points 20 times, measure how soon comments are seen, then try 10,000 orders (an hour)
	CC_CI_KILLS=20 $(CARGO) test --package cc-ci-server --test it -- killed
	CC_CI_LATENCY=1 $(CARGO) test --package cc-ci-server --test it -- --test-threads 1 --nocapture latency
	CC_CI_AT_ONCE=8 CC_CI_ORDERS=10000 $(CARGO) test --package cc-ci-server --test it -- interleaved

server-figures: setup ## set up, then measure an idle server, and runs with and without a hundred onlookers (about 3 minutes, quiet machine)
	$(CARGO) build --release --locked --package cc-ci
	@$(CARGO) build --quiet --package cc-ci-testkit --example server_figures
	@folder=$$($(TARGET_FOLDER)); "$$folder/debug/examples/server_figures" "$$folder/release/cc-ci" "$(CC_CI_STATE)/recipes/static-site"

deb: ## build the program and make a Debian package of it in target/deb: binary, unit, settings, completions, manual
	$(CARGO) build --release --locked --package cc-ci
	@folder=$$($(TARGET_FOLDER)); sh setup/deb.sh "$$folder/release/cc-ci" "$$folder/deb"

deb-check: setup deb ## install the package in a clean Debian, upgrade it while a run goes on, remove it (root)
	@folder=$$($(TARGET_FOLDER)); sh setup/deb-check.sh "$$(ls -t "$$folder"/deb/cc-ci_*.deb | head -n 1)"

served: setup ## set up, then kill a server before, in and after real runs (about 3 minutes)
	$(REAL) -- --ignored real::served
	$(LONG) --ignored served

searched: setup ## set up, then name planted commits and tests that fail by chance (about 15 minutes)
	$(LONG) --ignored searched

warm: setup ## set up, then move a warm provider to newer versions, sound and broken, killed and held (about 8 minutes)
	$(LONG) --ignored warm

forge: ## ask a real forge the questions of the stand-in: CC_CI_FORGE_URL, _TOKENS (folder of `bot` and `member`), _REPO, _PULL
	$(CARGO) test --package cc-ci-forge --test it -- --ignored real::a_real_forge
	@if [ -n "$$CC_CI_FORGE_API" ]; then $(CARGO) test --package cc-ci-forge --test it -- --ignored real::described; \
	else echo "no published description was read: CC_CI_FORGE_API is not set"; fi

abra: setup ## set up, then deploy with a stand-in for abra, green, red and broken (about 2 minutes)
	$(REAL) -- --ignored real::abra
	$(LONG) --ignored abra

dependencies: setup ## set up, then show on real runs what a dependency gives, cold and warm, and how it fails (about 4 minutes)
	$(REAL) -- --ignored real::dependencies
	$(LONG) --ignored dependencies

settings: setup ## set up, then show on real runs what each setting, overlay and policy does (about 2 minutes)
	$(LONG) --ignored settings

hooks: setup browser-image ## set up, then show hooks, pytest and browser tests on real runs (about 2 minutes)
	$(LONG) --ignored hooks

sandbox: setup ## set up, then let hostile tests try to get out of the sandbox (about 1 minute)
	$(LONG) --ignored sandbox
	$(CARGO) test --package cc-ci-engine --test real_data -- --ignored sandbox

zero-config: setup all-images ## set up, then run every example without its tests folder (about 3 minutes)
	$(LONG) --ignored zero_config

pages: setup browser-image ## draw the stored runs, check their pages with axe in a browser, and take pictures of real apps
	@sh setup/pages.sh
	$(LONG) --ignored pictures

# ---- set-up, one script each; every one does only what is missing

.PHONY: setup machine images dependency-images selftest-images browser-image all-images recipes
setup: machine images recipes ## all set-up: packages, engine, swarm, images, example recipes
	@sh setup/holder.sh

machine: ## install missing packages, start an engine if none answers, make it a swarm
	@sh setup/packages.sh
	@sh setup/engine.sh
	@sh setup/swarm.sh

dependency-images: machine ## the images that are missing or out of date, and that of the sign-on provider
	@sh setup/images.sh dependencies

selftest-images: machine ## the same, and those that the cases of the self-test deploy
	@sh setup/images.sh selftest

images: machine ## build the images that are missing or out of date
	@sh setup/images.sh

browser-image: machine ## the same, and the image of browser tests and screenshots
	@sh setup/images.sh browser

all-images: machine ## the same, and those that only demo-all needs
	@sh setup/images.sh all

recipes: machine ## assemble examples/ into recipe repositories in $CC_CI_STATE/recipes; copy catalogue/ there
	@sh setup/recipes.sh
