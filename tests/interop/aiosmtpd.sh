#!/bin/bash
# aiosmtpd: aiosmtpd.sh PORT. See README.md in this folder.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
[ -x "$top/target/venv/bin/python" ] || { echo "no target/venv (scripts/setup-tests.sh makes it)" >&2; exit 1; }

. "$(dirname "$0")/common.sh"

mkdir "$root/mail"
# It says "port N" when it takes connections, and ends with standard input.
"$top/target/venv/bin/python" "$(dirname "$0")/aiosmtpd_server.py" "$root/mail" "$1" alice@example.test:secret | sed -u "s|^port .*|ready $root|"
