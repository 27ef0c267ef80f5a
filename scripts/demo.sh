#!/usr/bin/env bash
# Sets up what is missing, then runs real containers through the library and shows what comes of it: on the embedded core, or
# with --remote on a containerd of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
bash scripts/setup.sh
echo
exec node dist-test/scripts/demo.js "$@"
