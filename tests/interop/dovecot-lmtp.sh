#!/bin/bash
# A private Dovecot that stores what it gets by LMTP: dovecot-lmtp.sh PORT. See README.md in this folder. Starts as root
# only.
set -euo pipefail
port=$1
. "$(dirname "$0")/common.sh"

mkdir -p "$root/run" "$root/mail"
chown nobody "$root/mail"
group=$(id -gn nobody)
printf '%s@example.test:{PLAIN}secret\n' alice bob > "$root/users"
cat > "$root/dovecot.conf" << CONF
base_dir = $root/run
state_dir = $root/run
log_path = $root/log
protocols = lmtp
hostname = store.example.test
postmaster_address = postmaster@example.test
ssl = no
mail_location = maildir:$root/mail/%n
mail_uid = nobody
mail_gid = $group
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = $root/users
}
userdb {
  driver = static
  args = uid=nobody gid=$group home=$root/mail/%n
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF

serve "$port" "$root/log" dovecot -F -c "$root/dovecot.conf"
