#!/bin/bash
# The main job, seen: a program written against Distinct's API of 1994 sends a real message to a real SMTP server on this
# machine, and what the server stored is the same byte for byte.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

if [ ! -x target/venv/bin/python ]; then scripts/setup-tests.sh; fi
if [ ! -x target/venv/bin/python ]; then
    echo "The demo's server needs Python: install python3-venv, then run make demo again." >&2
    exit 1
fi

cargo build --release --lib --locked
out=target/demo
rm -rf "$out"
mkdir -p "$out/stored" "$out/bin"
for source in examples-c/*/*.c; do
    face=$(basename "$(dirname "$source")")
    program=$out/bin/$face-$(basename "$source" .c)
    # The NetX example uses the ThreadX names too.
    includes="-Iinclude/$face"
    [ "$face" = netx-client ] && includes="$includes -Iinclude/rtos"
    # shellcheck disable=SC2086
    cc -Wall $includes -o "$program" "$source" -Ltarget/release -lhelo "-Wl,-rpath,$PWD/target/release"
    echo "built $program"
done

python=target/venv/bin/python
$python scripts/demo_message.py "$out/message.eml"
start_demo_server "$out/stored"
echo
echo "$ $out/bin/distinct-send smtp://127.0.0.1:$demo_port demo@example.test $out/message.eml alice@example.test"
"$out/bin/distinct-send" "smtp://127.0.0.1:$demo_port" demo@example.test "$out/message.eml" alice@example.test
stop_demo_server

echo
echo "The server stored (the first lines of $(stat -c %s "$out/stored/1.eml") bytes):"
sed 's/^/    /' "$out/stored/1.envelope"
head -20 "$out/stored/1.eml" | tr -d '\r' | sed 's/^/    /'
echo
if cmp "$out/message.eml" "$out/stored/1.eml"; then
    echo "The stored message is the one that was sent, byte for byte."
else
    echo "The stored message differs from the one that was sent: compare $out/message.eml and $out/stored/1.eml" >&2
    exit 1
fi
