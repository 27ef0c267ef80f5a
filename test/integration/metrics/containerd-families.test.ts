import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { otherContainerd } from '../host/other-containerd.js';
import { missing, SCALE } from '../host/requirements.js';
import { familiesCases } from './families-cases.js';

const V2 = 'io.containerd.runc.v2';
const V1 = 'io.containerd.runtime.v1.linux';

const MOVED = [
  'container_cpu_total_nanoseconds',
  'container_cpu_user_nanoseconds',
  'container_cpu_throttled_periods_total',
  'container_cpu_throttled_time_nanoseconds',
  'container_per_cpu_nanoseconds',
  'container_memory_rss_bytes',
  'container_memory_pgfault_bytes',
  'container_memory_usage_max_bytes',
  'container_blkio_io_service_bytes_recursive_bytes',
  'container_blkio_io_serviced_recursive_total',
  'container_pids_current',
  'container_pids_limit',
];

const skip =
  missing('containerd', 'containerd-shim', 'containerd-shim-runc-v2', 'runc', 'busybox', 'losetup') ||
  (existsSync('/sys/fs/cgroup/cgroup.controllers') && 'needs cgroup v1; test/vm looks at v2');

const versions = [
  { suite: 'trixie', cache: 'containerd-1.7', name: 'containerd 1.7', runtimes: [V2, V1] },
  { suite: 'sid', cache: 'containerd-2', name: 'containerd 2', runtimes: [V2] },
] as const;

if (skip === false)
  familiesCases({
    name: "families of the system's containerd",
    runtimes: [V2, V1],
    moved: [...MOVED, 'container_memory_oom_total'],
    isEmbeddedToo: true,
  });
else describe("families of the system's containerd", () => it('are ours', { skip }, () => {}));

for (const { suite, cache, name, runtimes } of versions) {
  const containerd = skip || (SCALE < 1 ? 'runs in npm run test:full' : otherContainerd(suite, cache));
  if (typeof containerd === 'string')
    describe(`families of ${name}`, () => it('are ours', { skip: containerd }, () => {}));
  else familiesCases({ name: `families of ${name}`, containerd, runtimes, moved: MOVED });
}
