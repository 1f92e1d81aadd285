#!/bin/bash
# What the library weighs: the shared library as `make build` makes it, with and without TLS, and the one for firmware.
set -euo pipefail
cd "$(dirname "$0")/.."

weigh() { # WORDS FEATURES...
    local words=$1
    shift
    cargo build --quiet --release --package helo-library --locked --target-dir target/size "$@"
    strip -o target/size/stripped target/size/release/libhelo.so
    echo "$words: $(stat -c %s target/size/stripped) bytes"
}

weigh "everything"
weigh "everything but TLS" --no-default-features --features std,saslprep,faces,local-time
echo "for firmware (NetX SMTP Client):"
scripts/firmware.sh 2> /dev/null
