# What runs under Wine, for one width; taken in by scripts/check-windows.sh.

# A program in the folder of the build. Wine leaves a server running, which must not hold the ends of our pipes.
on_windows() { # PROGRAM ARGUMENTS...
    scripts/windows/wine.sh "$width" "$folder" wine "$@" 4>&- 5<&- 6>&- 7<&-
}

# Whether programs of 32 bits can run here; makes the Debian that they need.
has_32_bits() {
    local i386=$windows/i386
    if [ "$(id -u)" != 0 ]; then
        skip windows-32 "only root can have a Debian of 32 bits"
        return 1
    fi
    have windows-32 debootstrap unshare || return 1
    if ! unshare --mount true 2> /dev/null; then
        skip windows-32 "this machine lets nobody mount anything"
        return 1
    fi
    [ -e "$i386/made" ] && return 0
    rm -rf "$i386"
    if ! debootstrap --arch=i386 --variant=minbase --include=wine32,wine --components=main bookworm "$i386" > "$windows/i386.log" 2>&1
    then
        skip windows-32 "no Debian of 32 bits: $(tail -n 1 "$windows/i386.log")"
        return 1
    fi
    touch "$i386/made"
    part "a Debian of 32 bits"
}

run_all() { # WIDTH PAIR
    width=$1 folder=$(windows_folder "$2")
    out=$windows/run$width
    rm -rf "$out"
    mkdir -p "$out"
    cp "$windows/message.eml" "$folder/message.eml"
    trap 'scripts/windows/wine.sh "$width" "$folder" wineserver -k || true' EXIT
    on_windows wineboot -i > "$out/boot.log" 2>&1
    # A program that crashes ends with the error's number. Without this Wine's debugger comes and ends it with 0.
    on_windows reg add 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\AeDebug' /v Debugger /d false /f >> "$out/boot.log"
    part "$width bits: Wine is up"
    unit_tests
    mails
    unloads
    windows_live
    keys
    scripts/windows/wine.sh "$width" "$folder" wineserver -k || true
    trap - EXIT
}

unit_tests() {
    local test
    while read -r test; do
        # Proptest's files of failures belong to the host.
        LIMIT=900 PROPTEST_FAILURE_PERSISTENCE=none on_windows "deps/$(basename "$test")" --quiet
    done < "$folder/tests"
    part "$width bits: unit tests"
}

