#!/bin/bash
# Runs a program for Windows in its folder, by the Wine of this machine (64) or by that of the Debian of 32 bits in
# target/windows/i386, where the folder is /build and loopback is this machine's own.
#
#   scripts/windows/wine.sh 64|32 FOLDER PROGRAM ARGUMENTS...
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)/target/windows
width=$1 folder=$(cd "$2" && pwd)
shift 2
# A folder of our own for Wine's registry and drives; WINEDEBUG keeps it from talking about its own troubles.
settings=(WINEDEBUG="${WINEDEBUG:--all}" DISPLAY=)
if [ "$width" = 64 ]; then
    cd "$folder"
    exec env "${settings[@]}" WINEPREFIX="$root/wine" WINEARCH=win64 timeout "${LIMIT:-300}" "$@"
fi
exec unshare --mount --propagation private bash -c '
    i386=$1 build=$2
    shift 2
    cp /etc/hosts "$i386/etc/hosts"
    mkdir -p "$i386/build"
    mount -t proc proc "$i386/proc"
    mount --rbind /dev "$i386/dev"
    mount --bind "$build" "$i386/build"
    exec chroot "$i386" env -C /build "$@"' \
    run "$root/i386" "$folder" "${settings[@]}" WINEPREFIX=/root/wine WINEARCH=win32 timeout "${LIMIT:-300}" "$@"
