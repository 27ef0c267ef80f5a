#!/usr/bin/env bash
# Builds what the machine needs and is not in the cache yet. Exit status 3: the packages cannot be had here.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
export LIBCONTAINERD_CACHE=$cache
UNOBTAINABLE=3

# fetch NAME PACKAGE...: unpacks the packages and what they depend on into the cache, once.
fetch() {
  local name=$1
  shift
  [[ -e $cache/$name/complete ]] || say "fetching Debian $debian's $1${2:+ and $(($# - 1)) more}, with all they depend on"
  if [[ -z $(bash "$root/scripts/fetch-debian.sh" --with-dependencies "$debian" "$name" "$@") ]]; then
    tail -5 "$cache/$name/log" >&2 || true
    say "cannot fetch the packages of Debian $debian (offline, or no apt here): see $cache/$name/log" >&2
    exit "$UNOBTAINABLE"
  fi
}

build() {
  fetch "$qemu_name" "${qemu_packages[@]}"
  fetch "$guest_name" "${guest_packages[@]}"
  if [[ ! -e $cache/$guest_name/prepared ]]; then
    bash "$vm/prepare-guest.sh" "$guest_root"
    touch "$cache/$guest_name/prepared"
  fi
  if [[ ! -e $image ]]; then
    say "making the root image with Node $(node --version)"
    install -m 755 "$vm/guest/init" "$guest_root/init"
    install -D -m 755 "$node" "$guest_root/usr/local/bin/node"
    chroot "$guest_root" /usr/local/bin/node --version >/dev/null || fail "this machine's Node ($node) does not run on Debian $debian"
    rm -f "$image.tmp"
    truncate -s 4G "$image.tmp"
    mke2fs -q -t ext4 -d "$guest_root" -O ^has_journal -m 0 -E root_owner=0:0,lazy_itable_init=1 "$image.tmp"
    mv "$image.tmp" "$image"
  fi
  touch "$cache/$qemu_name" "$cache/$guest_name" "$image"
}

# What nobody has used for a week, and folders of runs that were killed.
remove_old() {
  find "$cache/vm" -maxdepth 1 \( -name 'qemu-*' -o -name 'guest-*' -o -name 'image-*' \) -mtime +7 -exec rm -rf {} +
  find "$cache/vm" -maxdepth 1 -name 'run.*' -mmin +240 -exec rm -rf {} +
}

mkdir -p "$cache/vm"
started=$SECONDS
# One builder at a time. The emulator is not started under this lock, or it would hold it.
{
  if ! flock -n 9; then
    say 'another run builds the machine: waiting for it'
    flock -w 900 9 || fail "the other build has not ended in 900 s; its lock is $cache/vm/lock"
  fi
  build 9>&-
  remove_old
} 9>"$cache/vm/lock"
((SECONDS - started < 2)) || say "the machine is built ($((SECONDS - started)) s)"
