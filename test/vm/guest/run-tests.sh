#!/usr/bin/env bash
# Inside the machine: runs the test files that the job names.
set -euo pipefail

printf 'vm: Linux %s, %s, %s, %s, Node %s\n' "$(uname -r)" "$(stat -f -c %T /sys/fs/cgroup)" \
  "$(containerd --version | awk '{ print "containerd " $3 }')" "$(runc --version | head -1)" "$(node --version)"
cd /work
mapfile -t files </work/job/files

# Two processes, for the machine has two processors and one file of tests keeps little more than one busy. Each takes
# every other file: to load an engine costs 14 s of processor time here, and what is loaded and compiled serves the next file.
lanes=()
for ((number = 0; number < 2 && number < ${#files[@]}; number++)); do
  lane=/tmp/lane-$((number + 1)).mjs
  for ((n = number; n < ${#files[@]}; n += 2)); do echo "import '/work/${files[n]}';"; done >"$lane"
  lanes+=("$lane")
done
# A lane has no limit of its own beside the run's: its cases have theirs.
exec node --enable-source-maps --test --test-concurrency=2 --test-timeout="$((VM_TIMEOUT * 1000))" --test-reporter=spec "${lanes[@]}"
