#!/bin/bash
# A private Postfix that hands mail on to a server of the test's: postfix-client.sh PORT NEXT-CLEAR NEXT NEXT-TLS
# NEXT-LMTP CA. Takes everything on PORT from this machine. See README.md in this folder. Starts as root only.
set -euo pipefail
port=$1 next_clear=$2 next=$3 next_tls=$4 next_lmtp=$5 next_ca=$6
. "$(dirname "$0")/common.sh"

conf=$root/conf
mkdir -p "$conf" "$root/spool" "$root/data"
chown postfix "$root/data"
install -m 644 "$next_ca" "$conf/next-ca.pem"
certificates "$conf"

# By domain, how it goes on: each has a service in master.cf.
mechanisms="SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN"
{
    echo "plain.store.test    next-clear:[localhost]:$next_clear"
    echo "may.store.test      next-may:[localhost]:$next"
    echo "encrypt.store.test  next-encrypt:[localhost]:$next"
    echo "verify.store.test   next-verify:[localhost]:$next"
    echo "stranger.store.test next-stranger:[localhost]:$next"
    echo "wrapped.store.test  next-wrapped:[localhost]:$next_tls"
    echo "lmtp.store.test     next-lmtp:inet:127.0.0.1:$next_lmtp"
    echo "login.store.test    next-login:[localhost]:$next"
    echo "wrong.store.test    next-wrong:[localhost]:$next"
    for mechanism in $mechanisms; do echo "by-${mechanism,,}.store.test next-by-${mechanism,,}:[localhost]:$next"; done
} > "$conf/transport"
echo "localhost alice@example.test:secret" > "$conf/passwords"
echo "localhost alice@example.test:wrong" > "$conf/wrong-passwords"
chmod 600 "$conf/passwords" "$conf/wrong-passwords"

cat > "$conf/main.cf" << CONF
compatibility_level = 3.6
queue_directory = $root/spool
data_directory = $root/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = $root/mail.log
maillog_file_prefixes = $root
myhostname = out.example.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
biff = no
enable_long_queue_ids = yes
local_header_rewrite_clients =
notify_classes =
alias_maps =
alias_database =
local_recipient_maps =
smtputf8_enable = yes
message_size_limit = 262144000
in_flow_delay = 0

# Nothing is sent off this machine: notices for senders elsewhere are dropped.
transport_maps = texthash:$conf/transport
default_transport = discard
relay_transport = discard

smtp_host_lookup = native
smtp_dns_support_level = disabled
default_destination_recipient_limit = 1000
# Longer lines would be folded.
smtp_line_length_limit = 0
smtp_tls_CAfile = $conf/next-ca.pem
smtp_tls_loglevel = 1
smtp_sasl_type = cyrus
smtp_sasl_security_options = noanonymous
smtp_sasl_tls_security_options = noanonymous
smtp_sasl_password_maps = texthash:$conf/passwords
# What XFORWARD and XCLIENT would tell is for servers that ask for it.
smtp_send_xforward_command = yes
minimal_backoff_time = 1000s
CONF
{
    cat << CONF
127.0.0.1:$port inet n - n - 50 smtpd
next-clear    unix - - n - - smtp -o smtp_tls_security_level=none
next-may      unix - - n - - smtp -o smtp_tls_security_level=may
next-encrypt  unix - - n - - smtp -o smtp_tls_security_level=encrypt
next-verify   unix - - n - - smtp -o smtp_tls_security_level=verify -o smtp_tls_verify_cert_match=nexthop
next-stranger unix - - n - - smtp -o smtp_tls_security_level=verify -o smtp_tls_CAfile=$conf/other-ca.pem
next-wrapped  unix - - n - - smtp -o smtp_tls_security_level=verify -o smtp_tls_wrappermode=yes
    -o smtp_tls_verify_cert_match=nexthop
next-lmtp     unix - - n - - lmtp
next-login    unix - - n - - smtp -o smtp_tls_security_level=encrypt -o smtp_sasl_auth_enable=yes
next-wrong    unix - - n - - smtp -o smtp_tls_security_level=encrypt -o smtp_sasl_auth_enable=yes
    -o smtp_sasl_password_maps=texthash:$conf/wrong-passwords
CONF
    for mechanism in $mechanisms; do
        echo "next-by-${mechanism,,} unix - - n - - smtp -o smtp_tls_security_level=encrypt -o smtp_sasl_auth_enable=yes"
        echo "    -o smtp_sasl_mechanism_filter=$mechanism"
    done
    cat << CONF
pickup     unix  n - n 60    1 pickup
cleanup    unix  n - n -     0 cleanup
qmgr       unix  n - n 300   1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n -     - trivial-rewrite
bounce     unix  - - n -     0 bounce
defer      unix  - - n -     0 bounce
trace      unix  - - n -     0 bounce
verify     unix  - - n -     1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n -     - proxymap
showq      unix  n - n -     - showq
error      unix  - - n -     - error
retry      unix  - - n -     - error
discard    unix  - - n -     - discard
anvil      unix  - - n -     1 anvil
scache     unix  - - n -     1 scache
postlog    unix-dgram n - n - 1 postlogd
CONF
} > "$conf/master.cf"

# What runs in the foreground is only the parent of the daemon that must be told to stop.
server_id() { tr -d ' ' < "$root/spool/pid/master.pid"; }
serve "$port" "$root/mail.log" postfix -c "$conf" start-fg
