#!/usr/bin/env bash
# Sets up what is missing and runs the benchmarks. Arguments are passed on: --only NAMES, --rounds N, --count N, --json FILE,
# --docs FILE (writes the tables into that document).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh >&2
exec node dist-test/bench/main.js "$@"
