#!/bin/bash
# The tests of the Python package, with the library of this tree.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

have python python3 || exit 0
if [ ! -x target/venv/bin/python ]; then
    skip python "no environment in target/venv (scripts/setup-tests.sh makes it)"
    exit 0
fi
cargo build --locked --lib
HELO_LIBRARY=$PWD/target/debug/libhelo.so PYTHONPATH=python target/venv/bin/python -m unittest discover -s python/tests -t python -v
if target/venv/bin/python -c 'import mypy' 2> /dev/null; then
    (cd python && ../target/venv/bin/python -m mypy --no-incremental)
else
    skip mypy "not in target/venv (scripts/setup-tests.sh installs it)"
fi
