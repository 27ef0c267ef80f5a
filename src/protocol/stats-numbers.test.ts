// Pins the numbers of the statistics messages and the names services have on the wire.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as services from './gen/containerd/services/containers.js';
import { EventsDefinition } from './gen/containerd/services/events.js';
import { EventsDefinition as TtrpcEventsDefinition } from './gen/containerd/services/events_ttrpc.js';
import { TasksDefinition } from './gen/containerd/services/tasks.js';
import { ShimDefinition } from './gen/containerd/shim/shim_v1.js';
import { TaskDefinition } from './gen/containerd/shim/task_v2.js';
import { TaskDefinition as TaskV3Definition } from './gen/containerd/shim/task_v3.js';
import * as cgroup1 from './gen/containerd/stats/cgroup1.js';
import * as cgroup2 from './gen/containerd/stats/cgroup2.js';
import * as runhcs from './gen/containerd/stats/runhcs.js';
import { HealthDefinition } from './gen/grpc/health.js';
import { encodeMessage, type MessageCodec } from './wire/index.js';

interface Creatable<T> extends MessageCodec<T> {
  create(base?: object): T;
}

function tagHex(number: number, wireType: number): string {
  const tag = (number << 3) | wireType;
  return Buffer.from(tag < 0x80 ? [tag] : [(tag & 0x7f) | 0x80, tag >> 7]).toString('hex');
}

/** Pins uint64 fields, numbered from `first` in the order of `names`; "-" skips a number. Each holds 2^64-1. */
function pinCounters<T>(codec: Creatable<T>, first: number, names: string): void {
  for (const [i, name] of names.split(' ').entries()) {
    if (name === '-') continue;
    const bytes = encodeMessage(codec, codec.create({ [name]: 0xffffffffffffffffn }));
    assert.equal(bytes.toString('hex'), `${tagHex(first + i, 0)}ffffffffffffffffff01`, name);
  }
}

/** Pins fields that hold a message, by an empty one in each. */
function pinMessages<T>(codec: Creatable<T>, first: number, names: string): void {
  const base: object = Object(codec.create());
  for (const [i, name] of names.split(' ').entries()) {
    if (name === '-') continue;
    const value = Array.isArray(Reflect.get(base, name)) ? [{}] : {};
    const bytes = encodeMessage(codec, codec.create({ [name]: value }));
    assert.equal(bytes.toString('hex'), `${tagHex(first + i, 2)}00`, name);
  }
}

