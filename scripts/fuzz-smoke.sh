#!/bin/bash
# Runs each fuzz target for some seconds (default 20), from the kept corpus on. The flags are those of cargo-fuzz, which
# therefore need not be installed. For a long run: `cargo +nightly fuzz run TARGET`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

seconds=${1:-20}
if ! cargo +nightly --version > /dev/null 2>&1; then
    skip fuzz "no nightly toolchain (rustup toolchain install nightly)"
    exit 0
fi
export CARGO_TARGET_DIR=$PWD/target/fuzz
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="$(echo --cfg fuzzing $coverage) -Zsanitizer=address -Ccodegen-units=1 -Cdebug-assertions" \
    cargo +nightly build --release --manifest-path fuzz/Cargo.toml --bins --target x86_64-unknown-linux-gnu

failed=""
for source in fuzz/fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    # What is found in passing goes to a folder of its own: the corpus is kept by hand.
    mkdir -p "target/fuzz/found/$target" "fuzz/artifacts/$target"
    corpus="target/fuzz/found/$target"
    [ -d "fuzz/corpus/$target" ] && corpus="$corpus fuzz/corpus/$target"
    echo "== $target, $seconds s"
    # shellcheck disable=SC2086
    "target/fuzz/x86_64-unknown-linux-gnu/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="fuzz/artifacts/$target/" -print_final_stats=1 $corpus 2>&1 | tail -20 \
        || failed="$failed $target"
done
if [ -n "$failed" ]; then
    echo "failed:$failed (the inputs are in fuzz/artifacts)" >&2
    exit 1
fi
