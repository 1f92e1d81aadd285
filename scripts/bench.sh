#!/bin/bash
# Measures the numbers of README's table, or the parts of it that are named: `scripts/bench.sh server maildir`.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo bench --package helo --locked --bench numbers -- "$@"
