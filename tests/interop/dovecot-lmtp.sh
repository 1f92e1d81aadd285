#!/bin/bash
# A private Dovecot that stores what it gets by LMTP: dovecot-lmtp.sh PORT. See README.md in this folder. Starts as root
# only.
set -euo pipefail
port=$1
. "$(dirname "$0")/common.sh"

mkdir -p "$root/run" "$root/mail"
chown nobody "$root/mail"
group=$(id -gn nobody)
printf '%s@example.test:{PLAIN}secret::::::\n' alice bob > "$root/users"
# No message fits into this one's mailbox, which is known when it has come.
echo 'full@example.test:{PLAIN}secret::::::userdb_quota_rule=*:bytes=10' >> "$root/users"
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
  driver = passwd-file
  args = $root/users
  default_fields = uid=nobody gid=$group home=$root/mail/%n
}
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF

serve "$port" "$root/log" dovecot -F -c "$root/dovecot.conf"
