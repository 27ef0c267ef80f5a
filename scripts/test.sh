#!/usr/bin/env bash
# Sets up what is missing and runs every test; the repetitive ones at a tenth of their count. With --full at all of it,
# and then the tests of test/vm on a cgroup v2 kernel in an emulator.
# Further arguments name test files (src/... or test/..., .ts) to run in place of all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

SCALE=${SCALE:-0.1}
full=
if [[ ${1:-} == --full ]]; then
  SCALE=1
  full=1
  shift
fi
export SCALE SUITE_SCALE=${SUITE_SCALE:-$SCALE}

bash scripts/setup.sh

unit=()
files=()
if (($# > 0)); then
  for file in "$@"; do files+=("dist-test/${file%.ts}.js"); done
else
  # Node 20 takes no patterns. What is in test/vm runs in its machine only.
  while IFS= read -r file; do unit+=("$file"); done < <(find dist-test/src -name '*.test.js' | sort)
  while IFS= read -r file; do files+=("$file"); done < <(
    find dist-test/test -path dist-test/test/vm -prune -o -name '*.test.js' -print | sort
  )
fi
if ((${#files[@]} == 0)); then
  echo 'test: found no test file' >&2
  exit 1
fi

# Two parts, each with its own closing lines: unit tests, two files at a time; then those that run containers. These share
# two cores: one file at a time keeps their deadlines honest.
status=0
run=(node --enable-source-maps --test --test-timeout=600000)
if ((${#unit[@]} > 0)); then
  printf '\n=== unit tests\n'
  "${run[@]}" --test-concurrency=2 "${unit[@]}" || status=$?
  printf '\n=== integration tests\n'
fi
"${run[@]}" --test-concurrency=1 "${files[@]}" || status=$?

# Each integration file looks after itself; this is the last look. Only what carries our folder's name is ours.
left=$(pgrep -af '/tmp/lcd-' | grep -v pgrep || true)
mounts=$(grep ' /tmp/lcd-' /proc/self/mounts 2>/dev/null || true)
if [[ -n $left$mounts ]]; then
  printf 'test: the tests left behind:\n%s\n%s\n' "$left" "$mounts" >&2
  status=1
fi

if [[ -n $full ]] && (($# == 0)); then
  printf '\n=== npm run test:vm\n'
  bash test/vm/run.sh || status=$?
fi
exit "$status"
