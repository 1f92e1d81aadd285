#!/bin/bash
# Installs what the tests need: Debian's packages (as root), and a Python environment in target/venv.
# Without root it says what is missing; the tests that need it then count as skipped.
#
#   scripts/setup-tests.sh        for `make check`
#   scripts/setup-tests.sh all    also for the sanitizer and Windows targets
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

packages="gcc g++ libc6-dev make binutils pkg-config openssl valgrind strace python3 python3-venv
    postfix sasl2-bin libsasl2-modules libsasl2-modules-db dovecot-core dovecot-submissiond dovecot-lmtpd
    swaks libnet-ssleay-perl curl msmtp libesmtp-dev
    libgsasl-dev libspf2-2 libmariadb3 libidn12 libpq5 libldap-2.5-0"
[ "${1:-}" = all ] && packages="$packages clang-22 libclang-rt-22-dev rustc-web rust-web-src libstd-rust-web-dev
    gcc-mingw-w64-x86-64 gcc-mingw-w64-i686 wine wine64 debootstrap bsdutils"

installed() { dpkg-query -W -f '${Status}\n' "$1" 2> /dev/null | grep -q '^install ok installed'; }

missing=""
if command -v dpkg-query > /dev/null; then
    for package in $packages; do installed "$package" || missing="$missing $package"; done
fi

if [ -n "$missing" ] && [ "$(id -u)" != 0 ]; then
    echo "not installed:$missing" >&2
    echo "to have them: sudo scripts/setup-tests.sh ${1:-}" >&2
elif [ -n "$missing" ]; then
    # Nothing may start by itself: the tests start their own servers, on free ports.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
    apt-get update -q
    # --no-remove: another mail server that is installed stays. One by one if they do not go together, so that a
    # package that this release lacks costs only its own tests.
    # shellcheck disable=SC2086
    if ! apt-get install -q -y --no-install-recommends --no-remove $missing; then
        for package in $missing; do
            apt-get install -q -y --no-install-recommends --no-remove "$package" \
                || echo "could not install $package; the tests that need it will be skipped" >&2
        done
    fi
fi

# CPython's own cases for smtplib run against our package; Debian has the standard library's tests in a package of its own.
if command -v python3 > /dev/null && ! python3 -c 'import test.test_smtplib' 2> /dev/null; then
    tests=$(python3 -c 'import sys; print("libpython%d.%d-testsuite" % sys.version_info[:2])')
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null \
        || ! DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends --no-remove "$tests"; then
        echo "no test.test_smtplib for python3 ($tests has it); its cases will be skipped" >&2
    fi
fi

# Exim conflicts with Postfix as a package, so it is only unpacked; it will not run without the user of its package.
exim=target/servers/exim
if [ ! -x "$exim/usr/sbin/exim4" ] && command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
    mkdir -p "$exim"
    if (cd "$exim" && apt-get download -q exim4-daemon-heavy && dpkg -x exim4-daemon-heavy_*.deb . && rm -f ./*.deb); then
        id Debian-exim > /dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin Debian-exim
    else
        echo "could not unpack exim4-daemon-heavy; the tests with Exim will be skipped" >&2
    fi
fi

# For the Python tests, the demo's server, the interop tests with aiosmtpd and smtplib, channel bindings (scramp), and the
# types of the Python package (mypy).
wanted="aiosmtpd==1.4.6 scramp==1.5.0 mypy==2.4.1 pytest==9.2.0"
# shellcheck disable=SC2086
if [ ! -f target/venv/ready ] || [ "$(cat target/venv/ready)" != "$wanted" ]; then
    if python3 -m venv target/venv && target/venv/bin/pip install -q $wanted; then
        echo "$wanted" > target/venv/ready
    else
        echo "no Python environment in target/venv (python3-venv and a package index are needed)" >&2
    fi
fi

# nodemailer, a client of the interop tests with helo-server; Haraka and nodemailer's smtp-server, servers of those with our
# client. Nothing of it is compiled: Haraka's plugins that would be are optional.
wanted="nodemailer@10.6.0 Haraka@3.3.4 smtp-server@3.21.6"
if [ "$(cat target/node/ready 2> /dev/null)" != "$wanted" ]; then
    # shellcheck disable=SC2086
    if command -v npm > /dev/null && mkdir -p target/node \
        && npm install --silent --no-audit --no-fund --no-save --omit=optional --ignore-scripts --prefix target/node $wanted; then
        echo "$wanted" > target/node/ready
    else
        echo "no $wanted in target/node (node, npm and a package index are needed)" >&2
    fi
fi
