#!/bin/bash
# A private Dovecot that takes mail for submission and hands it to the server on RELAY-PORT:
# dovecot.sh PORT RELAY-PORT. See README.md in this folder. Starts as root only.
set -euo pipefail
port=$1 relay=$2
. "$(dirname "$0")/common.sh"

mkdir -p "$root/run" "$root/mail"
chown nobody "$root/mail"
certificate "$root"
echo "alice@example.test:{PLAIN}secret" > "$root/users"
cat > "$root/dovecot.conf" << CONF
base_dir = $root/run
state_dir = $root/run
log_path = $root/log
protocols = submission
listen = 127.0.0.1
hostname = sub.example.test
ssl = yes
ssl_cert = <$root/cert.pem
ssl_key = <$root/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
mail_location = maildir:$root/mail/%n
mail_uid = nobody
mail_gid = $(id -gn nobody)
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = $root/users
}
# Whoever comes with the token "token".
passdb {
  driver = static
  args = password=token
  mechanisms = xoauth2 oauthbearer
}
userdb {
  driver = static
  args = uid=nobody gid=$(id -gn nobody) home=$root/mail/%n
}
submission_relay_host = 127.0.0.1
submission_relay_port = $relay
submission_relay_trusted = no
service submission-login {
  inet_listener submission {
    port = $port
  }
}
CONF

serve "$port" "$root/log" dovecot -F -c "$root/dovecot.conf"
