#!/bin/bash
# The tests of the Python package, with the library that is installed in HELO_INSTALLED, or else that of this tree.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

have python python3 || exit 0
if [ ! -x target/venv/bin/python ]; then
    skip python "no environment in target/venv (scripts/setup-tests.sh makes it)"
    exit 0
fi
if [ -n "${HELO_INSTALLED:-}" ]; then
    library=$HELO_INSTALLED/lib/libhelo.so
else
    cargo build --locked --package helo-library
    library=$PWD/target/debug/libhelo.so
fi
HELO_LIBRARY=$library PYTHONPATH=python target/venv/bin/python -m unittest discover -s python/tests -t python -v
if target/venv/bin/python -c 'import mypy' 2> /dev/null; then
    (cd python && ../target/venv/bin/python -m mypy --no-incremental)
else
    skip mypy "not in target/venv (scripts/setup-tests.sh installs it)"
fi
