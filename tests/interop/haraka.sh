#!/bin/bash
# Haraka: haraka.sh PORT. See README.md in this folder.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
haraka=$top/target/node/node_modules/Haraka/haraka.js
[ -f "$haraka" ] || { echo "no Haraka in target/node (scripts/setup-tests.sh makes it)" >&2; exit 1; }

. "$(dirname "$0")/common.sh"

mkdir "$root/mail" "$root/config" "$root/plugins" "$root/queue"
cp "$(dirname "$0")/haraka/store.js" "$root/plugins/"
echo store > "$root/config/plugins"
echo haraka.test > "$root/config/me"
echo example.test > "$root/config/host_list"
printf 'listen=127.0.0.1:%s\nnodes=0\n' "$1" > "$root/config/smtp.ini"
# Haraka's own settings, but: nothing of its own in the mails, and lines as long as they come, since they are compared with
# what was sent.
sed -e 's/^\[headers\]$/&\nadd_received=false\nclean_auth_results=false/' -e 's/^data_line_length=.*/data_line_length=1000000/' \
    "$(dirname "$haraka")/config/connection.ini" > "$root/config/connection.ini"
printf '[main]\nlevel=notice\nformat=default\n' > "$root/config/log.ini"

cd "$root"
serve "$1" "$root/start.log" env HARAKA="$root" HELO_STORE="$root/mail" node "$haraka"
