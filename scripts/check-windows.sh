#!/bin/bash
# Builds the DLL, the programs and the unit tests for Windows, 64 and 32 bits; holds the DLL's exports against the lists of the
# faces, and what DLL and programs import against what Windows 7 has; makes the import libraries and links C programs with them.
# What Wine can run, runs, in both widths: the unit tests, the Distinct example against a server of this machine and by the
# registry, helo-server.exe between the two, the DLL loaded and freed for each mail, a window while a list of what is revoked
# does not come, and the keys that end a program. 32-bit programs run where this machine can have a Debian of its own for
# them (as root, with debootstrap): it is made once, in target/windows/i386.
#
# Quickly compiled; HELO_WINDOWS_PROFILE=release takes what `make windows` builds.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/windows/build.sh
. scripts/windows/run.sh

can_build_windows || exit 0
profile=${HELO_WINDOWS_PROFILE:-quick}

# Says what has been shown, and how long it took.
part() { # WORDS...
    echo "== $* ($((SECONDS - part_begun)) s)"
    part_begun=$SECONDS
}
part_begun=$SECONDS

# Every name of the lists must be exported, undecorated.
check_exports() { # PAIR
    local folder missing
    folder=$(windows_folder "$1")
    "${1#*:}-objdump" -p "$folder/helo.dll" | awk '/\[Ordinal\/Name Pointer\] Table/ { on = 1; next } on && NF == 0 { on = 0 } on { print $NF }' \
        | sort > "$folder/exported"
    missing=$(comm -23 <(exported_names) "$folder/exported")
    if [ -n "$missing" ]; then
        echo "${1%:*}: helo.dll does not export:" $missing >&2
        return 1
    fi
    echo "$(wc -l < "$folder/exported") names exported, $(($(stat -c %s "$folder/helo.dll") / 1024)) KiB"
}

# Nothing is imported that Windows 7 lacks: only from what a list names.
check_imports() { # PAIR FILE...
    local pair=$1 list=scripts/windows/imports.txt file strange
    shift
    for file in "$@"; do
        strange=$("${pair#*:}-objdump" -p "$file" | awk '/DLL Name:/ { print tolower($3) }' | sort -u \
            | comm -23 - <(sed 's/#.*//; /^ *$/d' "$list" | sort -u))
        if [ -n "$strange" ]; then
            echo "$file imports from what $list does not have:" $strange >&2
            return 1
        fi
    done
}

# The import library must know every decorated name: link a program that asks for all of them.
check_link() { # PAIR
    local folder undefined under=""
    folder=$(windows_folder "$1")
    [ "${1%%-*}" = i686 ] && under=_
    echo 'int main(void) { return 0; }' > "$folder/empty.c"
    undefined=$(sed -n "s/^    \(.*\)/-Wl,-u,$under\1/p" "$folder/helo.def")
    # shellcheck disable=SC2086
    "${1#*:}-gcc" -o "$folder/empty.exe" "$folder/empty.c" $undefined "$folder/libhelo.dll.a"
    echo "$(echo "$undefined" | wc -l) names link"
}

# As docs/distinct.md has it. On 64 bits FARPROC returns a number as wide as a pointer and callbacks an int: -Wextra complains
# of the cast with which such programs pass them.
compile() { # PAIR SOURCE OPTION...
    local pair=$1 source=$2 folder
    shift 2
    folder=$(windows_folder "$pair")
    # windows.h is the compiler's own.
    if "${pair#*:}-gcc" -M -Iinclude/distinct/windows -Iinclude/helo "$source" | tr ' ' '\n' | grep '^include/.*windows\.h$' >&2; then
        return 1
    fi
    "${pair#*:}-gcc" -Wall -Wextra -Wno-cast-function-type -Werror -Iinclude/distinct/windows -Iinclude/helo \
        -o "$folder/$(basename "$source" .c).exe" "$source" "$folder/libhelo.dll.a" "$@"
}

for pair in $windows_64 $windows_32; do
    folder=$(windows_folder "$pair")
    for_windows "$pair" build --package helo-library
    check_exports "$pair"
    check_imports "$pair" "$folder/helo.dll"
    import_library "$pair"
    check_link "$pair"
    compile "$pair" examples-c/distinct/send.c
    compile "$pair" tests/windows/yield.c -lws2_32
    compile "$pair" tests/windows/unload.c -lws2_32
    compile "$pair" tests/windows/revocation.c -lcrypt32
    compile "$pair" tests/windows/keys.c -lws2_32
    part "${pair%:*}: helo.dll and five C programs link"
    for_windows "$pair" build --package helo --bins
    check_imports "$pair" "$folder"/helo-{server,check}.exe
    # Which files the unit tests came to is in what cargo says of them.
    for_windows "$pair" test --no-run --package helo --lib --bins --message-format=json \
        | sed -n 's/.*"test":true.*"executable":"\([^"]*\)".*/\1/p' > "$folder/tests"
    part "${pair%:*}: helo-server.exe, helo-check.exe and $(wc -l < "$folder/tests") files of unit tests link"
done

have windows-wine wine script openssl python3 || exit 0
cargo build --package helo --bin helo-server --locked
python3 scripts/demo_message.py "$windows/message.eml"
part "the other end"
run_all 64 "$windows_64"
if has_32_bits; then run_all 32 "$windows_32"; fi
