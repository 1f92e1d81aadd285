#!/bin/bash
# A private Dovecot that takes mail for submission and hands it to the server on RELAY-PORT:
# dovecot.sh PORT TLS-PORT RELAY-PORT INTROSPECTION-URL [SERVICE-COUNT]. See README.md in this folder. Starts as root only.
set -euo pipefail
port=$1 tls_port=$2 relay=$3 introspection=$4 service_count=${5:-1}
. "$(dirname "$0")/common.sh"

mkdir -p "$root/run" "$root/mail"
chown nobody "$root/mail"
certificates "$root"
cat > "$root/users" << USERS
alice@example.test:{PLAIN}secret
bob@example.test:{PLAIN}Grüße, 100 %
USERS
echo "alice@example.test:::::::nopassword" > "$root/certified"
cat > "$root/oauth2.conf" << CONF
introspection_url = $introspection
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
CONF
cat > "$root/dovecot.conf" << CONF
base_dir = $root/run
state_dir = $root/run
log_path = $root/log
protocols = submission
listen = 127.0.0.1, 127.0.0.2, 127.0.0.3
hostname = sub.example.test
ssl = yes
ssl_cert = <$root/cert.pem
ssl_key = <$root/key.pem
ssl_ca = <$root/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
ssl_cert_username_field = commonName
disable_plaintext_auth = no
# To Dovecot a client with the server's own address is as good as encrypted: what demands TLS has another one.
local 127.0.0.2 {
  ssl = required
  disable_plaintext_auth = yes
}
local 127.0.0.3 {
  ssl = no
}
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2 external
auth_failure_delay = 0
mail_location = maildir:$root/mail/%n
mail_uid = nobody
mail_gid = $(id -gn nobody)
first_valid_uid = 1
# With EXTERNAL the certificate is the password.
passdb {
  driver = passwd-file
  mechanisms = external
  args = $root/certified
}
passdb {
  driver = passwd-file
  args = $root/users
}
# Tokens are shown to whoever issued them, who says whether they still hold and whose they are.
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $root/oauth2.conf
}
userdb {
  driver = static
  args = uid=nobody gid=$(id -gn nobody) home=$root/mail/%n
}
# Who mistakes a password waits longer each time, all clients of one address together: not here.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
submission_relay_host = 127.0.0.1
submission_relay_port = $relay
submission_relay_trusted = no
# How many connections a login process serves, 0 without end.
service submission-login {
  service_count = $service_count
  inet_listener submission {
    port = $port
  }
  inet_listener submissions {
    port = $tls_port
    ssl = yes
  }
}
CONF

serve "$port" "$root/log" dovecot -F -c "$root/dovecot.conf"
