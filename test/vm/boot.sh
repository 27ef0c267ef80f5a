#!/usr/bin/env bash
# boot.sh FOLDER: starts the machine with the job in FOLDER/job.ext4 and shows its output. Exit status: the job's own;
# 124 when it ran past VM_TIMEOUT inside, 99 when the machine ended or hung without saying how the job went.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
run=$1
# Longer than the machine takes to boot, to run the job into its own limit and to power off.
outer=$((VM_TIMEOUT + ${VM_GRACE:-60}))

words='root=/dev/nvme0n1 rootfstype=ext4 rw init=/init console=ttyS0 quiet loglevel=3'
# A machine that cannot go on ends QEMU at once.
words+=' panic=-1 oops=panic'
# Only speed: this kernel has no secrets.
words+=' mitigations=off nokaslr apparmor=0 audit=0 init_on_alloc=0 rcupdate.rcu_expedited=1 tsc=reliable no_timer_check nowatchdog'

console=(-monitor none -serial "file:$run/console")
[[ -z ${VM_SHELL:-} ]] || console=(-serial mon:stdio)
qemu=(
  "$qemu_root/lib64/ld-linux-x86-64.so.2" --library-path "$qemu_root/usr/lib/x86_64-linux-gnu" "$qemu_root/usr/bin/qemu-system-x86_64"
  -L "$qemu_root/usr/share/qemu" -L "$qemu_root/usr/share/seabios"
  # Never KVM, also where /dev/kvm opens: QEMU may abort there in place of falling back.
  -M pc -accel tcg,thread=multi -cpu max -smp 2 -m 2048
  -nodefaults -no-user-config -no-reboot -display none
  -kernel "$(echo "$guest_root"/boot/vmlinuz-*)" -append "$words"
  # The only NVMe: several are probed in no fixed order. Its writes go to a temporary file.
  -drive "file=$image,if=none,id=root,format=raw,cache=unsafe,snapshot=on" -device nvme,drive=root,serial=root
  -drive "file=$run/job.ext4,if=none,id=job,format=raw,readonly=on" -device virtio-blk-pci,drive=job
  -device virtio-serial-pci "${console[@]}" -chardev "file,id=output,path=$run/output" -device virtserialport,chardev=output,name=output
  -chardev "file,id=status,path=$run/status" -device virtserialport,chardev=status,name=status
)

export TMPDIR=$run
ended=0
if [[ -n ${VM_SHELL:-} ]]; then
  "${qemu[@]}" || ended=$?
else
  : >"$run/output"
  timeout -k 5 "$outer" "${qemu[@]}" </dev/null &
  machine=$!
  tail -f -c +1 --pid="$machine" "$run/output" &
  shown=$!
  # timeout(1) passes the signal on to QEMU; tail ends with it.
  trap 'kill "$machine" 2>/dev/null || true; wait' EXIT
  wait "$machine" || ended=$?
  wait "$shown" || true
  trap - EXIT
fi

[[ -z ${VM_SHELL:-} ]] || exit "$ended"
status=$(cat "$run/status" 2>/dev/null || true)
if [[ -z $status ]]; then
  tail -40 "$run/console" >&2 || true
  if ((ended == 124 || ended == 137)); then
    say "the machine hung: it was still on after $outer s and was ended from outside; its console is above" >&2
  else
    say "the machine died before its tests ended (kernel panic? QEMU's exit status is $ended); its console is above" >&2
  fi
  exit 99
fi
if ((status == 124 || status == 137)); then
  tail -40 "$run/console" >&2 || true
  say "the tests were still running after $VM_TIMEOUT s inside the machine and were ended; its last kernel messages are above" >&2
  exit 124
fi
if ((status != 0)); then
  cat "$run/console" >&2 || true
  say 'the last kernel messages of the machine are above' >&2
fi
exit "$status"
