# What the scripts share; taken in with `. scripts/lib.sh` from the repository's root.

# Notes that something could not run here, the way tests/support/skip.rs does it.
skip() { # NAME REASON
    echo "SKIP $1: $2" >&2
    if [ -n "${HELO_SKIP_LOG:-}" ]; then echo "SKIP $1: $2" >> "$HELO_SKIP_LOG"; fi
}

# True when all programs are there; otherwise notes the skip.
have() { # NAME PROGRAM...
    local name=$1 missing="" program
    shift
    for program in "$@"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "$program" > /dev/null || missing="$missing $program"
    done
    [ -z "$missing" ] && return 0
    skip "$name" "not installed:$missing (scripts/setup-tests.sh all, as root, installs it)"
    return 1
}

# The version part of Cargo.toml: 0.1.0
version() {
    sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1
}

# Starts the library's own server in the background: sets demo_port; mail is stored in the Maildir FOLDER as it came.
# It ends with this script, or by stop_demo_server.
start_demo_server() { # PROGRAM FOLDER OPTION...
    local line program=$1 folder=$2
    shift 2
    coproc demo_server { exec "$program" --port 0 --maildir "$folder" --crlf --end-with-input --quiet "$@"; }
    demo_port=""
    while read -r line <&"${demo_server[0]}" && [ "$line" != ready ]; do demo_port=${line##*:}; done
    if [ "${line:-}" != ready ] || [ -z "$demo_port" ]; then
        echo "the demo's server did not start" >&2
        return 1
    fi
}

stop_demo_server() {
    local id=$demo_server_PID
    eval "exec ${demo_server[1]}>&-"
    wait "$id"
}

# Whether so many mails are in a Maildir, one unless said, and each is that of a file. What the server has put before the
# mail (Return-Path, Received) is shown.
is_stored() { # MAILDIR FILE [COUNT]
    local mail length count=0
    length=$(stat -c %s "$2")
    for mail in "$1"/new/*; do
        head -c "-$length" "$mail" | tr -d '\r' | sed 's/^/    /'
        tail -c "$length" "$mail" | cmp - "$2" || return 1
        count=$((count + 1))
    done
    [ "$count" = "${3:-1}" ]
}

# Which files of tests/ belong to a part: those of C and interop by their names, the rest is Rust's.
tests_of() { # PART
    local file name
    for file in tests/*.rs tests/*/main.rs; do
        name=$(basename "${file%/main.rs}" .rs)
        case "$name:$1" in
            c:c | c_*:c | headers:c | symbols:c | interop:interop | interop_*:interop) echo "--test=$name" ;;
            c:* | c_*:* | headers:* | symbols:* | interop:* | interop_*:*) ;;
            *:rust) echo "--test=$name" ;;
        esac
    done
}
