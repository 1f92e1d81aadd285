# What the servers' scripts share; taken in with `. common.sh`. Sets `root` to a new folder, which goes when the script
# ends, as does the server.
PATH=$PATH:/usr/sbin:/sbin
umask 022
root=$(mktemp -d "${TMPDIR:-/tmp}/helo-$(basename "$0" .sh)-XXXXXX")
# The servers have users of their own, who must be able to enter.
chmod 755 "$root"
server=""

# The server's id; a script whose server runs under another id says so.
server_id() { echo "$server"; }

stop() {
    local id
    if [ -n "$server" ]; then
        id=$(server_id 2> /dev/null) || id=$server
        kill "$id" 2> /dev/null || true
        wait "$server" || true
    fi
    rm -rf "$root"
}
trap stop EXIT

# A key and a certificate for localhost that signs itself: FOLDER/key.pem and FOLDER/cert.pem.
certificate() { # FOLDER
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$1/key.pem" -out "$1/cert.pem" 2> /dev/null
    chmod 600 "$1/key.pem"
}

# Runs a server, which must stay in the foreground, says "ready FOLDER" when it takes connections, and stops it at the
# end of standard input.
serve() { # PORT LOG COMMAND...
    local port=$1 log=$2
    shift 2
    "$@" > "$root/start.log" 2>&1 < /dev/null &
    server=$!
    for _ in $(seq 200); do
        if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            echo "ready $root"
            cat > /dev/null || true
            return
        fi
        kill -0 "$server" 2> /dev/null || break
        sleep 0.05
    done
    echo "$1 did not start:" >&2
    cat "$root/start.log" "$log" >&2 2> /dev/null || true
    exit 1
}
