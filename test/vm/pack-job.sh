#!/usr/bin/env bash
# pack-job.sh IMAGE FILE...: makes the disk with the job: compiled tests, the modules they import, and which to run.
# Environment: VM_DIST, VM_TIMEOUT, VM_SHELL, SCALE, SUITE_SCALE.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
disk=$1
shift

staging=$disk.d
trap 'rm -rf "$staging"' EXIT
mkdir -p "$staging/job" "$staging/test/vm"
cd "$root"
cp -a --reflink=auto package.json scripts "$staging/"
cp -a --reflink=auto "${VM_DIST:-dist-test}" "$staging/dist-test"
cp -a --reflink=auto test/vm/guest "$staging/test/vm/"
# What the product needs and no development tool, which are ten times as much. npm warns of settings that it does not
# know, on stderr; a missing module shows in the tests.
npm ls --omit=dev --all --parseable 2>/dev/null | sed "s|^$root/||" | grep '^node_modules/' |
  xargs -d '\n' cp -a --reflink=auto --parents -t "$staging"

# Emulation is up to 10 times slower than the machine for processes, and 30 for hot loops.
cat >"$staging/job/env" <<ENV
export SUITE_TIMEOUT_FACTOR=10 SCALE=${SCALE:-0.1} SUITE_SCALE=${SUITE_SCALE:-${SCALE:-0.1}}
export VM_TIMEOUT=$VM_TIMEOUT VM_SHELL=${VM_SHELL:-}
ENV
printf '%s\n' "$@" >"$staging/job/files"

megabytes=$(du -sm --apparent-size "$staging" | cut -f1)
truncate -s "$((megabytes * 13 / 10 + 32))M" "$disk"
mke2fs -q -t ext4 -d "$staging" -O ^has_journal -m 0 -E root_owner=0:0,lazy_itable_init=1 "$disk"
