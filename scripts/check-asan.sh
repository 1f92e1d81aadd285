#!/bin/bash
# The Rust tests under the address sanitizer, leaks included. (The C programs run under their compiler's sanitizers in
# `make check-c` already.) Arguments go to `cargo test` instead of the default.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

if ! cargo +nightly --version > /dev/null 2>&1; then
    skip asan "no nightly toolchain (rustup toolchain install nightly)"
    exit 0
fi
# shellcheck disable=SC2046
# The engine and the server. What else there is measures memory, threads and leaks of its own, which the sanitizer
# changes; the faces are run from C under it by tests/c.rs.
[ $# -gt 0 ] || set -- --lib --bins --test=authentication --test=delivery --test=session --test=server --test=helo_server \
    --test=spool
export CARGO_TARGET_DIR=$PWD/target/asan
export RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1}
export HELO_SANITIZER=address
# A target by name keeps the flags away from build scripts and macros.
exec cargo +nightly test --package helo --locked --no-fail-fast --target x86_64-unknown-linux-gnu "$@"
