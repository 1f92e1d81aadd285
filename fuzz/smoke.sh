#!/bin/sh
# Runs every fuzz target for some seconds with the address sanitizer: fuzz/smoke.sh [SECONDS] [TARGET...]
# It needs the nightly toolchain and cargo-fuzz (cargo install cargo-fuzz --locked). It starts from the inputs in
# fuzz/corpus and keeps what it finds in fuzz/target, so that the tree stays as it is; an input that fails is left in
# fuzz/artifacts.
set -eu
cd "$(dirname "$0")"
seconds=${1:-20}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\([a-z]*\)"$/\1/p' Cargo.toml)
for target; do
    mkdir -p "target/found/$target"
    echo "fuzz: $target for $seconds s"
    cargo +nightly fuzz run "$target" "target/found/$target" "corpus/$target" -- \
        -dict=smtp.dict -max_len=2000 -timeout=10 -rss_limit_mb=1024 -max_total_time="$seconds" \
        -verbosity=0 -print_final_stats=1
done
