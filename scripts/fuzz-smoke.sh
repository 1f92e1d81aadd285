#!/bin/bash
# Runs the fuzz targets for some seconds each, under the address sanitizer: fuzz-smoke.sh [SECONDS] [TARGET...]
# The flags are those of cargo-fuzz, which therefore need not be installed (`cargo +nightly fuzz run TARGET` is for long
# runs). It starts from the inputs in fuzz/corpus and keeps what it finds in target/fuzz/found, so that the tree stays
# as it is; an input that fails is left in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

seconds=${1:-20}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(cd fuzz/fuzz_targets && ls | sed -n 's/\.rs$//p')
if ! cargo +nightly --version > /dev/null 2>&1; then
    skip fuzz "no nightly toolchain (rustup toolchain install nightly)"
    exit 0
fi
export CARGO_TARGET_DIR=$PWD/target/fuzz
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Ccodegen-units=1 -Cdebug-assertions -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS=$(echo $RUSTFLAGS)
cargo +nightly build --release --locked --manifest-path fuzz/Cargo.toml --bins --target x86_64-unknown-linux-gnu

failed=""
for target; do
    mkdir -p "target/fuzz/found/$target" "fuzz/artifacts/$target"
    echo "== $target, $seconds s"
    # Threads of theirs end a moment after the run that began them: what they still hold is no leak, and looked for at the end.
    case $target in relay | calls_distinct) leaks=0 ;; *) leaks=1 ;; esac
    "target/fuzz/x86_64-unknown-linux-gnu/release/$target" -dict=fuzz/smtp.dict -max_len=2000 -timeout=10 \
        -rss_limit_mb=1024 -max_total_time="$seconds" -artifact_prefix="fuzz/artifacts/$target/" -verbosity=0 -detect_leaks=$leaks \
        -print_final_stats=1 "target/fuzz/found/$target" "fuzz/corpus/$target" 2>&1 | tail -20 || failed="$failed $target"
done
if [ -n "$failed" ]; then
    echo "failed:$failed (the inputs are in fuzz/artifacts)" >&2
    exit 1
fi
