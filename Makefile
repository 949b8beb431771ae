# What people and machines run here. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Everything else in the workspace comes from the lock file, and nothing updates it by the way.
CARGO := cargo
LOCKED := --locked
# Where cargo puts what it builds. What is built together is also started from there: cargo run would build it anew, with
# the features that it alone needs.
BUILT := $(or $(CARGO_TARGET_DIR),target)
# What the system benchmark is asked for.
BENCH ?= --peer kamailio

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Two softphones call each other through a call server; one screen shows how it went
	@tests/setup/prepare demo
	@echo "Building the release binaries; the first time takes some minutes."
	@$(CARGO) build $(LOCKED) --release --bins -p callserver -p softphone -p end-to-end
	@$(BUILT)/release/demo

.PHONY: build
build: ## Release binaries: callserver, callctl, softphone
	@tests/setup/prepare build
	@$(CARGO) build $(LOCKED) --release --bins -p callserver -p softphone

.PHONY: man
man: ## Manual pages of callserver and callctl, into MAN (~/.local/share/man/man1)
	@tests/setup/prepare build
	@$(CARGO) build $(LOCKED) --release --bins -p callserver
	@$(BUILT)/release/callctl man "$${MAN:-$$HOME/.local/share/man/man1}"

.PHONY: test
test: ## Everything that continuous integration runs: lint, then all tests
	@tests/setup/prepare test
	@$(MAKE) lint
	@tests/setup/run-tests

.PHONY: lint
lint: ## Format, clippy with warnings as errors, layout rules, licences and bans
	@tests/setup/prepare test
	$(CARGO) fmt --all --check
	$(CARGO) test $(LOCKED) --quiet -p tidy
	@tests/setup/cargo-deny --locked --log-level error check licenses bans sources
	@tests/setup/advisories
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- -D warnings

.PHONY: soak
soak: ## Robustness at length: 1,000 races for a number, 50 crashes, a million damaged messages, 300 calls that outlive their server, a million messages under 300 crashes, 500 changes of numbers under 200 calls, a file of 2 GB from softphone to softphone, then an hour of random bytes at every port during a call, then schemathesis
	@tests/setup/prepare test
	@CARILLON_RACES=$${CARILLON_RACES:-1000} CARILLON_RACERS=$${CARILLON_RACERS:-200} CARILLON_KILLS=$${CARILLON_KILLS:-50} \
		$(CARGO) test $(LOCKED) --release -p end-to-end --test e2e -- --nocapture --test-threads 1 races kills
	@CARILLON_MUTATIONS=$${CARILLON_MUTATIONS:-1000000} $(CARGO) test $(LOCKED) --release -p damage -- --nocapture
	@CARILLON_OUTLIVING_CALLS=$${CARILLON_OUTLIVING_CALLS:-300} \
		$(CARGO) test $(LOCKED) --release -p end-to-end --test e2e -- --nocapture --test-threads 1 outliving
	@CARILLON_ROOM_MESSAGES=$${CARILLON_ROOM_MESSAGES:-111112} CARILLON_ROOM_KILLS=$${CARILLON_ROOM_KILLS:-300} \
		$(CARGO) test $(LOCKED) --release -p callserver --test programs -- --nocapture room_kills
	@CARILLON_NUMBER_CHANGES=$${CARILLON_NUMBER_CHANGES:-500} \
		$(CARGO) test $(LOCKED) --release -p end-to-end --test e2e -- --nocapture number_changes
	@CARILLON_FILE_MEGABYTES=$${CARILLON_FILE_MEGABYTES:-2000} \
		$(CARGO) test $(LOCKED) --release -p end-to-end --test e2e -- --nocapture softphone_files
	@CARILLON_SOAK_SECONDS=$${CARILLON_SOAK_SECONDS:-3600} CARILLON_API_SECONDS=$${CARILLON_API_SECONDS:-600} CARILLON_MUTATIONS=$${CARILLON_MUTATIONS:-1000000} \
		$(CARGO) test $(LOCKED) --release -p end-to-end --test e2e -- --nocapture --test-threads 1 robustness mutations http_interface

.PHONY: fuzz
fuzz: ## Fuzzes every reader of what strangers send, FUZZ_SECONDS each (60); what it finds lies in tests/fuzz/artifacts
	@tests/setup/prepare test
	@tests/setup/fuzz $${FUZZ_SECONDS:-60}

.PHONY: bench
bench: ## Parser and codec benches, the parser beside sofia-sip's, then processor time of the real server per unit of work
	@tests/setup/prepare bench
	$(CARGO) bench $(LOCKED) -p sip -p media --benches
	$(CARGO) bench $(LOCKED) -p callserver --bench numbers
	$(CARGO) build $(LOCKED) --release --bins -p callserver -p bench
	$(BUILT)/release/parsers
	$(BUILT)/release/bench $(BENCH)
	$(BUILT)/release/bench --only rooms --peer prosody

.PHONY: fmt
fmt: ## Format all sources
	@$(CARGO) fmt --all
