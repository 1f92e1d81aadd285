#!/bin/bash
# The tests of the Python package, or the modules of them that are named, with the library that is installed in HELO_INSTALLED, or else that of this tree.
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
export HELO_LIBRARY=$library
if [ $# -gt 0 ]; then
    cd python
    exec ../target/venv/bin/python -m unittest -v "$@"
fi
PYTHONPATH=python target/venv/bin/python -m unittest discover -s python/tests -t python -v
if target/venv/bin/python -c 'import mypy' 2> /dev/null; then
    (cd python && ../target/venv/bin/python -m mypy --no-incremental)
else
    skip mypy "not in target/venv (scripts/setup-tests.sh installs it)"
fi
