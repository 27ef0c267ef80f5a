import type { OciSeccomp, OciSeccompRule } from '../runtime-spec.js';
import { architectureOf } from './architectures.js';
import { cloneRules, personalityRules, socketRules } from './argument-rules.js';
import { isAtLeast } from './kernel-version.js';
import { ORDINARY_SYSCALLS } from './ordinary-syscalls.js';
import type { SeccompTarget } from './seccomp-target.js';

const EPERM = 1;

const MOUNTS = 'mount umount umount2 mount_setattr move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick';

/** What a capability opens: the kernel checks it anyway, so without it the call could only fail or be attacked. */
const BY_CAPABILITY: readonly (readonly [capability: string, names: string])[] = [
  ['CAP_SYS_ADMIN', `${MOUNTS} clone clone3 unshare setns sethostname setdomainname`],
  ['CAP_SYS_ADMIN', 'bpf perf_event_open fanotify_init lookup_dcookie quotactl quotactl_fd syslog'],
  ['CAP_SYS_ADMIN', 'lsm_get_self_attr lsm_set_self_attr lsm_list_modules'],
  ['CAP_DAC_READ_SEARCH', 'open_by_handle_at'],
  ['CAP_SYS_BOOT', 'reboot'],
  ['CAP_SYS_CHROOT', 'chroot'],
  ['CAP_SYS_MODULE', 'init_module finit_module delete_module'],
  ['CAP_SYS_NICE', 'get_mempolicy set_mempolicy set_mempolicy_home_node mbind'],
  ['CAP_SYS_PACCT', 'acct'],
  ['CAP_SYS_PTRACE', 'ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd'],
  ['CAP_SYS_RAWIO', 'iopl ioperm'],
  ['CAP_SYS_TIME', 'settimeofday stime clock_settime clock_settime64'],
  ['CAP_SYS_TTY_CONFIG', 'vhangup'],
  ['CAP_SYSLOG', 'syslog'],
  ['CAP_BPF', 'bpf'],
  ['CAP_PERFMON', 'perf_event_open'],
];

/** What the C libraries of one architecture need beside the rest. */
const BY_ARCHITECTURE: Readonly<Record<string, string>> = {
  amd64: 'arch_prctl modify_ldt',
  x86: 'modify_ldt',
  arm64: 'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls',
  arm: 'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls',
  ppc64le: 'sync_file_range2 swapcontext',
  s390x: 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr',
  riscv64: 'riscv_flush_icache',
};

/** Before it, a tracer could change a system call after the filter had let it pass. */
const PTRACE_IS_SAFE = { major: 4, minor: 8 };

/**
 * The filter of a container that asks for none: a list of what is allowed, and EPERM for the rest. It behaves as
 * Docker's default profile of 2026 (moby/profiles `seccomp`), also in what capabilities open; it is tighter where
 * `socketRules` says so.
 */
export function defaultProfile({ arch, capabilities, kernel }: SeccompTarget): OciSeccomp {
  const architecture = architectureOf(arch);
  const has = new Set(capabilities);
  const names = new Set(ORDINARY_SYSCALLS);
  const add = (more: string) => {
    for (const name of more.split(' ')) names.add(name);
  };
  for (const [capability, opened] of BY_CAPABILITY) if (has.has(capability)) add(opened);
  const own = BY_ARCHITECTURE[architecture?.name ?? ''];
  if (own !== undefined) add(own);
  if (isAtLeast(kernel, PTRACE_IS_SAFE)) add('ptrace process_vm_readv process_vm_writev');
  const rules: OciSeccompRule[] = [
    { names: [...names], action: 'SCMP_ACT_ALLOW' },
    ...socketRules(),
    ...personalityRules(),
    ...(has.has('CAP_SYS_ADMIN') ? [] : cloneRules(arch === 's390x' ? 1 : 0)),
  ];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    ...(architecture !== undefined && { architectures: [architecture.native, ...architecture.others] }),
    syscalls: rules,
  };
}
