#!/bin/bash
# A private Exim: exim.sh PORT TLS-PORT SUBMISSION SUBMISSIONS CLEAR [NEXT-CLEAR NEXT NEXT-TLS NEXT-LMTP CA], all of them
# ports but the last. See README.md in this folder. Delivers as another user, so it starts as root only.
set -euo pipefail
port=$1 tls_port=$2 submission=$3 submissions=$4 clear=$5
next_clear=${6:-1} next=${7:-1} next_tls=${8:-1} next_lmtp=${9:-1} next_ca=${10:-}
exim=$(cd "$(dirname "$0")/../.." && pwd)/target/servers/exim/usr/sbin/exim4
[ -x "$exim" ] || { echo "no Exim in target/servers (scripts/setup-tests.sh unpacks it)" >&2; exit 1; }

. "$(dirname "$0")/common.sh"

mkdir -p "$root/spool" "$root/log" "$root/mail" "$root/conf"
certificates "$root/conf"
# Its own user must be able to read it.
[ -z "$next_ca" ] || install -m 644 "$next_ca" "$root/conf/next-ca.pem"
group=$(id -gn nobody)
chown -R "nobody:$group" "$root/spool" "$root/log" "$root/mail"
chown "root:$group" "$root/conf/key.pem"
chmod 640 "$root/conf/key.pem"

# What comes from the network is tainted and makes no file name: the mailbox is looked up in this list. Everybody else
# has the last line.
{
    for name in alice bob carol; do echo "$name: $name"; done
    for number in $(seq 400); do echo "box$number: box$number"; done
    # To whom the NetX guide's example writes.
    echo "recipient: recipient"
    echo "*: catchall"
} > "$root/conf/mailboxes"

cat > "$root/conf/passwords" << PASSWORDS
alice@example.test: secret
bob@example.test: Grüße, 100 %
PASSWORDS

# The ports on which nothing goes without a login, and no login without TLS.
demanding="inlist{\$received_port}{$submission:$submissions}"
cat > "$root/conf/exim.conf" << CONF
exim_path = $exim
exim_user = nobody
exim_group = $group
spool_directory = $root/spool
log_file_path = $root/log/%slog
pid_file_path = $root/exim.pid
primary_hostname = mx.example.test
qualify_domain = example.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = $port : $tls_port : $submission : $submissions : $clear
tls_on_connect_ports = $tls_port : $submissions
domainlist local_domains = example.test : mycompany.com
never_users =
host_lookup =
rfc1413_hosts =
rfc1413_query_timeout = 0s
keep_environment =
add_environment = PATH=/usr/bin:/bin
smtp_accept_max = 200
smtp_accept_max_per_connection = 10000
smtp_accept_queue_per_connection = 0
smtp_max_unknown_commands = 100
smtp_max_synprot_errors = 100
message_size_limit = 250M
tls_advertise_hosts = \${if !={\$received_port}{$clear}{*}}
auth_advertise_hosts = \${if or{{!$demanding}{def:tls_in_cipher}}{*}}
tls_verify_certificates = $root/conf/ca.pem
tls_try_verify_hosts = *
tls_resumption_hosts = *
tls_certificate = $root/conf/cert.pem
tls_privatekey = $root/conf/key.pem
pipelining_advertise_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
prdr_enable = true
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
acl_smtp_vrfy = acl_data

begin acl
acl_mail:
  deny condition = \${if $demanding}
       !authenticated = *
       message = 530 5.7.0 Authentication required
  deny senders = refused@example.test
       message = not from you
  accept
acl_rcpt:
  # Whoever hands mail in on this machine, by -bs.
  accept hosts = :
  deny recipients = refused@example.test
       message = no such user here
  defer recipients = later@example.test
       message = try again later
  accept authenticated = *
  accept domains = +local_domains
  deny message = relay not permitted
acl_data:
  accept

# Nothing is sent off this machine: there is no other router. What is for store.test goes to a server of the test's.
begin routers
next_clear:
  driver = manualroute
  domains = plain.store.test
  route_list = * localhost byname
  self = send
  transport = next_clear
next_encrypted:
  driver = manualroute
  domains = encrypted.store.test
  route_list = * localhost byname
  self = send
  transport = next_encrypted
next_secure:
  driver = manualroute
  domains = secure.store.test
  route_list = * localhost byname
  self = send
  transport = next_secure
next_wrapped:
  driver = manualroute
  domains = wrapped.store.test
  route_list = * localhost byname
  self = send
  transport = next_wrapped
next_lmtp:
  driver = manualroute
  domains = lmtp.store.test
  route_list = * localhost byname
  self = send
  transport = next_lmtp
local:
  driver = accept
  domains = +local_domains
  local_parts = lsearch*;$root/conf/mailboxes
  transport = maildir

begin transports
next_clear:
  driver = smtp
  port = $next_clear
  hosts_avoid_tls = *
  hosts_pipe_connect = *
# With TLS and PIPECONNECT where they are offered.
next_encrypted:
  driver = smtp
  port = $next
  hosts_require_tls = *
  hosts_pipe_connect = *
  hosts_try_dane =
  tls_verify_hosts = *
  tls_verify_certificates = $root/conf/next-ca.pem
next_secure:
  driver = smtp
  port = $next
  hosts_require_tls = *
  hosts_require_auth = *
  tls_verify_hosts = *
  tls_verify_certificates = $root/conf/next-ca.pem
next_wrapped:
  driver = smtp
  protocol = smtps
  port = $next_tls
  hosts_try_auth = *
  tls_verify_hosts = *
  tls_verify_certificates = $root/conf/next-ca.pem
next_lmtp:
  driver = smtp
  protocol = lmtp
  port = $next_lmtp
maildir:
  driver = appendfile
  directory = $root/mail/\$local_part_data
  maildir_format
  create_directory
  user = nobody
  group = $group

# As a client, by which of them is up to the sender's name.
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_condition = \${if !match{\$sender_address}{^(login|cram)}}
  client_send = ^alice@example.test^\${if match{\$sender_address}{^wrong}{wrong}{secret}}
  server_prompts = :
  server_condition = \${if eq{\$auth3}{\${lookup{\$auth2}lsearch{$root/conf/passwords}{\$value}fail}}}
  server_set_id = \$auth2
login:
  driver = plaintext
  public_name = LOGIN
  client_condition = \${if match{\$sender_address}{^login}}
  client_send = : alice@example.test : secret
  server_prompts = Username:: : Password::
  server_condition = \${if eq{\$auth2}{\${lookup{\$auth1}lsearch{$root/conf/passwords}{\$value}fail}}}
  server_set_id = \$auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  client_condition = \${if match{\$sender_address}{^cram}}
  client_name = alice@example.test
  client_secret = secret
  server_secret = \${lookup{\$auth1}lsearch{$root/conf/passwords}{\$value}fail}
  server_set_id = \$auth1
# Who is there is what the certificate says, if an authority that counts has signed it.
external:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = \$tls_in_certificate_verified
  server_param2 = \${certextract{subj_altname,mail,>:}{\$tls_in_peercert}}
  server_condition = \${if eq{\$auth2}{alice@example.test}}
  server_set_id = \$auth2
CONF

serve "$port" "$root/log/mainlog" "$exim" -C "$root/conf/exim.conf" -bdf -q30s