# The example, by an address and by what the registry says, and with helo-server.exe in between.
mails() {
    local key place places=(Distinct)
    # Where programs of 32 bits have it comes second.
    [ "$width" = 64 ] && places=('WOW6432Node\Distinct' Distinct)
    start_demo_server target/debug/helo-server "$PWD/$out/stored"
    # helo.dll is found beside the program.
    on_windows send.exe "smtp://127.0.0.1:$demo_port" sender@example.test message.eml alice@example.test
    for place in "${places[@]}"; do
        key="HKLM\\SOFTWARE\\$place\\DLLS\\SMTP32"
        on_windows reg add "$key" /v Timeout /t REG_DWORD /d 45 /f > "$out/reg.log"
        on_windows reg add "$key\\host mailhost" /v server /d "127.0.0.1:$demo_port" /f >> "$out/reg.log"
        on_windows send.exe mailhost sender@example.test message.eml alice@example.test
        # helo-check says that it is the registry which holds, and reads there what the library reads.
        on_windows helo-check.exe mailhost > "$out/check.log"
        grep -q "^policy  *HKEY_LOCAL_MACHINE.*${place//\\/\\\\}.*SMTP32.*registry" "$out/check.log" \
            && grep -q "^server  *127.0.0.1, port $demo_port .*policy" "$out/check.log" || { cat "$out/check.log" >&2; return 1; }
        on_windows reg delete "$key" /f >> "$out/reg.log"
    done
    on_windows helo-check.exe mailhost > "$out/check.log"
    grep -q '^policy  *none' "$out/check.log" || { cat "$out/check.log" >&2; return 1; }
    relayed
    errors_in_words
    stop_demo_server
    is_stored "$out/stored" "$out/../message.eml" $((${#places[@]} + 2)) > "$out/stored.log" || { cat "$out/stored.log" >&2; return 1; }
    part "$width bits: the example's mail arrived as it was sent, ${#places[@]} times by the registry, once through helo-server.exe"
}

# What Wine's system has no words for: nobody listens there; somebody listens there already.
errors_in_words() {
    if on_windows helo-check.exe --try smtp://127.0.0.1:1 > "$out/words.log" 2>&1 \
        || on_windows helo-server.exe --discard --port "$demo_port" >> "$out/words.log" 2>&1 \
        || grep FormatMessage "$out/words.log" || ! grep -q -i '127.0.0.1:1: .*refused' "$out/words.log" \
        || ! grep -q 'cannot listen at .*: the address is in use already' "$out/words.log"; then
        cat "$out/words.log" >&2
        return 1
    fi
    # There are no Maildirs: the help and the error say what to use.
    on_windows helo-server.exe --help > "$out/help.log"
    grep -q -e '--maildir FOLDER .*no Maildirs: use --relay' "$out/help.log" || { cat "$out/help.log" >&2; return 1; }
    if on_windows helo-server.exe --port 0 --maildir x > "$out/maildir.log" 2>&1 || ! grep -q 'no Maildirs.*relay' "$out/maildir.log"
    then
        cat "$out/maildir.log" >&2
        return 1
    fi
}

# It takes the mail as a server and hands it on as a client.
relayed() {
    local server port="" line
    mkfifo "$out/in" "$out/out"
    on_windows helo-server.exe --port 0 --end-with-input --relay "smtp://127.0.0.1:$demo_port" --domains example.test \
        < "$out/in" > "$out/out" 2> "$out/server.log" &
    server=$!
    exec 6> "$out/in" 7< "$out/out"
    while read -r line <&7 && [ "${line%$'\r'}" != ready ]; do port=${line%$'\r'}; port=${port##*:}; done
    on_windows send.exe "smtp://127.0.0.1:$port" sender@example.test message.eml alice@example.test
    exec 6>&- 7<&-
    wait "$server" || { cat "$out/server.log" >&2; return 1; }
    grep -q 'taken: from <sender@example.test>' "$out/server.log"
}

# The DLL is loaded and freed for each mail, with callbacks and name lookups on their way.
unloads() {
    start_demo_server target/debug/helo-server "$PWD/$out/unloads" --no-sync
    LIMIT=900 on_windows unload.exe "127.0.0.1:$demo_port" "${HELO_UNLOADS:-1000}"
    stop_demo_server
    part "$width bits: loads and unloads"
}

# A server that never answers: sets silent_port.
start_silent() {
    rm -f "$out/silent.in" "$out/silent.out"
    mkfifo "$out/silent.in" "$out/silent.out"
    python3 scripts/windows/silent.py < "$out/silent.in" > "$out/silent.out" &
    silent=$!
    exec 4> "$out/silent.in" 5< "$out/silent.out"
    read -r silent_port <&5
}

stop_silent() {
    exec 4>&-
    cat <&5 > "$out/silent.log"
    exec 5<&-
    wait "$silent"
}

windows_live() {
    on_windows yield.exe
    start_silent
    certificates "$silent_port" 2> "$out/openssl.log" || { cat "$out/openssl.log" >&2; return 1; }
    start_demo_server target/debug/helo-server "$PWD/$out/secured" --tls-certificate "$out/server.pem" --tls-key "$out/server.key"
    cp "$out/authority.der" "$folder/authority.der"
    on_windows revocation.exe authority.der "$demo_port"
    stop_demo_server
    stop_silent
    # It was not vain: the system has asked there.
    grep -q asked "$out/silent.log"
    part "$width bits: windows live, also while a list of what is revoked does not come"
}

certificates() { # PORT
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=An authority of $width bits" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$out/authority.key" -out "$out/authority.pem"
    openssl x509 -in "$out/authority.pem" -outform DER -out "$out/authority.der"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
        -keyout "$out/server.key" -out "$out/server.csr"
    printf '%s\n' "subjectAltName = DNS:localhost" "basicConstraints = critical,CA:FALSE" "extendedKeyUsage = serverAuth" \
        "keyUsage = critical,digitalSignature" "crlDistributionPoints = URI:http://127.0.0.1:$1/list.crl" > "$out/extensions"
    openssl x509 -req -in "$out/server.csr" -CA "$out/authority.pem" -CAkey "$out/authority.key" -set_serial 7 -days 2 \
        -extfile "$out/extensions" -out "$out/server.pem"
}

# Whatever the console does: a server ends in order, with the mail that is on its way; helo-check ends.
keys() {
    local event how server=(helo-server.exe --port 0 --discard)
    for event in c break close logoff shutdown; do
        on_console keys.exe "$event" order ready "${server[@]}"
    done
    # A second time it ends at once. A service stays when a user logs off.
    on_console keys.exe break twice ready "${server[@]}"
    on_console keys.exe logoff stay ready "${server[@]}"
    start_silent
    for event in c break close; do
        on_console keys.exe "$event" end Connecting helo-check.exe --try "smtp://127.0.0.1:$silent_port"
    done
    stop_silent
    part "$width bits: Ctrl-C, Ctrl-Break, the end of the console, of the session and of the system"
}

# Wine's console needs a terminal, which script gives it.
on_console() { # PROGRAM ARGUMENTS...
    rm -f "$folder/keys.log"
    if ! script -qec "scripts/windows/wine.sh $width $folder wine $*" /dev/null < /dev/null > "$out/console.log" 4>&- 5<&-; then
        echo "$*" >&2
        cat "$out/console.log" "$folder/keys.log" >&2
        return 1
    fi
    cat "$folder/keys.log"
}
