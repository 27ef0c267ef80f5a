#!/usr/bin/env bash
# Prints the folder of a `criu` that works on this kernel; empty when none can be had. Debian 12's criu 3.17 fails at
# start on newer kernels (vdso), so a newer one of sid is unpacked into a cache, beside the system and not into it, and
# run through its own dynamic loader. Nothing is installed and no maintainer script runs.
set -euo pipefail

CACHE=${LIBCONTAINERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libcontainerd}/criu
BIN=$CACHE/bin

works() { "$1" check >/dev/null 2>&1; }

if command -v criu >/dev/null && works "$(command -v criu)"; then
  dirname "$(command -v criu)"
  exit 0
fi
if [[ -x $BIN/criu ]]; then
  if works "$BIN/criu"; then echo "$BIN"; fi
  exit 0
fi
if [[ ! -e /etc/debian_version || $EUID -ne 0 ]]; then exit 0; fi

mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1)
[[ -n $mirror ]] || mirror=$(awk '$1 == "deb" { sub(/^deb +(\[[^]]*\] +)?/, ""); print $1; exit }' /etc/apt/sources.list 2>/dev/null || true)
[[ -n $mirror ]] || exit 0

apt=$CACHE/apt
mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$CACHE/root"/usr/{bin,sbin,lib,lib64} "$BIN"
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "-"; Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status"; Dir::Cache "$apt/cache"; APT::Install-Recommends "false"; APT::Sandbox::User "root";
CONF
for name in bin sbin lib lib64; do ln -sfn "usr/$name" "$CACHE/root/$name"; done

{
  apt-get -qq -c "$apt/apt.conf" update
  apt-get -qq -c "$apt/apt.conf" -y --download-only install criu
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -C "$CACHE/root" -x --keep-directory-symlink
  done
} >"$CACHE/log" 2>&1 || exit 0
rm -rf "$apt/cache" "$apt/lists"

cat >"$BIN/criu.new" <<CRIU
#!/bin/sh
root='$CACHE/root'
exec "\$root/lib64/ld-linux-x86-64.so.2" --library-path "\$root/usr/lib/x86_64-linux-gnu" "\$root/usr/sbin/criu" "\$@"
CRIU
chmod 755 "$BIN/criu.new"
if works "$BIN/criu.new"; then
  mv "$BIN/criu.new" "$BIN/criu"
  echo "$BIN"
fi
