#!/usr/bin/env bash
# Sets up what the tests and the demo need, on an empty Debian 12 as root. Does only what is missing, a line a step.
# Elsewhere it says what is missing and what still runs, and goes on. Uses the network for apt and npm only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

NODE_NEEDED=20.19
PACKAGES=(containerd runc crun criu busybox-static tini util-linux procps ca-certificates)
POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='# written by scripts/setup.sh of libcontainerd'
# Debian leaves these out of a plain user's PATH, and runc is there.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

log=$(mktemp)
trap 'rm -f "$log"; remove_policy' EXIT

say() { printf 'setup: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

# Runs a command quietly; its output is shown when it fails.
quiet() {
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

# --- system packages -------------------------------------------------------------------------------------------------

# True when what the package gives is there, from whatever source: Docker's containerd.io must not be pushed out.
has_package() {
  case $1 in
    containerd | runc | crun | criu) [[ -n $(command -v "$1") ]] ;;
    busybox-static) [[ -n $(command -v busybox) ]] && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
    # Statically linked: it runs in the container, whatever is in there.
    tini) [[ -n $(command -v docker-init || command -v tini-static) ]] ;;
    util-linux) [[ -n $(command -v unshare) && -n $(command -v nsenter) ]] ;;
    procps) [[ -n $(command -v ps) ]] ;;
    ca-certificates) [[ -s /etc/ssl/certs/ca-certificates.crt ]] ;;
  esac
}

# While it is there, no package starts a service: a system-wide containerd must never run because of us.
write_policy() {
  if [[ ! -e $POLICY ]]; then
    printf '#!/bin/sh\n%s, and removed by it\nexit 101\n' "$POLICY_MARK" >"$POLICY"
    chmod 755 "$POLICY"
  fi
}

# Only our own; also one left by a run of this script that was killed.
remove_policy() {
  if [[ -w $POLICY ]] && grep -qF "$POLICY_MARK" "$POLICY"; then rm -f "$POLICY"; fi
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive quiet apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"
}

install_packages() {
  local missing=("$@") available=() absent=() package
  say "installing packages: ${missing[*]}"
  apt_get update || say 'apt-get update failed; trying with the lists that are there'
  for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then available+=("$package"); else absent+=("$package"); fi
  done
  if ((${#absent[@]} > 0)); then
    say "this system has no package for: ${absent[*]}; the tests that need them are skipped"
  fi
  if ((${#available[@]} > 0)); then
    write_policy
    apt_get install --no-install-recommends "${available[@]}" || die "cannot install ${available[*]}: see above"
    remove_policy
    if [[ -d /run/systemd/system && " ${available[*]} " == *' containerd '* ]]; then
      say 'containerd was not started, but its package has it started at the next boot; to prevent: systemctl disable containerd'
    fi
  fi
}

set_up_packages() {
  local missing=() package
  if [[ $(uname -s) != Linux ]]; then
    say "this is $(uname -s), and containers need Linux; unit tests, the fake backend, lint and build still run"
    return
  fi
  for package in "${PACKAGES[@]}"; do
    has_package "$package" || missing+=("$package")
  done
  if ((EUID != 0)); then
    say 'not root: tests and demo that run containers are skipped; unit tests, the fake backend, lint and build still run'
  fi
  if ((${#missing[@]} == 0)); then
    say 'system packages are there'
  elif [[ ! -e /etc/debian_version || -z $(command -v apt-get) ]]; then
    say "this is no Debian; missing, to be installed by its own means: ${missing[*]}"
    say 'tests that need one of them are skipped'
  elif ((EUID != 0)); then
    say "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}"
  else
    install_packages "${missing[@]}"
  fi
}

# --- cgroups ---------------------------------------------------------------------------------------------------------

# crun refuses a host of cgroup v1 whose cgroup2, mounted beside, holds a controller. The one that Debian's kernel leaves
# there is hugetlb, which nobody uses: a hierarchy of its own for it takes it out. That is the host's business, so it is
# done only where LIBCONTAINERD_HOST_CGROUPS=1 allows it; the tests of crun are skipped without, and run in the virtual
# machine anyway.
set_up_cgroups() {
  local held=/sys/fs/cgroup/unified/cgroup.controllers target=/sys/fs/cgroup/hugetlb
  if ((EUID != 0)) || [[ ! -e $held || -z $(command -v crun) ]]; then return; fi
  if [[ $(<"$held") != hugetlb ]]; then return; fi
  if [[ ${LIBCONTAINERD_HOST_CGROUPS:-} != 1 ]]; then
    say 'cgroup2 holds hugetlb, so crun does not run here; LIBCONTAINERD_HOST_CGROUPS=1 gives hugetlb a hierarchy of its own'
    return
  fi
  # Fails where a cgroup uses it, or in a container: then crun's tests are skipped.
  if quiet mkdir -p "$target" && quiet mount -t cgroup -o hugetlb cgroup "$target"; then
    say 'took hugetlb out of cgroup2, for crun'
  else
    say 'hugetlb stays in cgroup2; the tests of crun are skipped'
  fi
}

# --- Node and the project --------------------------------------------------------------------------------------------

check_node() {
  [[ -n $(command -v node) ]] || die "Node is missing: install Node $NODE_NEEDED or later (https://nodejs.org) and run this again"
  [[ -n $(command -v npm) ]] || die 'npm is missing: install the npm that belongs to this Node and run this again'
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    const [needMajor, needMinor] = process.argv[1].split(".").map(Number);
    process.exit(major > needMajor || (major === needMajor && minor >= needMinor) ? 0 : 1);
  ' "$NODE_NEEDED" || die "Node $(node --version) is too old: $NODE_NEEDED or later is needed (https://nodejs.org)"
  say "Node $(node --version)"
}

set_up_modules() {
  local installed=node_modules/.package-lock.json
  if [[ -e $installed && ! package-lock.json -nt $installed ]]; then
    say 'node_modules is up to date'
    return
  fi
  say 'npm ci'
  local flags=(--ignore-scripts --no-audit --no-fund)
  if ! npm ci "${flags[@]}" >"$log" 2>&1; then
    # A lock file that was made where the registry has not every platform's binaries lacks entries that npm ci wants.
    grep -q 'code EUSAGE' "$log" || { cat "$log" >&2; die 'npm ci failed: see above'; }
    say 'npm ci finds package-lock.json incomplete; npm install --no-save takes the versions that it has'
    quiet npm install --no-save "${flags[@]}" || die 'npm install failed: see above'
  fi
  [[ ! -e $installed ]] || touch "$installed"
}

# build SCRIPT FOLDER SOURCE...: runs the npm script when a source, or a folder of sources, is newer than the result.
build() {
  local script=$1 folder=$2 source sources=()
  shift 2
  for source in "$@" tsconfig.base.json package.json "node_modules/.package-lock.json"; do
    [[ ! -e $source ]] || sources+=("$source")
  done
  if [[ -d $folder && -z $(find "${sources[@]}" -newer "$folder" -print -quit) ]]; then
    say "$folder is up to date"
    return
  fi
  say "npm run $script"
  if ! quiet npm run --silent "$script"; then
    # Half a result must not pass for a whole one the next time.
    [[ ! -d $folder ]] || touch -t 197001020000 "$folder"
    die "npm run $script failed: see above"
  fi
}

check_node
set_up_packages
set_up_cgroups
set_up_modules
build build dist src tsconfig.build.json
build build:test dist-test src test bench examples scripts tsconfig.test.json
say 'ready'
