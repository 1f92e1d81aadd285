#!/bin/bash
# Builds the library for firmware, small: the faces named in FEATURES without TLS, policies of time zones and the like,
# and the standard library of Rust made anew without what firmware has no use for. Prints what it weighs.
#
#   scripts/firmware.sh                                  for this machine
#   CC=arm-linux-gnueabihf-gcc scripts/firmware.sh armv7-unknown-linux-gnueabihf
#
# FEATURES is netx-client unless said otherwise; docs/firmware.md has the list. The result: target/firmware/TARGET/small.
set -euo pipefail
cd "$(dirname "$0")/.."

features=${FEATURES:-netx-client}
host=$(rustc -vV | sed -n 's/^host: //p')
target=${1:-$host}
cc=${CC:-cc}
strip=$(echo "$cc" | sed -n 's/gcc$//p')strip
upper=$(echo "$target" | tr 'a-z-' 'A-Z_')
folder=target/firmware/$target/small

# The standard library can be made anew only by a compiler that has its source beside it: rustup's component rust-src, or
# Debian's rustc-web with rust-web-src.
compiler=""
for candidate in "${RUSTC:-rustc}" /usr/bin/rustc; do
    if [ -d "$("$candidate" --print sysroot 2> /dev/null)/lib/rustlib/src/rust/library/std" ]; then
        compiler=$candidate
        break
    fi
done
flags=(--profile small --package helo-library --locked --no-default-features --features "std,$features"
    --target "$target" --target-dir target/firmware)
if [ -n "$compiler" ]; then
    export RUSTC=$compiler RUSTC_BOOTSTRAP=1
    flags+=(-Zbuild-std=std,panic_unwind -Zbuild-std-features=panic-unwind,optimize_for_size,backtrace-trace-only)
    # Panics are still caught; their texts do not name the line.
    extra="-Zlocation-detail=none"
else
    echo "no source of Rust's standard library: the ready-made one is used, which is larger by 300 KB" >&2
    extra=""
fi
# Small code for SHA-2 too, and relocations in their short form (glibc 2.36, musl 1.2.4 or newer; only the shared library).
extra="$extra --cfg sha2_backend=\"soft\" --cfg sha2_backend_soft=\"compact\" -Clink-arg=-Wl,-z,pack-relative-relocs"
env "CARGO_TARGET_${upper}_LINKER=$cc" "CARGO_TARGET_${upper}_RUSTFLAGS=$extra ${FIRMWARE_RUSTFLAGS:-}" \
    cargo build "${flags[@]}"

"$strip" -o "$folder/helo.stripped" "$folder/libhelo.so"
echo "the shared library, stripped: $(stat -c %s "$folder/helo.stripped") bytes"

# What a program pays that calls everything of the faces: linked statically, what is never reached left out. Any face
# brings a part of helo.h.
names=$(grep '# any face' src/faces/helo/exports.txt | sed 's/#.*//'
for face in ${features//,/ }; do
    list=src/faces/${face//-/_}/exports.txt
    case $face in
    native) grep -v helo_server_ src/faces/helo/exports.txt ;;
    native-server) cat src/faces/helo/exports.txt ;;
    *) if [ -f "$list" ]; then cat "$list"; fi ;;
    esac
done | sed 's/#.*//' | tr -s ' \t' '\n' | sed '/^$/d' | sort -u)
program() { # NAME LINKER-ARGUMENT...
    local name=$folder/$1
    shift
    echo 'int main(void) { return 0; }' | "$cc" -Os -x c - -x none -o "$name" -Wl,--gc-sections "$@"
    "$strip" "$name"
    stat -c %s "$name"
}
# shellcheck disable=SC2086
with=$(program with $(printf -- '-Wl,-u,%s ' $names) "$folder/libhelo.a" -lpthread -ldl -lm)
without=$(program without)
echo "what it adds to a program, linked statically: $((with - without)) bytes"
