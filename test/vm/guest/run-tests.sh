#!/usr/bin/env bash
# Inside the machine: runs the test files that the job names.
set -euo pipefail

printf 'vm: Linux %s, %s, %s, %s, Node %s\n' "$(uname -r)" "$(stat -f -c %T /sys/fs/cgroup)" \
  "$(containerd --version | awk '{ print "containerd " $3 }')" "$(runc --version | head -1)" "$(node --version)"
cd /work
mapfile -t files </work/job/files
# A file has no limit of its own beside the run's: its cases have theirs.
# Two at a time: the machine has two processors, and one file of tests keeps little more than one busy.
exec node --enable-source-maps --test --test-concurrency=2 --test-timeout="$((VM_TIMEOUT * 1000))" --test-reporter=spec "${files[@]}"
