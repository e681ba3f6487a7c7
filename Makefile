# erlab: `make lab` shows it, `make test` proves it. Every target installs what it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# What building needs, what running needs, and what only the tests need (Debian names).
BUILD_PACKAGES := gcc libc6-dev make pkg-config clang libclang-dev m4 libelf-dev zlib1g-dev libpcap-dev
RUN_PACKAGES := inetutils-traceroute iproute2 iputils-ping
TEST_PACKAGES := iperf3 ethtool
EBPF_PACKAGES := rustc-web libstd-rust-web-dev-bpf llvm-22-dev libpolly-22-dev
BPF_LINKER_VERSION := 0.13.0
CARGO_DENY_VERSION := 0.20.2

export CARGO := $(CURDIR)/.ci/cargo
BIN := target/release
PROGRAMS := $(BIN)/erlab $(BIN)/msee $(BIN)/ergw $(BIN)/ercontrol

.PHONY: help
help: ## Show this list
	@echo "erlab: the Azure ExpressRoute edge on one Linux box"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: lab
lab: root run-packages build ## Build everything and run the original lab's story (as root)
	@$(BIN)/erlab demo

.PHONY: build
build: rust build-packages ## Build target/release/{erlab,msee,ergw,ercontrol}
	@$(CARGO) build --release --locked --bin erlab --bin msee --bin ergw --bin ercontrol
	@echo "built: $(PROGRAMS)"

# The tests themselves are built unoptimised, which is half of the time; the labs they deploy run
# the released programs.
.PHONY: test
test: root run-packages test-packages build ## Run every test: units, in-kernel fixtures, whole labs (as root)
	@ERLAB_BIN_DIR=$(abspath $(BIN)) $(CARGO) test --locked --workspace --exclude benches --no-fail-fast

# How many frames, and the seed they come from: `make fuzz FRAMES=100000000 SEED=7`.
FRAMES ?= 10000000
SEED ?= $(shell date +%s)

.PHONY: fuzz
fuzz: root rust build-packages run-packages test-packages ## Compare the router's program with the reference forwarder on FRAMES frames of SEED (as root)
	@ERLAB_FUZZ_FRAMES=$(FRAMES) ERLAB_FUZZ_SEED=$(SEED) $(CARGO) test --locked --package msee --test fastpath -- --show-output differential

.PHONY: soak
soak: root run-packages test-packages build ## The long versions of the promises in SPECIFICATION.md (as root)
	@ERLAB_SOAK=1 ERLAB_FUZZ_FRAMES=10000000 $(CARGO) test --locked --package msee --test fastpath --test reliability --test daemon -- --show-output
	@ERLAB_SOAK=1 ERLAB_BIN_DIR=$(abspath $(BIN)) $(CARGO) test --locked --package ergw --test kill --test stop -- --show-output
	@ERLAB_SOAK=1 ERLAB_BIN_DIR=$(abspath $(BIN)) $(CARGO) test --locked --package erlab --test kills --test stop -- --show-output

.PHONY: lint
lint: rust lint-tools build-packages ## Formatting, clippy, licences and bans
	@$(CARGO) fmt --all --check
	@cd ebpf/programs && $(CARGO) fmt --check
	@$(CARGO) clippy --workspace --all-targets --locked --quiet -- -D warnings
	@.ci/cargo-tool cargo-deny $(CARGO_DENY_VERSION)
	@.ci/deny

.PHONY: ebpf
ebpf: ebpf-toolchain ## Rebuild the checked-in eBPF objects (ebpf/prebuilt)
	@ebpf/build.sh

.PHONY: bench
bench: root run-packages rust build-packages ## Benches of the pieces and of the gateway (small for now; as root)
	@$(CARGO) bench --locked --package benches
	@$(CARGO) bench --locked --package ergw --bench rate

.PHONY: clean
clean: ## Remove what was built; running labs are not touched
	@rm -rf target ebpf/programs/target
	@echo "removed: target, ebpf/programs/target"

.PHONY: rust
rust:
	@$(CARGO) --version >/dev/null 2>&1 || { \
	  echo "no Rust that is new enough was found: installing Debian's" && \
	  .ci/packages rustc-web cargo-web && $(CARGO) --version >/dev/null; }

.PHONY: lint-tools
lint-tools: rust
	@$(CARGO) fmt --version >/dev/null 2>&1 || .ci/packages rustfmt-web
	@$(CARGO) clippy --version >/dev/null 2>&1 || { \
	  echo "clippy is missing, and Debian has no package of it: install Rust by rustup" >&2; exit 1; }

.PHONY: build-packages
build-packages:
	@.ci/packages $(BUILD_PACKAGES)

.PHONY: run-packages
run-packages:
	@.ci/packages $(RUN_PACKAGES)

.PHONY: test-packages
test-packages:
	@.ci/packages $(TEST_PACKAGES)

.PHONY: ebpf-toolchain
ebpf-toolchain: rust
	@.ci/packages $(EBPF_PACKAGES)
	@LLVM_PREFIX=/usr/lib/llvm-22 .ci/cargo-tool bpf-linker $(BPF_LINKER_VERSION) --no-default-features --features llvm-22

.PHONY: root
root:
	@if [ "$$(id -u)" != 0 ]; then \
	  echo "this needs root: network namespaces, XDP and AF_XDP. Try: sudo make $(or $(MAKECMDGOALS),help)" >&2; exit 1; \
	fi