describe('field numbers of statistics', () => {
  it('of cgroup v1', () => {
    const common =
      'cache rss rssHuge mappedFile dirty writeback pgPgIn pgPgOut pgFault pgMajFault inactiveAnon activeAnon ' +
      'inactiveFile activeFile unevictable';
    const total = common.replace(/\w+/g, (name) => `total${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    pinMessages(cgroup1.Metrics, 1, 'hugetlb pids cpu memory blkio rdma network cgroupStats memoryOomControl');
    pinCounters(cgroup1.MemoryStat, 1, `${common} hierarchicalMemoryLimit hierarchicalSwapLimit ${total}`);
    pinMessages(cgroup1.MemoryStat, 33, 'usage swap kernel kernelTcp');
    pinCounters(cgroup1.MemoryEntry, 1, 'limit usage max failcnt');
    pinCounters(cgroup1.PidsStat, 1, 'current limit');
    pinMessages(cgroup1.CPUStat, 1, 'usage throttling');
    pinCounters(cgroup1.CPUUsage, 1, 'total kernel user');
    pinCounters(cgroup1.Throttle, 1, 'periods throttledPeriods throttledTime');
    pinMessages(
      cgroup1.BlkIOStat,
      1,
      'ioServiceBytesRecursive ioServicedRecursive ioQueuedRecursive ioServiceTimeRecursive ioWaitTimeRecursive ' +
        'ioMergedRecursive ioTimeRecursive sectorsRecursive',
    );
    pinCounters(cgroup1.BlkIOEntry, 1, '- - major minor value');
    pinCounters(cgroup1.HugetlbStat, 1, 'usage max failcnt');
    pinCounters(cgroup1.MemoryOomControl, 1, 'oomKillDisable underOom oomKill');
    const perCpu = cgroup1.CPUUsage.create({ perCpu: [1n, 2n ** 63n] });
    assert.equal(encodeMessage(cgroup1.CPUUsage, perCpu).toString('hex'), '220b0180808080808080808001');
  });

  it('of cgroup v2', () => {
    pinMessages(cgroup2.Metrics, 1, 'pids cpu - memory rdma io hugetlb memoryEvents network');
    pinCounters(
      cgroup2.MemoryStat,
      1,
      'anon file kernelStack slab sock shmem fileMapped fileDirty fileWriteback anonThp inactiveAnon activeAnon ' +
        'inactiveFile activeFile unevictable slabReclaimable slabUnreclaimable pgfault pgmajfault workingsetRefault ' +
        'workingsetActivate workingsetNodereclaim pgrefill pgscan pgsteal pgactivate pgdeactivate pglazyfree ' +
        'pglazyfreed thpFaultAlloc thpCollapseAlloc usage usageLimit swapUsage swapLimit maxUsage swapMaxUsage - ' +
        'workingsetRefaultAnon workingsetRefaultFile workingsetActivateAnon workingsetActivateFile',
    );
    pinMessages(cgroup2.MemoryStat, 38, 'psi');
    pinCounters(
      cgroup2.CPUStat,
      1,
      'usageUsec userUsec systemUsec nrPeriods nrThrottled throttledUsec - nrBursts burstUsec',
    );
    pinCounters(cgroup2.PidsStat, 1, 'current limit');
    pinCounters(cgroup2.MemoryEvents, 1, 'low high max oom oomKill oomGroupKill');
    pinMessages(cgroup2.IOStat, 1, 'usage psi');
    pinCounters(cgroup2.IOEntry, 1, 'major minor rbytes wbytes rios wios');
    pinCounters(cgroup2.HugeTlbStat, 1, 'current max - failcnt');
    pinCounters(cgroup2.PSIData, 4, 'total');
    const data = cgroup2.PSIData.create({ avg60: 1.5 });
    assert.equal(encodeMessage(cgroup2.PSIData, data).toString('hex'), '11000000000000f83f');
  });

  it('of Windows', () => {
    pinMessages(runhcs.Statistics, 1, 'windows linux vm');
    pinCounters(runhcs.WindowsContainerStatistics, 3, 'uptimeNs');
    pinMessages(runhcs.WindowsContainerStatistics, 4, 'processor memory storage');
    pinCounters(runhcs.WindowsContainerProcessorStatistics, 1, 'totalRuntimeNs runtimeUserNs runtimeKernelNs');
    pinCounters(
      runhcs.WindowsContainerMemoryStatistics,
      1,
      'memoryUsageCommitBytes memoryUsageCommitPeakBytes memoryUsagePrivateWorkingSetBytes',
    );
    pinCounters(
      runhcs.WindowsContainerStorageStatistics,
      1,
      'readCountNormalized readSizeBytes writeCountNormalized writeSizeBytes',
    );
  });
});

describe('services', () => {
  const methodNames = (service: { methods: Record<string, { name: string }> }): string =>
    Object.values(service.methods)
      .map((method) => method.name)
      .join(' ');

  it('have the full names of containerd', () => {
    assert.equal(TasksDefinition.fullName, 'containerd.services.tasks.v1.Tasks');
    assert.equal(services.ContainersDefinition.fullName, 'containerd.services.containers.v1.Containers');
    assert.equal(EventsDefinition.fullName, 'containerd.services.events.v1.Events');
    assert.equal(TtrpcEventsDefinition.fullName, 'containerd.services.events.ttrpc.v1.Events');
    assert.equal(HealthDefinition.fullName, 'grpc.health.v1.Health');
    assert.equal(TaskDefinition.fullName, 'containerd.task.v2.Task');
    assert.equal(TaskV3Definition.fullName, 'containerd.task.v3.Task');
    assert.equal(ShimDefinition.fullName, 'containerd.runtime.linux.shim.v1.Shim');
  });

  it('have the methods of containerd', () => {
    const task =
      'State Create Start Delete Pids Pause Resume Checkpoint Kill Exec ResizePty CloseIO Update Wait Stats Connect Shutdown';
    assert.equal(methodNames(TaskDefinition), task);
    assert.equal(methodNames(TaskV3Definition), task);
    assert.deepEqual(Object.keys(TaskV3Definition.methods), Object.keys(TaskDefinition.methods));
    assert.equal(
      methodNames(ShimDefinition),
      'State Create Start Delete DeleteProcess ListPids Pause Resume Checkpoint Kill Exec ResizePty CloseIO ShimInfo Update Wait',
    );
    assert.equal(
      methodNames(TasksDefinition),
      'Create Start Delete DeleteProcess Get List Kill Exec ResizePty CloseIO Pause Resume ListPids Checkpoint Update Metrics Wait',
    );
    assert.equal(EventsDefinition.methods.subscribe.responseStream, true);
  });
});
