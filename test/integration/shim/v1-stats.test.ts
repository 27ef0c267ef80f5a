import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { isNotFound } from '../../../src/errdefs/index.js';
import { createLogger } from '../../../src/log/logger.js';
import { unpackAny } from '../../../src/protocol/any.js';
import { TaskDefinition } from '../../../src/protocol/gen/containerd/shim/task_v2.js';
import { Metrics } from '../../../src/protocol/gen/containerd/stats/cgroup1.js';
import type { Any } from '../../../src/protocol/gen/google/protobuf/any.js';
import { TtrpcClient } from '../../../src/protocol/ttrpc/index.js';
import { ShimEventServer } from '../../../src/shim/event-server.js';
import type { ShimTasks } from '../../../src/shim/shim.js';
import { runAction } from '../../../src/shim/spawn.js';
import { shimV1 } from '../../../src/shimv1/index.js';
import { type ShimProcess, shimsOf } from '../host/leftovers.js';
import { missing } from '../host/requirements.js';
import { sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import { type Box, FOREVER, SIGKILL, V1Host } from './v1-fixture.js';

const skip = missing('containerd-shim', 'containerd-shim-runc-v2', 'runc', 'busybox');
const MIB = 1024 * 1024;
const BUSY = sh('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; sleep 1000');
const resources = { memory: { limit: 64 * MIB }, pids: { limit: 50 }, cpu: { quota: 80_000, period: 100_000 } };

describe('metrics of shims of API v1', { skip }, () => {
  let host: V1Host;
  before(async () => {
    host = await V1Host.start();
  });
  after(() => host.stop());

  it('have the fields that a shim of API v2 gives for a like container', async () => {
    const box = await host.box('own', { args: BUSY, resources });
    const running = await box.run();
    await new Promise((resolve) => running.stdio.streams.stdout?.once('data', resolve));
    const sample = async () => metricsOf((await running.shim.tasks.stats({ id: box.id })).stats);
    await until('it used a period of its quota', async () => ((await sample()).cpu?.throttling?.periods ?? 0n) > 0n);
    const own = await sample();
    const other = await host.box('other', { args: BUSY, resources });
    const reference = await referenceMetrics(host, other);
    assert.deepEqual(shapeOf(own), shapeOf(reference));

    const { cpu, memory, pids } = own;
    assert.equal(pids?.limit, 50n);
    assert.ok((pids?.current ?? 0n) > 0n);
    assert.equal(memory?.usage?.limit, BigInt(64 * MIB));
    assert.equal(memory?.hierarchicalMemoryLimit, BigInt(64 * MIB));
    assert.ok((memory?.usage?.usage ?? 0n) > 0n && (memory?.usage?.max ?? 0n) >= (memory?.usage?.usage ?? 0n));
    const sum = cpu?.usage?.perCpu.reduce((a, b) => a + b, 0n);
    assert.equal(sum, cpu?.usage?.total);
    assert.ok((cpu?.usage?.total ?? 0n) > 1_000_000n && (cpu?.throttling?.periods ?? 0n) > 0n);
    await box.end(running);
    await assert.rejects(running.shim.tasks.stats({ id: box.id }));
  });

  it('are there from Create to Delete, and on a connection that did not see the Create', async () => {
    const box = await host.box('spans', { args: ['/bin/true'] });
    const created = await box.create();
    const { tasks } = created.shim;
    assert.ok((metricsOf((await tasks.stats({ id: box.id })).stats).pids?.current ?? 0n) > 0n);
    const second = await shimV1.connect(box.params);
    assert.ok((metricsOf((await second.tasks.stats({ id: box.id })).stats).memory?.usage?.limit ?? 0n) > 0n);
    await tasks.start(box.task);
    await tasks.wait(box.task, FOREVER);
    assert.equal(metricsOf((await second.tasks.stats({ id: box.id })).stats).pids?.current, 0n);
    second.close();
    assert.equal(metricsOf((await tasks.stats({ id: box.id })).stats).pids?.current, 0n);
    await tasks.delete(box.task);
    await assert.rejects(tasks.stats({ id: box.id }), isNotFound);
    await tasks.shutdown({ id: box.id, now: false });
    await created.stdio.close();
  });
});

/** What Debian's own shim of API v2 tells of the container. */
async function referenceMetrics(host: V1Host, box: Box): Promise<Metrics> {
  const { bundle, address } = box.params;
  // With nobody at this address it would not end before it has tried its events for long.
  const events = new ShimEventServer({ log: createLogger(), onEnvelope: () => {} });
  const eventSocket = join(host.folder, 'events.sock');
  await events.listen(eventSocket);
  const env = { ...process.env, TTRPC_ADDRESS: eventSocket };
  const flags = ['-namespace', 'test', '-address', address, '-publish-binary', '/bin/true', '-id', box.id];
  // The shim opens its log and waits for a reader.
  const log = await host.holdFifo(join(bundle.path, 'log'));
  const started = await runAction('containerd-shim-runc-v2', [...flags, 'start'], { cwd: bundle.path, env });
  const client = await TtrpcClient.connect(started.stdout.toString().trim(), { namespace: 'test' });
  const tasks: ShimTasks = client.service(TaskDefinition);
  try {
    const stdio = await box.stdioOf(box.id, { terminal: false, stdin: false });
    const rootfs = [{ type: 'bind', source: host.rootfs, target: '', options: ['rbind', 'rw'] }];
    const request = { id: box.id, bundle: bundle.path, rootfs, checkpoint: '', parentCheckpoint: '' };
    await tasks.create({ ...request, ...stdio.config, options: undefined });
    await tasks.start(box.task);
    stdio.peerOpened();
    await new Promise((resolve) => stdio.streams.stdout?.once('data', resolve));
    const { stats } = await tasks.stats({ id: box.id });
    await tasks.kill({ ...box.task, signal: SIGKILL, all: false });
    await tasks.wait(box.task, FOREVER);
    await tasks.delete(box.task);
    await stdio.close();
    return metricsOf(stats);
  } finally {
    await tasks.shutdown({ id: box.id, now: true }).catch(() => {});
    client.close();
    await until('the other shim is gone', async () => !(await shimsOf(host.folder)).some(isOther));
    await events.close();
    await log.close();
  }
}

const isOther = ({ command }: ShimProcess) => command.includes('runc-v2');

function metricsOf(packed: Any | undefined): Metrics {
  const metrics = packed === undefined ? undefined : unpackAny(packed, 'io.containerd.cgroups.v1.Metrics', Metrics);
  assert.ok(metrics !== undefined);
  return metrics;
}

/** Which fields are there, without their values; of a list only whether it has entries. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : ['filled'];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, shapeOf(field)]));
}
