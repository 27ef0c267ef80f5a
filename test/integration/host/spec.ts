import { randomBytes } from 'node:crypto';
import type { LinuxResources, OciProcess, OciSpec } from '../../../src/oci/runtime-spec.js';

const CAPABILITIES = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SYS_CHROOT', 'CAP_DAC_OVERRIDE'];

export interface SpecOptions {
  readonly rootfs: string;
  readonly process: OciProcess;
  readonly resources?: LinuxResources;
  /** @default one of its own under /libcontainerd-test */
  readonly cgroupsPath?: string;
}

/** A spec as an engine would make it: own namespaces, /proc, /dev, a cgroup of its own. */
export function containerSpec({
  rootfs,
  process,
  resources = {},
  cgroupsPath = `/libcontainerd-test/${randomBytes(6).toString('hex')}`,
}: SpecOptions): OciSpec {
  return {
    ociVersion: '1.0.2',
    process: { capabilities: capabilities(), noNewPrivileges: true, ...process },
    root: { path: rootfs },
    hostname: 'test',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666'],
      },
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }, { type: 'network' }],
      cgroupsPath,
      resources: { devices: [{ allow: true, access: 'rwm' }], ...resources },
    },
  };
}

// Not at once: up to containerd 2.2 a shim on cgroup v2 begins to watch after the start.
const EATER = 'sleep 1; exec dd if=/dev/zero of=/dev/null bs=64M count=1';
// Less is less than runc needs for itself: on cgroup v2 the copy that it runs from is charged to the container.
const MEMORY_BYTES = 32 * 1024 * 1024;

/** Its init eats memory until the kernel ends it, in a container of 32 MiB. */
export function oomSpec(rootfs: string): OciSpec {
  return containerSpec({
    rootfs,
    process: { args: ['/bin/sh', '-c', EATER], cwd: '/' },
    resources: { memory: { limit: MEMORY_BYTES, swap: MEMORY_BYTES } },
  });
}

function capabilities() {
  return { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES };
}
