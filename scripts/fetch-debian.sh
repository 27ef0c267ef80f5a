#!/usr/bin/env bash
# fetch-debian.sh [--with-dependencies] SUITE NAME PACKAGE...
# Unpacks packages of another Debian suite into a cache, beside the system and not into it: nothing is installed, no
# maintainer script runs. Prints the folder; prints nothing when they cannot be had here (no Debian, no root, offline).
set -euo pipefail

options=()
if [[ ${1:-} == --with-dependencies ]]; then
  options=(with-dependencies)
  shift
fi
suite=$1 name=$2
shift 2
cache=${LIBCONTAINERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libcontainerd}/$name
root=$cache/root

if [[ -e $cache/complete ]]; then
  echo "$root"
  exit 0
fi
if [[ ! -e /etc/debian_version || $EUID -ne 0 ]]; then exit 0; fi

# The mirror that this machine uses already.
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1 || true)
if [[ -z $mirror && -e /etc/apt/sources.list ]]; then
  mirror=$(awk '$1 == "deb" { sub(/^deb +(\[[^]]*\] +)?/, ""); print $1; exit }' /etc/apt/sources.list)
fi
[[ -n $mirror ]] || exit 0

apt=$cache/apt
rm -rf "$cache"
mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$root"/usr/{bin,sbin,lib,lib64}
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "-"; Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status"; Dir::Cache "$apt/cache"; APT::Install-Recommends "false"; APT::Sandbox::User "root";
CONF

# A function of its own: in a condition bash goes on after a command that fails.
fetch() (
  set -e
  apt-get -qq -c "$apt/apt.conf" update
  if ((${#options[@]} > 0)); then
    apt-get -qq -c "$apt/apt.conf" -y --download-only install "$@"
  else
    (cd "$apt/cache/archives" && apt-get -qq -c "$apt/apt.conf" download "$@")
  fi
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -C "$root" -x --keep-directory-symlink
  done
)
set +e
fetch "$@" >"$cache/log" 2>&1
fetched=$?
set -e
((fetched == 0)) || exit 0
rm -rf "$apt"
touch "$cache/complete"
echo "$root"
