#!/bin/bash
# Builds the Windows DLLs for 64 and 32 bits, holds their exports against the lists of the faces, makes the import
# libraries, and builds the programs and the unit tests for 64 bits. What Wine can run, runs: the unit tests, the Distinct
# example against a server of this machine, helo-server.exe between the two, the DLL loaded and freed for each mail, and
# the keys that end a program. 32-bit programs run where this machine can have a Debian of its own for them (as root, with
# debootstrap): it is made once, in target/windows/i386.
#
# The targets *-win7-windows-gnu import nothing newer than Windows 7. Their standard library is built from source:
# that needs a compiler of the same version as the source, here Debian's rustc-web and rust-web-src.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

have windows /usr/bin/rustc x86_64-w64-mingw32-gcc i686-w64-mingw32-gcc || exit 0
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
source=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library
if [ ! -d "$source/std" ]; then
    skip windows "no source of the standard library for $("$RUSTC" --version) (scripts/setup-tests.sh all installs it)"
    exit 0
fi

out=target/windows
mkdir -p "$out"
export CARGO_TARGET_DIR=$PWD/$out
# A smoke test: no debug information, and quick to link.
export CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO=off CARGO_PROFILE_RELEASE_LTO=off
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1

# rustc expects these two objects for 32 bits and no package has them.
start=$PWD/$out/rtstartup
if [ ! -f "$start/rsend.o" ]; then
    mkdir -p "$start"
    for object in rsbegin rsend; do
        "$RUSTC" --target i686-win7-windows-gnu --emit obj -O -o "$start/$object.o" \
            "$source/rtstartup/$object.rs"
    done
fi

build() { # TARGET MINGW-PREFIX COMMAND-OF-CARGO...
    local upper target=$1 prefix=$2
    shift 2
    upper=$(echo "$target" | tr 'a-z-' 'A-Z_')
    env "CC_${target//-/_}=$prefix-gcc" "AR_${target//-/_}=$prefix-ar" "CARGO_TARGET_${upper}_LINKER=$prefix-gcc" \
        "CARGO_TARGET_${upper}_RUSTFLAGS=-Dwarnings -Lnative=$start -Clink-arg=-static-libgcc" \
        cargo "$@" --release --locked --target "$target" -Zbuild-std=std,panic_unwind
}

