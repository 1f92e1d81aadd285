# How things are built for Windows; taken in with `. scripts/windows/build.sh` from the repository's root, behind scripts/lib.sh.
#
# The targets *-win7-windows-gnu import nothing newer than Windows 7. Their standard library is built from source: that needs a
# compiler of the same version as the source, here Debian's rustc-web and rust-web-src.

windows=target/windows
# TARGET:PREFIX-OF-MINGW
windows_64=x86_64-win7-windows-gnu:x86_64-w64-mingw32
windows_32=i686-win7-windows-gnu:i686-w64-mingw32

# The profile of tests: no debug information, and quick to link.
export CARGO_PROFILE_QUICK_INHERITS=release CARGO_PROFILE_QUICK_DEBUG=0 CARGO_PROFILE_QUICK_SPLIT_DEBUGINFO=off
export CARGO_PROFILE_QUICK_LTO=off CARGO_PROFILE_QUICK_CODEGEN_UNITS=16 CARGO_PROFILE_QUICK_OPT_LEVEL=1

# Whether this machine can; otherwise notes the skip.
can_build_windows() {
    have windows /usr/bin/rustc x86_64-w64-mingw32-gcc i686-w64-mingw32-gcc || return 1
    windows_source=$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library
    if [ ! -d "$windows_source/std" ]; then
        skip windows "no source of the standard library for $(/usr/bin/rustc --version) (scripts/setup-tests.sh all installs it)"
        return 1
    fi
}

# cargo for one of the pairs above, by the profile $profile: its files are below $windows.
for_windows() { # PAIR COMMAND-OF-CARGO...
    local target=${1%:*} prefix=${1#*:} upper object start=$PWD/$windows/rtstartup
    shift
    upper=$(echo "$target" | tr 'a-z-' 'A-Z_')
    # rustc expects these two objects for 32 bits and no package has them.
    if [ ! -f "$start/rsend.o" ]; then
        mkdir -p "$start"
        for object in rsbegin rsend; do
            RUSTC_BOOTSTRAP=1 /usr/bin/rustc --target i686-win7-windows-gnu --emit obj -O -o "$start/$object.o" \
                "$windows_source/rtstartup/$object.rs"
        done
    fi
    env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$PWD/$windows" \
        "CC_${target//-/_}=$prefix-gcc" "AR_${target//-/_}=$prefix-ar" "CARGO_TARGET_${upper}_LINKER=$prefix-gcc" \
        "CARGO_TARGET_${upper}_RUSTFLAGS=-Dwarnings -Lnative=$start -Clink-arg=-static-libgcc" \
        cargo "$@" --profile "$profile" --locked --target "$target" -Zbuild-std=std,panic_unwind
}

# Where that puts things.
windows_folder() { # PAIR
    echo "$windows/${1%:*}/$profile"
}

# Makes the import library: 32-bit callers need one that knows the decorated names which their compilers ask for
# (_smtp_quit@8), and the one that cargo leaves does not. helo.def is what it comes of, for other linkers.
import_library() { # PAIR
    local folder
    folder=$(windows_folder "$1")
    {
        echo "LIBRARY helo.dll"
        echo "EXPORTS"
        "${1#*:}-nm" --defined-only "$folder/libhelo.a" 2> /dev/null | awk '$2 == "T" { print $3 }' | sort -u \
            | awk -v names="$(exported_names)" -v under="$([ "${1%%-*}" = i686 ] && echo 1 || echo 0)" '
                BEGIN { split(names, list, "\n"); for (i in list) wanted[list[i]] = 1 }
                { name = $0; if (under) sub(/^_/, "", name); plain = name; sub(/@[0-9]+$/, "", plain) }
                plain in wanted { print "    " name }'
    } > "$folder/helo.def"
    "${1#*:}-dlltool" -k -d "$folder/helo.def" -l "$folder/libhelo.dll.a"
}

# All names of the faces' lists.
exported_names() {
    sed 's/#.*//' src/faces/*/exports.txt | tr -s ' \t' '\n' | sed '/^$/d' | sort -u
}
