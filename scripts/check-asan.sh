#!/bin/bash
# The tests under the address sanitizer, leaks included. Arguments go to `cargo test` (default: the library's own tests
# and all of tests/).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

if ! cargo +nightly --version > /dev/null 2>&1; then
    skip asan "no nightly toolchain (rustup toolchain install nightly)"
    exit 0
fi
[ $# -gt 0 ] || set -- --lib --tests
export CARGO_TARGET_DIR=$PWD/target/asan
export RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes"
# Programs that the tests build in C are not instrumented by this; what they load needs the runtime to come first.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1}
export HELO_SANITIZER=address
# A target by name keeps the flags away from build scripts and macros.
exec cargo +nightly test --locked --no-fail-fast --target x86_64-unknown-linux-gnu "$@"
