#!/usr/bin/env bash
# Prints the folder of a `criu` that works on this kernel; nothing when none can be had. Debian 12's criu 3.17 fails at
# start on newer kernels (vdso), so sid's is unpacked into the cache and run through its own dynamic loader.
set -euo pipefail

works() { "$1" check >/dev/null 2>&1; }

if command -v criu >/dev/null && works "$(command -v criu)"; then
  dirname "$(command -v criu)"
  exit 0
fi
root=$(bash "$(dirname "${BASH_SOURCE[0]}")/fetch-debian.sh" --with-dependencies sid criu criu)
[[ -n $root ]] || exit 0
bin=$root/../bin
mkdir -p "$bin"
cat >"$bin/criu" <<CRIU
#!/bin/sh
root='$root'
exec "\$root/lib64/ld-linux-x86-64.so.2" --library-path "\$root/usr/lib/x86_64-linux-gnu" "\$root/usr/sbin/criu" "\$@"
CRIU
chmod 755 "$bin/criu"
if works "$bin/criu"; then (cd "$bin" && pwd); fi
