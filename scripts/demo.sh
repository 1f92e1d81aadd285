#!/bin/bash
# The main job, seen, with the library at both ends: a program written against Distinct's API of 1994 sends a real message
# to helo-server on this machine, and what the server stored is the same byte for byte. Then the same program, unchanged,
# sends it through a server that takes nothing without TLS and a login: a policy file tells the library, not the program.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

# As `make build`, so that neither compiles what the other has made.
cargo build --release --locked
out=$PWD/target/demo
rm -rf "$out"
mkdir -p "$out/bin"
for source in examples-c/*/*.c; do
    face=$(basename "$(dirname "$source")")
    program=$out/bin/$face-$(basename "$source" .c)
    # The NetX example uses the ThreadX names too.
    includes="-Iinclude/$face"
    [ "$face" = netx-client ] && includes="$includes -Iinclude/rtos"
    # shellcheck disable=SC2086
    cc -Wall $includes -o "$program" "$source" -Ltarget/release -lhelo "-Wl,-rpath,$PWD/target/release"
    echo "built ${program#"$PWD/"}"
done
python3 scripts/demo_message.py "$out/message.eml"

send() { # SERVER
    echo "$ distinct-send $1 demo@example.test message.eml alice@example.test"
    "$out/bin/distinct-send" "$1" demo@example.test "$out/message.eml" alice@example.test
}

arrived() { # MAILDIR
    echo
    echo "The server stored, before the message itself:"
    if ! is_stored "$1" "$out/message.eml"; then
        echo "The stored message differs from the one that was sent: compare $out/message.eml and $1/new" >&2
        exit 1
    fi
    echo "The stored message is the one that was sent, byte for byte ($(stat -c %s "$out/message.eml") bytes)."
}

echo
echo "== The program of 1994 and a server of today"
start_demo_server target/release/helo-server "$out/first"
# No policy of this machine's has a say here.
HELO_CONFIG=/dev/null send "smtp://127.0.0.1:$demo_port"
stop_demo_server
arrived "$out/first"

echo
echo "== The same program, and a server that takes nothing without TLS and a login"
if ! have demo-tls openssl; then exit 0; fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=mail.example.test \
    -addext subjectAltName=DNS:mail.example.test -addext basicConstraints=critical,CA:FALSE \
    -keyout "$out/server.key" -out "$out/server.pem" 2> "$out/openssl.log"
(umask 077 && echo "alice:wonderland" > "$out/users")
start_demo_server target/release/helo-server "$out/second" --tls-certificate "$out/server.pem" \
    --tls-key "$out/server.key" --tls-required --users "$out/users" --auth-required
echo "$ distinct-send with no policy is told:"
if HELO_CONFIG=/dev/null send "127.0.0.1:$demo_port"; then
    echo "It was taken without TLS and a login, which the server should refuse." >&2
    exit 1
fi
(umask 077 && cat > "$out/helo.conf") << POLICY
[host mailhost]
server   = 127.0.0.1:$demo_port
tls      = always
tls_name = mail.example.test
tls_ca   = $out/server.pem
user     = alice
password = wonderland
POLICY
echo
echo "With this in helo.conf:"
sed 's/^/    /; s/wonderland/.../' "$out/helo.conf"
export HELO_CONFIG=$out/helo.conf
send mailhost
stop_demo_server
arrived "$out/second"
