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

# A certificate with its key, FOLDER/NAME.pem and FOLDER/NAME-key.pem, signed by the one named ISSUER there, or by itself.
sign() { # FOLDER NAME SUBJECT ISSUER EXTENSION...
    local folder=$1 name=$2 subject=$3 issuer=$4 extension options=()
    shift 4
    [ -z "$issuer" ] || options=(-CA "$folder/$issuer.pem" -CAkey "$folder/$issuer-key.pem")
    for extension in "$@"; do options+=(-addext "$extension"); done
    # A configuration of its own: the system's would make everything an authority.
    openssl req -x509 -config <(printf '[req]\ndistinguished_name = dn\n[dn]\n') -newkey ec \
        -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$subject" "${options[@]}" \
        -keyout "$folder/$name-key.pem" -out "$folder/$name.pem" 2> /dev/null
    chmod 600 "$folder/$name-key.pem"
}

# The server's certificate, for localhost and 127.0.0.1, as servers of today have it: cert.pem is leaf.pem with the
# certificate of the authority that signed it, for which ca.pem vouches; the key is key.pem. For clients: alice.pem and
# mallory.pem, whom the server does not know, and forged.pem, which says alice too but is signed by another authority.
certificates() { # FOLDER
    local authority=(basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign)
    sign "$1" ca "The test's authority" "" "${authority[@]}"
    sign "$1" between "An authority between" ca "${authority[@]}"
    sign "$1" leaf localhost between subjectAltName=DNS:localhost,IP:127.0.0.1
    cat "$1/leaf.pem" "$1/between.pem" > "$1/cert.pem"
    cp -p "$1/leaf-key.pem" "$1/key.pem"
    sign "$1" other-ca "Another authority" "" "${authority[@]}"
    sign "$1" alice alice@example.test ca subjectAltName=email:alice@example.test
    sign "$1" mallory mallory@example.test ca subjectAltName=email:mallory@example.test
    sign "$1" forged alice@example.test other-ca subjectAltName=email:alice@example.test
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
