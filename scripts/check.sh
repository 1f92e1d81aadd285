#!/bin/bash
# Runs the parts of the tests named: setup rust c python interop, and fork, which takes long. Ends with the skips and one line of numbers:
# "N passed, N failed, N skipped". Fails when anything failed.
#
# What ships is what is tested: the release build is made once and installed into target/check/installed, and C programs,
# Python, the real servers and the tests of the two programs run against that. For the tests of Rust that is
#
#   HELO_INSTALLED   the prefix of the installation: headers, libraries, programs (tests/support/installed.rs)
#   HELO_FACES       "installed": the faces' functions that a test in Rust calls are taken from there, too
#   HELO_FIRMWARE    the folder of what `make firmware` made
#
# Without these a test takes what cargo builds beside it.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

out=$PWD/target/check
mkdir -p "$out"
log=$out/log
skips=$out/skips
: > "$log"
: > "$skips"
export HELO_SKIP_LOG=$skips
failed_parts=""
installed=$out/installed
# How long a part may take, in seconds.
limit=1200

# Runs a command as part of the log; a failure is remembered, the rest still runs.
run() { # PART COMMAND...
    local part=$1
    shift
    local from=$SECONDS
    echo "== $part: $*" | tee -a "$log"
    # A test that hangs must not keep the rest from running.
    timeout --kill-after=30 "$limit" "$@" 2>&1 | tee -a "$log"
    [ "${PIPESTATUS[0]}" = 0 ] || failed_parts="$failed_parts $part"
    echo "== $part took $((SECONDS - from)) s" | tee -a "$log"
}

# The release build, installed; once for all parts. What an earlier run has installed does not stand in for it.
ship() {
    [ -z "${HELO_INSTALLED:-}" ] || return 0
    export HELO_INSTALLED=$installed
    rm -rf "$installed"
    run build cargo build --release --locked
    run install scripts/install.sh "" "$installed" "$installed/lib" "$installed/include"
}

# The library for firmware, small and with one face: beside the tests of Rust, which mostly wait.
firmware_job=""
start_firmware() {
    [ -z "$firmware_job" ] || return 0
    HELO_FIRMWARE=$PWD/target/firmware/$(rustc -vV | sed -n 's/^host: //p')/small
    export HELO_FIRMWARE
    # Not the link under its soname, which is made only when the build script runs.
    rm -f "$HELO_FIRMWARE"/libhelo.so "$HELO_FIRMWARE"/libhelo.a
    nice timeout --kill-after=30 1200 scripts/firmware.sh > "$out/firmware" 2>&1 &
    firmware_job=$!
}

end_firmware() {
    local from=$SECONDS ended
    start_firmware
    echo "== firmware: scripts/firmware.sh" | tee -a "$log"
    wait "$firmware_job"
    ended=$?
    tee -a "$log" < "$out/firmware"
    [ "$ended" = 0 ] || failed_parts="$failed_parts firmware"
    echo "== firmware was waited for $((SECONDS - from)) s" | tee -a "$log"
}

parts=" $* "
for part in "$@"; do
    case $part in
        setup) run setup scripts/setup-tests.sh ;;
        rust)
            ship
            case $parts in *" c "*) start_firmware ;; esac
            # shellcheck disable=SC2046
            run rust cargo test --package helo --locked --no-fail-fast --lib $(tests_of rust)
            # Without TLS, as firmware has it.
            run rust cargo test --package helo --locked --no-fail-fast --lib --no-default-features --features std,faces
            run rust cargo check --package helo --locked --benches
            # Firmware without an operating system: core and alloc only.
            run rust cargo check --package helo --locked --lib --no-default-features
            ;;
        c)
            ship
            end_firmware
            # shellcheck disable=SC2046
            run c cargo test --package helo --locked --no-fail-fast $(tests_of c)
            ;;
        interop)
            ship
            # shellcheck disable=SC2046
            run interop env HELO_FACES=installed cargo test --package helo --locked --no-fail-fast $(tests_of interop)
            ;;
        python)
            ship
            run python scripts/check-python.sh
            ;;
        fork)
            ship
            export HELO_FORKS=${HELO_FORKS:-10000} limit=7200
            run fork cargo test --package helo --locked --test process children -- --nocapture
            run fork scripts/check-python.sh tests.test_fork
            ;;
        *)
            echo "no such part: $part (there are: setup rust c python interop fork)" >&2
            exit 2
            ;;
    esac
done

# cargo: "test result: ok. 3 passed; 1 failed; ..."; Python's unittest: "Ran 5 tests ..." and "FAILED (failures=1)".
read -r passed failed <<< "$(awk '
    /^test result:/ { for (i = 1; i <= NF; i++) { if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^failed/) f += $(i - 1) } }
    /^Ran [0-9]+ test/ { p += $2 }
    /^(OK|FAILED) \(/ { n = split($0, part, /[(,= )]+/)
        for (i = 1; i < n; i++) {
            if (part[i] == "failures" || part[i] == "errors") f += part[i + 1]
            if (part[i] == "failures" || part[i] == "errors" || part[i] == "skipped") p -= part[i + 1]
        } }
    END { print p + 0, f + 0 }' "$log")"
# Tests of Python that skip themselves: "OK (skipped=2)".
sed -n 's/^\(OK\|FAILED\) (.*skipped=\([0-9]*\).*/SKIP python: \2 tests skip themselves, see target\/check\/log/p' "$log" >> "$skips"
skipped=$(grep -c '^SKIP ' "$skips")
if [ "$skipped" -gt 0 ]; then
    echo "could not run here:"
    sed 's/^/  /' "$skips"
fi
# A part that failed without a failed test did not build, or broke off.
if [ -n "$failed_parts" ]; then
    echo "failed parts:$failed_parts (the whole log: target/check/log)"
    [ "$failed" -gt 0 ] || failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped" | tee "$out/summary"
[ "$failed" = 0 ]
