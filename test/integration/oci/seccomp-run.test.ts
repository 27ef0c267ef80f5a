import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { capabilitiesOf } from '../../../src/oci/capabilities.js';
import type { OciCapabilities, OciSeccomp } from '../../../src/oci/runtime-spec.js';
import { seccompOf } from '../../../src/oci/seccomp/seccomp-of.js';
import { crunRefuses, missing } from '../host/requirements.js';
import { type Calls, probeLacks, SyscallProbe } from './syscall-probe.js';

const { EPERM, ENOSYS } = constants.errno;
const NOTHING = -1;

/** With arguments that a kernel without a filter answers with something else than EPERM. */
const FORBIDDEN: Calls = {
  keyctl: [250, 9999],
  add_key: [248],
  unshare: [272, 0],
  setns: [308, NOTHING],
  io_uring_setup: [425],
  userfaultfd: [323, 0xffff],
  'personality without ASLR': [135, 0x40000],
  'socket of AF_ALG': [41, 38, NOTHING],
  'socket of AF_VSOCK': [41, 40, NOTHING],
  'socket of AF_VSOCK, with bits that the kernel drops': [41, 2 ** 32 + 40, NOTHING],
  'clone into a user namespace': [56, 0x10000000 + 0x800],
};

const ORDINARY: Calls = {
  openat2: [437],
  faccessat2: [439, NOTHING],
  close_range: [436, 1000, 1001],
  statx: [332, NOTHING],
  futex: [202],
  futex_waitv: [449],
  rseq: [334],
  epoll_create1: [291],
  epoll_pwait2: [441, NOTHING],
  timerfd_create: [283, 1],
  timer_create: [222],
  eventfd2: [290],
  inotify_init1: [294],
  io_setup: [206, 0],
  memfd_create: [319],
  pidfd_open: [434, 1],
  copy_file_range: [326, NOTHING],
  landlock_create_ruleset: [444, 0, 0, 1],
  getrandom: [318],
  prlimit64: [302, 0, 7],
  shmget: [29, 0, 0],
  membarrier: [324],
  chroot: [161],
  ptrace: [101, 99999, 1],
  personality: [135, 0xffffffff],
  'socket of AF_UNIX': [41, 1, 1],
  'socket of AF_NETLINK': [41, 16, 3],
  'socket of AF_XDP': [41, 44, NOTHING],
};

for (const runtime of ['runc', 'crun']) {
  const skip = missing(runtime) || probeLacks() || (runtime === 'crun' && crunRefuses());
  describe(`the default seccomp profile under ${runtime}`, { skip }, () => {
    let probe: SyscallProbe;
    before(async () => {
      probe = await SyscallProbe.start(runtime);
    });
    after(() => probe.stop());

    it('refuses what reaches beyond a container, and hides clone3', async () => {
      const capabilities = capabilitiesOf({});
      const calls = { ...FORBIDDEN, clone3: [435] };
      const free = await probe.errnos(calls, capabilities);
      const filtered = await probe.errnos(calls, capabilities, filterFor(capabilities));
      for (const name of Object.keys(FORBIDDEN)) {
        assert.notEqual(free[name], EPERM, `${name} shows nothing: it fails without a filter too`);
        assert.equal(filtered[name], EPERM, name);
      }
      assert.notEqual(free.clone3, ENOSYS);
      assert.equal(filtered.clone3, ENOSYS);
    });

    it('lets ordinary work pass', async () => {
      const capabilities = capabilitiesOf({});
      const free = await probe.errnos(ORDINARY, capabilities);
      assert.ok(!Object.values(free).includes(EPERM), 'a call that fails without a filter too shows nothing');
      assert.deepEqual(await probe.errnos(ORDINARY, capabilities, filterFor(capabilities)), free);
      const script =
        'for i in 1 2 3; do echo $i & done; wait; seq 100 | sort -r | tail -1; mkdir /tmp/x && touch /tmp/x/y';
      const text = await probe.run(['/bin/sh', '-c', script], capabilities, filterFor(capabilities));
      assert.deepEqual(text.trim().split('\n').sort(), ['1', '1', '2', '3']);
    });

    it('opens to a capability what belongs to it', async () => {
      const capabilities = capabilitiesOf({ CapAdd: ['SYS_ADMIN'] });
      const { unshare, keyctl } = await probe.errnos(FORBIDDEN, capabilities, filterFor(capabilities));
      assert.deepEqual([unshare, keyctl], [0, EPERM]);
    });
  });
}

function filterFor({ bounding = [] }: OciCapabilities): OciSeccomp | undefined {
  const kernel = { major: 6, minor: 1 };
  return seccompOf({ kind: 'default' }, { capabilities: bounding, privileged: false, arch: process.arch, kernel });
}
