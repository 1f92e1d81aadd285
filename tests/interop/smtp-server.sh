#!/bin/bash
# nodemailer's smtp-server: smtp-server.sh PORT TLS-PORT CLEAR. See README.md in this folder.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
[ -d "$top/target/node/node_modules/smtp-server" ] \
    || { echo "no smtp-server in target/node (scripts/setup-tests.sh makes it)" >&2; exit 1; }

. "$(dirname "$0")/common.sh"

mkdir "$root/mail"
serve "$3" "$root/start.log" node "$top/tests/interop/smtp_server.cjs" "$root/mail" "$@"
