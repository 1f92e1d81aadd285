#!/bin/bash
# Runs the benchmarks one after the other. Arguments go to the bench programs.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo bench --locked -- "$@"
