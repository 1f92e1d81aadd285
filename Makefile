# libhelo. `make help` lists what there is; each target is a call of cargo or of a script in scripts/.

prefix ?= /usr/local
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
CARGO ?= cargo
# Seconds for each fuzz target of `make fuzz-smoke`.
FUZZ_SECONDS ?= 20
# Seconds for `make check-model`.
MODEL_SECONDS ?= 600
# Seconds for `make check-service`.
SERVICE_SECONDS ?= 600

.PHONY: help build windows firmware size demo check check-rust check-c check-python check-interop headers bench fuzz-smoke \
	check-pair check-erratic check-model check-service check-fork check-unload check-asan check-tsan check-windows setup-tests install clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1~\2/p' Makefile | column -t -s '~'

build: ## the shared and the static library, helo-server and helo-check, in target/release
	$(CARGO) build --release

windows: ## helo.dll, its import libraries and the programs for Windows 7 and newer, in target/windows (docs/distinct.md)
	scripts/windows.sh

firmware: ## small ones without TLS, in target/firmware (FEATURES, CC, TARGET: docs/firmware.md)
	scripts/firmware.sh $(TARGET)

size: ## what the library weighs, with and without TLS, and for firmware
	scripts/size.sh

demo: ## builds everything and sends a real message file through the Distinct API
	scripts/demo.sh

check: ## everything that can run here; what cannot is listed as skipped
	scripts/check.sh setup rust c python interop

check-rust: ## Rust tests: engine, wire dialogues, hostile inputs
	scripts/check.sh rust

check-c: ## C programs, generated headers, exported names
	scripts/check.sh c

check-python: ## the Python package and its example
	scripts/check.sh python

check-interop: ## real mail servers on this machine
	scripts/check.sh interop

setup-tests: ## installs what the tests need (as root; otherwise says what is missing)
	scripts/setup-tests.sh all

headers: ## writes include/ afresh from the faces
	HELO_WRITE_HEADERS=1 $(CARGO) build --package helo --lib

bench: ## the numbers of README's table
	scripts/bench.sh

fuzz-smoke: ## each fuzz target for a short while
	scripts/fuzz-smoke.sh $(FUZZ_SECONDS)

check-pair: ## client and server under a simulated clock, by many more chances than in check
	PROPTEST_CASES=20000 $(CARGO) test --release --locked --test pair

check-erratic: ## lists and the relay against servers that do anything, by many more chances than in check
	PROPTEST_CASES=200000 $(CARGO) test --package helo --release --locked --test erratic

check-model: ## the server beside a model of RFC 5321, for MODEL_SECONDS
	HELO_MODEL_SECONDS=$(MODEL_SECONDS) $(CARGO) test --package helo --release --locked --test model -- --nocapture

check-service: ## helo-server for SERVICE_SECONDS among honest and hostile clients, with changes of certificate and users
	HELO_SERVICE_SECONDS=$(SERVICE_SECONDS) $(CARGO) test --package helo --release --locked --test helo_server soak -- --nocapture

check-fork: ## 10,000 children of fork under load, in C and in Python, by the release library
	scripts/check.sh setup fork

check-asan: ## the tests under the address sanitizer
	scripts/check-asan.sh

check-tsan: ## the tests with threads under the thread sanitizer, standard library included
	scripts/check-tsan.sh

check-unload: ## the release library loaded and unloaded 10,000 times with mails, name lookups and callbacks on their way
	HELO_UNLOADS=10000 $(CARGO) test --release --locked --test process unloaded -- --nocapture

check-windows: ## the Windows DLLs and programs of both widths, under Wine
	scripts/check-windows.sh

install: build ## into $(DESTDIR)$(prefix): library, headers, helo.pc, programs, pages with examples of a service
	scripts/install.sh "$(DESTDIR)" "$(prefix)" "$(libdir)" "$(includedir)"

clean: ## removes what was built
	$(CARGO) clean
