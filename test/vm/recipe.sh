# Sourced. What the machine is made of, and where the parts are cached: outside the tree, named by a hash of what they
# are made from, so that a change of the recipe builds anew and two checkouts with different recipes do not meet.
# shellcheck shell=bash disable=SC2034

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$vm/../.." && pwd)

debian=trixie
# Debian 12's QEMU takes 2.7 times as long for work that forks much.
qemu_packages=(qemu-system-x86)
guest_packages=(
  # The cloud flavour has ext4, NVMe and virtio-serial built in, and so needs no initramfs.
  linux-image-cloud-amd64
  base-files base-passwd bash coreutils findutils gawk grep iproute2 iptables libc-bin mount nftables procps sed tar util-linux
  # kmod opens liblzma only when it meets a compressed module: nothing depends on it.
  kmod liblzma5
  containerd runc crun criu busybox-static
  # crun opens it only for a checkpoint.
  libcriu2
  # What Node's own binary is linked with.
  libstdc++6 libatomic1
)

key() { cat | sha256sum | cut -c1-12; }

node=$(node -p process.execPath)
cache=${LIBCONTAINERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libcontainerd}
qemu_name=vm/qemu-$(key <<<"$debian ${qemu_packages[*]}")
guest_name=vm/guest-$( (echo "$debian ${guest_packages[*]}" && cat "$vm/prepare-guest.sh") | key)
qemu_root=$cache/$qemu_name/root
guest_root=$cache/$guest_name/root
image=$cache/vm/image-$( (echo "$guest_name $(stat -c '%n %s %Y' "$node")" && cat "$vm/build.sh" "$vm/guest/init") | key).ext4

say() { printf 'vm: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }
