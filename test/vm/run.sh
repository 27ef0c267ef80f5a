#!/usr/bin/env bash
# run.sh [--shell] [FILE...]: runs the test files (default: all of test/vm/suite) on a cgroup v2 kernel in QEMU; with
# --shell, gives a shell there in place of that. Environment: VM_TIMEOUT, seconds that the tests may take (1500);
# VM_REQUIRED=1 makes it a failure when there can be no machine here. More in README.md beside this.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export VM_TIMEOUT=${VM_TIMEOUT:-1500} VM_SHELL=
if [[ ${1:-} == --shell ]]; then
  VM_SHELL=1
  shift
fi

skip() {
  if [[ -n ${VM_REQUIRED:-} ]]; then
    echo "vm: FAILED, the tests on cgroup v2 must run here and cannot: $*" >&2
    exit 1
  fi
  echo "vm: SKIPPED, no test on cgroup v2 was run: $*"
  exit 0
}

[[ $(uname -s) == Linux ]] || skip "needs Linux, this is $(uname -s)"
[[ $(uname -m) == x86_64 ]] || skip "needs an x86-64 machine, this is $(uname -m)"
((EUID == 0)) || skip 'needs root, to unpack packages with their owners: run as root, or with sudo'
for tool in apt-get dpkg-deb mke2fs flock ldconfig chroot; do
  [[ -n $(command -v "$tool") ]] || skip "needs $tool"
done

[[ -n ${VM_DIST:-} ]] || bash scripts/setup.sh
source test/vm/recipe.sh
built=0
bash test/vm/build.sh || built=$?
if ((built == 3)); then skip "Debian $debian's packages cannot be fetched"; fi
((built == 0)) || fail 'the machine cannot be built: see above'

dist=${VM_DIST:-dist-test}
files=()
if (($# > 0)); then
  for file in "$@"; do
    compiled=${file%.ts}.js
    [[ -e $dist/$compiled ]] || fail "there is no test $file ($dist/$compiled)"
    files+=("dist-test/$compiled")
  done
else
  while IFS= read -r file; do files+=("dist-test/${file#"$dist/"}"); done < <(find "$dist/test/vm/suite" -name '*.test.js' | sort)
fi
((${#files[@]} > 0)) || fail 'found no test in test/vm/suite'

run=$(mktemp -d "$cache/vm/run.XXXXXX")
boot=
end() {
  if [[ -n $boot ]]; then
    kill "$boot" 2>/dev/null || true
    wait "$boot" || true
  fi
  rm -rf "$run"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bash test/vm/pack-job.sh "$run/job.ext4" "${files[@]}"
if [[ -n $VM_SHELL ]]; then
  bash test/vm/boot.sh "$run"
  exit
fi

say "${#files[@]} test file(s) on cgroup v2, in emulation"
started=$SECONDS status=0
# In the background: a shell that waits for a child in the foreground acts on a signal only after it.
bash test/vm/boot.sh "$run" &
boot=$!
wait "$boot" || status=$?
boot=

# What Node's spec reporter says at its end.
counts=$(awk '/^ℹ (tests|pass|fail|cancelled|skipped|todo) [0-9]+$/ { printf "%s%s %s", comma, $2, $3; comma = ", " }' "$run/output")
say "${counts:-no count of tests came out} (exit status $status, $((SECONDS - started)) s with the machine's start)"
if ((status == 0)) && [[ ! $counts =~ 'tests '[1-9] ]]; then fail 'no test was run'; fi
exit "$status"
