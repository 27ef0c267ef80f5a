// Started by memory.ts as a process of its own, with --expose-gc: an engine that runs containers and says what it weighs.
// Arguments: root, state, rootfs, number of containers, containers in a shim (1: no grouping).
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { connectLocal } from '../src/libcontainerd/local/linux/connect.js';
import type { StdioStreams } from '../src/libcontainerd/types.js';
import { discard, inParallel, type Running } from '../test/integration/host/run-container.js';
import { containerSpec } from '../test/integration/host/spec.js';

const GROUP = 'io.containerd.runc.v2.group';
const WARM_UP = 30;

const [, , root = '', state = '', rootfs = '', count = '', groupSize = ''] = process.argv;
const client = await connectLocal({ root, state });
const running: Running[] = [];

async function start(id: string, group: string | undefined): Promise<Running> {
  const spec = containerSpec({ rootfs, process: { args: ['/bin/sleep', '3600'], cwd: '/', env: ['PATH=/bin'] } });
  const grouped = group === undefined ? spec : { ...spec, annotations: { [GROUP]: group } };
  const container = await client.newContainer(id, { spec: grouped });
  const attach = ({ stdout, stderr }: StdioStreams) => {
    stdout?.resume();
    stderr?.resume();
  };
  const task = await container.newTask({ stdio: { attach } });
  await task.start();
  return { container, task };
}

async function tell(kind: 'empty' | 'running'): Promise<void> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await turn();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ kind, rss, heapUsed, external, fds: readdirSync('/proc/self/fd').length });
}

// What is loaded and compiled once is not a container's.
await inParallel(WARM_UP, 4, async (index) => discard(await start(`warm-up-${index}`, undefined)));
await tell('empty');
const inGroup = Number(groupSize);
// A shim of a group takes its lock over `runc create`: those of a group are started one after the other.
await inParallel(Number(count), inGroup > 1 ? 1 : 8, async (index) => {
  const group = inGroup > 1 ? `group-${Math.floor(index / inGroup)}` : undefined;
  running.push(await start(`idle-${index}`, group));
});
await tell('running');

process.once('message', async () => {
  await inParallel(running.length, inGroup > 1 ? 1 : 8, async (index) => {
    const each = running[running.length - 1 - index];
    if (each !== undefined) await discard(each);
  });
  await client.close();
  process.disconnect();
});
