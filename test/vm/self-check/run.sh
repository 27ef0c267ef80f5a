#!/usr/bin/env bash
# Runs jobs that must fail in the machine, and checks that each fails outside too, with the right exit status and words.
# By hand: it takes two minutes, and proves the harness, not the product.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

# expect STATUS WORDS FILE [NAME=VALUE...]
expect() {
  local status=0
  env "${@:4}" bash test/vm/run.sh "test/vm/self-check/$3" >"$log" 2>&1 || status=$?
  if ((status == $1)) && grep -q "$2" "$log"; then
    printf 'ok    %s: exit status %s, "%s"\n' "$3" "$status" "$(grep -m1 "$2" "$log")"
  else
    printf 'FAIL  %s: exit status %s in place of %s, or no word of "%s":\n' "$3" "$status" "$1" "$2"
    cat "$log"
    failed=1
  fi
}

expect 0 'tests 1, pass 1, fail 0' passes.test.ts
expect 1 'tests 1, pass 0, fail 1' fails.test.ts
expect 99 'the machine died' panics.test.ts
expect 124 'the tests were still running after 20 s' hangs.test.ts VM_TIMEOUT=20
expect 99 'the machine hung' freezes.test.ts VM_TIMEOUT=20 VM_GRACE=20
exit "$failed"
