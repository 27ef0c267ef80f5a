#!/usr/bin/env bash
# prepare-guest.sh FOLDER: makes unpacked packages a system that boots. No maintainer script has run; this does what is
# needed of their work.
set -euo pipefail
root=$1

rm -rf "$root"/usr/share/{doc,man,locale}
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
echo '127.0.0.1 localhost vm' >"$root/etc/hosts"
ldconfig -r "$root"
chroot "$root" /usr/sbin/depmod "$(ls "$root/usr/lib/modules")"
[[ -e $root/usr/bin/sh ]] || ln -s bash "$root/usr/bin/sh"
ln -sf gawk "$root/usr/bin/awk"
for family in iptables ip6tables; do
  for suffix in '' -save -restore; do ln -sf xtables-nft-multi "$root/usr/sbin/$family$suffix"; done
done
mkdir -p "$root/work"
