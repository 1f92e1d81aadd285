#!/bin/bash
# A private Postfix: postfix.sh PORT TLS-PORT SUBMISSION SUBMISSIONS CLEAR LEAF TLS12 TLS13, all of them ports. See
# README.md in this folder. Starts as root only, as Postfix does.
set -euo pipefail
port=$1 tls_port=$2 submission=$3 submissions=$4 clear=$5 leaf=$6 tls12=$7 tls13=$8
. "$(dirname "$0")/common.sh"

conf=$root/conf
mkdir -p "$conf/sasl" "$root/spool" "$root/data" "$root/mail"
chown postfix "$root/data"
chown nobody "$root/mail"

certificates "$conf"

# Debian's Postfix looks for the SASL configuration below its own configuration, whatever its options say.
cat > "$conf/sasl/smtpd.conf" << CONF
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $root/sasldb
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 ANONYMOUS
CONF
printf 'secret' | saslpasswd2 -p -c -f "$root/sasldb" -u example.test alice
printf 'Grüße, 100 %%' | saslpasswd2 -p -c -f "$root/sasldb" -u example.test bob
chown root:postfix "$root/sasldb"
chmod 640 "$root/sasldb"

# Mailboxes must be listed one by one (virtual(8) takes no pattern); the last line catches everybody else. Tests take
# box1, box2 ... so as not to read each other's mail.
{
    for name in alice bob carol; do echo "$name@example.test $name/"; done
    echo "usér@example.test user8/"
    for number in $(seq 400); do echo "box$number@example.test box$number/"; done
    echo "@example.test catchall/"
    # To whom the NetX guide's example writes.
    echo "recipient@mycompany.com recipient/"
} > "$conf/mailboxes"
cat > "$conf/recipients" << CONF
refused@example.test 550 5.1.1 no such user here
later@example.test   450 4.2.1 try again later
CONF
echo "refused@example.test 550 5.7.1 not from you" > "$conf/senders"

cat > "$conf/main.cf" << CONF
compatibility_level = 3.6
queue_directory = $root/spool
data_directory = $root/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = $root/mail.log
maillog_file_prefixes = $root
myhostname = mx.example.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
biff = no
enable_long_queue_ids = yes
# Messages stay as they came, also those without the usual headers.
local_header_rewrite_clients =
notify_classes =

# Nothing is sent off this machine.
default_transport = error:5.7.1 no outbound mail from the test server
relay_transport = error:5.7.1 no relay

alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test mycompany.com
virtual_mailbox_base = $root/mail
virtual_mailbox_maps = texthash:$conf/mailboxes
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
message_size_limit = 262144000
smtputf8_enable = yes

smtpd_sender_restrictions = check_sender_access texthash:$conf/senders
smtpd_recipient_restrictions = check_recipient_access texthash:$conf/recipients
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_delay_reject = no
smtpd_discard_ehlo_keywords =
disable_vrfy_command = no

# Tests make many connections and many errors, and wait for none of the delays that slow attackers down.
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_junk_command_limit = 10000
in_flow_delay = 0

smtpd_tls_cert_file = $conf/cert.pem
smtpd_tls_key_file = $conf/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = no
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = example.test
# Guests too; those who demand a login do not take them.
smtpd_sasl_security_options =
CONF
# What a provider's servers say of themselves: nothing without a login, and no login without TLS.
demands="-o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes -o smtpd_sasl_security_options=noanonymous
    -o smtpd_sender_restrictions=permit_sasl_authenticated,reject"
cat > "$conf/master.cf" << CONF
127.0.0.1:$port        inet n - n - 200 smtpd
127.0.0.1:$tls_port    inet n - n - 20  smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:$submission  inet n - n - 20  smtpd $demands
127.0.0.1:$submissions inet n - n - 20  smtpd -o smtpd_tls_wrappermode=yes $demands
127.0.0.1:$clear       inet n - n - 20  smtpd -o smtpd_tls_security_level=none
127.0.0.1:$leaf        inet n - n - 20  smtpd -o smtpd_tls_cert_file=$conf/leaf.pem
127.0.0.1:$tls12       inet n - n - 20  smtpd -o smtpd_tls_protocols=TLSv1.2
127.0.0.1:$tls13       inet n - n - 20  smtpd -o smtpd_tls_protocols=TLSv1.3
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
proxywrite unix  - - n -     1 proxymap
showq      unix  n - n -     - showq
error      unix  - - n -     - error
retry      unix  - - n -     - error
virtual    unix  - n n -     - virtual
anvil      unix  - - n -     1 anvil
postlog    unix-dgram n - n - 1 postlogd
CONF

# What runs in the foreground is only the parent of the daemon that must be told to stop.
server_id() { tr -d ' ' < "$root/spool/pid/master.pid"; }
serve "$port" "$root/mail.log" postfix -c "$conf" start-fg