# Every name of the lists must be exported, undecorated, and 32-bit callers get an import library that knows the
# decorated names which MinGW's gcc asks for (_smtp_quit@8).
check_exports() { # TARGET MINGW-PREFIX
    local folder=$out/$1/release names missing
    "$2-objdump" -p "$folder/helo.dll" | awk '/\[Ordinal\/Name Pointer\] Table/ { on = 1; next } on && NF == 0 { on = 0 } on { print $NF }' \
        | sort > "$folder/exported"
    names=$(sed 's/#.*//' src/faces/*/exports.txt | tr -s ' \t' '\n' | sed '/^$/d' | sort -u)
    missing=$(comm -23 <(echo "$names") "$folder/exported")
    if [ -n "$missing" ]; then
        echo "$1: helo.dll does not export:" $missing >&2
        return 1
    fi
    {
        echo "LIBRARY helo.dll"
        echo "EXPORTS"
        "$2-nm" --defined-only "$folder/libhelo.a" 2> /dev/null | awk '$2 == "T" { print $3 }' | sort -u \
            | awk -v names="$names" -v under="$([ "${1%%-*}" = i686 ] && echo 1 || echo 0)" '
                BEGIN { split(names, list, "\n"); for (i in list) wanted[list[i]] = 1 }
                { name = $0; if (under) sub(/^_/, "", name); plain = name; sub(/@[0-9]+$/, "", plain) }
                plain in wanted { print "    " name }'
    } > "$folder/helo.def"
    "$2-dlltool" -k -d "$folder/helo.def" -l "$folder/libhelo.dll.a"
    echo "$1: $(wc -l < "$folder/exported") names exported, $(($(stat -c %s "$folder/helo.dll") / 1024)) KiB"
}

# Nothing is imported that Windows 7 lacks: only from these, which it has.
check_imports() { # MINGW-PREFIX FILE...
    local prefix=$1 file strange
    shift
    for file in "$@"; do
        strange=$("$prefix-objdump" -p "$file" | awk '/DLL Name:/ { print tolower($3) }' | sort -u \
            | comm -23 - <(sed 's/#.*//; /^ *$/d' scripts/windows/imports.txt | sort -u))
        if [ -n "$strange" ]; then
            echo "$(basename "$file") imports from what scripts/windows/imports.txt does not have:" $strange >&2
            return 1
        fi
    done
}

for pair in x86_64-win7-windows-gnu:x86_64-w64-mingw32 i686-win7-windows-gnu:i686-w64-mingw32; do
    build "${pair%:*}" "${pair#*:}" build --package helo-library
    check_exports "${pair%:*}" "${pair#*:}"
    check_imports "${pair#*:}" "$out/${pair%:*}/release/helo.dll"
done

# The 32-bit import library must know every decorated name: link a program that asks for all of them.
folder=$out/i686-win7-windows-gnu/release
echo 'int main(void) { return 0; }' > "$folder/empty.c"
undefined=$(sed -n 's/^    \(.*\)/-Wl,-u,_\1/p' "$folder/helo.def")
# shellcheck disable=SC2086
i686-w64-mingw32-gcc -o "$folder/empty.exe" "$folder/empty.c" $undefined "$folder/libhelo.dll.a"
echo "i686-win7-windows-gnu: $(echo "$undefined" | wc -l) names link"

# The example, for both. FARPROC is a function without parameters on Windows: callbacks are cast to it, as programs always
# did. 32-bit Wine is seldom installed, so only the 64-bit one runs.
for pair in x86_64-win7-windows-gnu:x86_64-w64-mingw32 i686-win7-windows-gnu:i686-w64-mingw32; do
    folder=$out/${pair%:*}/release
    # On 64 bits FARPROC returns a number as wide as a pointer and callbacks an int: -Wextra complains of the cast with
    # which such programs pass them.
    "${pair#*:}-gcc" -Wall -Wextra -Wno-cast-function-type -Werror -Iinclude/distinct -o "$folder/send.exe" examples-c/distinct/send.c \
        "$folder/libhelo.dll.a"
    "${pair#*:}-gcc" -Wall -Wextra -Wno-cast-function-type -Werror -Iinclude/distinct -o "$folder/yield.exe" \
        tests/windows/yield.c "$folder/libhelo.dll.a" -lws2_32
    for program in unload keys; do
        "${pair#*:}-gcc" -Wall -Wextra -Wno-cast-function-type -Werror -Iinclude/distinct -o "$folder/$program.exe" \
            "tests/windows/$program.c"
    done
    echo "${pair%:*}: send.exe, yield.exe, unload.exe and keys.exe link"
done

# The programs, and the unit tests: which files they came to is in what cargo says of them.
build x86_64-win7-windows-gnu x86_64-w64-mingw32 build --package helo --bins
check_imports x86_64-w64-mingw32 "$out/x86_64-win7-windows-gnu/release"/helo-{server,check}.exe
tests=$(build x86_64-win7-windows-gnu x86_64-w64-mingw32 test --no-run --package helo --lib --bins --message-format=json \
    | sed -n 's/.*"test":true.*"executable":"\([^"]*\)".*/\1/p')
echo "x86_64-win7-windows-gnu: helo-server.exe, helo-check.exe and $(echo "$tests" | wc -l) files of unit tests link"

have windows-wine wine || exit 0
# A folder of our own for Wine's registry and drives; WINEDEBUG keeps it from talking about its own troubles.
export WINEPREFIX=$PWD/$out/wine WINEARCH=win64 WINEDEBUG=-all DISPLAY=""
rm -rf "$out/stored" "$out/stored-unloads" "$out/stored32"
for test in $tests; do
    # Proptest's files of failures belong to the host.
    PROPTEST_FAILURE_PERSISTENCE=none timeout 900 wine "$test" --quiet
done
env -u RUSTC -u RUSTC_BOOTSTRAP -u CARGO_TARGET_DIR cargo build --package helo --bin helo-server --locked
start_demo_server target/debug/helo-server "$PWD/$out/stored"
python3 scripts/demo_message.py "$out/message.eml"
# helo.dll is found beside the program.
(cd "$out/x86_64-win7-windows-gnu/release" \
    && timeout 300 wine send.exe "smtp://127.0.0.1:$demo_port" sender@example.test ../../message.eml alice@example.test)
# The same for a host that only the registry knows, by the path of the Distinct manual: first where programs of 32 bits have
# it, then where those of 64 bits have, which comes before.
for place in 'WOW6432Node\Distinct' Distinct; do
    key="HKLM\\SOFTWARE\\$place\\DLLS\\SMTP32"
    timeout 300 wine reg add "$key" /v Timeout /t REG_DWORD /d 45 /f > "$out/reg.log"
    timeout 300 wine reg add "$key\\host mailhost" /v server /d "127.0.0.1:$demo_port" /f >> "$out/reg.log"
    (cd "$out/x86_64-win7-windows-gnu/release" \
        && timeout 300 wine send.exe mailhost sender@example.test ../../message.eml alice@example.test)
    # helo-check says that it is the registry which holds.
    timeout 300 wine "$out/x86_64-win7-windows-gnu/release/helo-check.exe" mailhost > "$out/check.log" || true
    grep -q 'policy.*HKEY_LOCAL_MACHINE.*SMTP32' "$out/check.log" || { cat "$out/check.log" >&2; exit 1; }
    timeout 300 wine reg delete "$key" /f >> "$out/reg.log"
done

# helo-server.exe in between: it takes the mail as a server and hands it on as a client.
rm -f "$out/in" "$out/out"
mkfifo "$out/in" "$out/out"
timeout 300 wine "$out/x86_64-win7-windows-gnu/release/helo-server.exe" --port 0 --end-with-input \
    --relay "smtp://127.0.0.1:$demo_port" --domains example.test < "$out/in" > "$out/out" 2> "$out/server.log" &
server=$!
exec 8> "$out/in" 9< "$out/out"
port=""
while read -r line <&9 && [ "${line%$'\r'}" != ready ]; do port=${line%$'\r'}; port=${port##*:}; done
(cd "$out/x86_64-win7-windows-gnu/release" \
    && timeout 300 wine send.exe "smtp://127.0.0.1:$port" sender@example.test ../../message.eml alice@example.test)
exec 8>&- 9<&-
wait "$server" || { cat "$out/server.log" >&2; exit 1; }
grep -q 'taken: from <sender@example.test>' "$out/server.log"

# The key: the server ends in order and says so.
folder=$out/x86_64-win7-windows-gnu/release
# Wine's console needs a terminal, which script gives it; Ctrl-Break never comes in Wine 8.
rm -f "$out/keys.log"
script -qec "timeout 300 wine $folder/keys.exe c ready $folder/helo-server.exe --port 0 --discard --log $out/keys.log" /dev/null \
    < /dev/null > "$out/keys" || { cat "$out/keys" "$out/keys.log" >&2; exit 1; }
grep -q stopping "$out/keys.log"
stop_demo_server
(cd "$out/x86_64-win7-windows-gnu/release" && timeout 300 wine yield.exe)
start_demo_server target/debug/helo-server "$PWD/$out/stored-unloads" --no-sync
# The DLL is loaded and freed for each mail, with callbacks and name lookups on their way.
(cd "$out/x86_64-win7-windows-gnu/release" && timeout 900 wine unload.exe "127.0.0.1:$demo_port" "${HELO_UNLOADS:-1000}")
stop_demo_server

# 32 bits: the DLL loaded and freed, the yield and the example, in a Debian of 32 bits.
i386=$out/i386
run32() { # PROGRAM ARGUMENTS... (in the folder of the 32-bit build)
    unshare --mount --propagation private bash -c '
        i386=$1 build=$2
        shift 2
        cp /etc/hosts "$i386/etc/hosts"
        mkdir -p "$i386/build"
        mount -t proc proc "$i386/proc"
        mount --rbind /dev "$i386/dev"
        mount --bind "$build" "$i386/build"
        exec chroot "$i386" env -C /build WINEPREFIX=/root/wine WINEARCH=win32 WINEDEBUG=-all DISPLAY= "$@"' \
        run32 "$PWD/$i386" "$PWD/$out/i686-win7-windows-gnu/release" "$@"
}
if [ "$(id -u)" = 0 ] && have windows-32 debootstrap unshare; then
    if [ ! -e "$i386/made" ]; then
        rm -rf "$i386"
        debootstrap --arch=i386 --variant=minbase --include=wine32,wine --components=main bookworm "$i386" > "$out/i386.log" \
            && touch "$i386/made" || skip windows-32 "no Debian of 32 bits: $(tail -n 1 "$out/i386.log")"
    fi
    if [ -e "$i386/made" ]; then
        cp "$out/message.eml" "$out/i686-win7-windows-gnu/release/message.eml"
        start_demo_server target/debug/helo-server "$PWD/$out/stored32" --no-sync
        run32 timeout 300 wine send.exe "smtp://127.0.0.1:$demo_port" sender@example.test message.eml alice@example.test
        run32 timeout 900 wine unload.exe "127.0.0.1:$demo_port" "${HELO_UNLOADS:-1000}"
        run32 timeout 300 wine yield.exe
        run32 wineserver -k || true
        stop_demo_server
    fi
fi
# Ends the Wine of this folder, not any other.
wineserver -k || true
is_stored "$out/stored" "$out/message.eml" 4
echo "the Distinct example under Wine: $(stat -c %s "$out/message.eml") bytes arrived as they were sent, two times by the registry, once through helo-server.exe"
