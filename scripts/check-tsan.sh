#!/bin/bash
# The tests under the thread sanitizer. The standard library is instrumented too (built from source), since it would
# otherwise report what is not a race. Arguments go to `cargo test` (default: the library's own tests,
# tests/threads.rs and what runs the server).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

have tsan /usr/bin/rustc clang-22 || exit 0
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
if [ ! -d "$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library/std" ]; then
    skip tsan "no source of the standard library for $("$RUSTC" --version) (scripts/setup-tests.sh all installs it)"
    exit 0
fi
if [ $# -eq 0 ]; then
    set -- --lib --test=server --test=helo_server --test=spool
    for file in tests/threads*.rs; do
        [ -f "$file" ] && set -- "$@" "--test=$(basename "$file" .rs)"
    done
fi
export CARGO_TARGET_DIR=$PWD/target/tsan
export RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=clang-22 -Clink-arg=-fsanitize=thread"
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
export HELO_SANITIZER=thread
exec cargo test --package helo --locked --no-fail-fast --target x86_64-unknown-linux-gnu -Zbuild-std "$@"
