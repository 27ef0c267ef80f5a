import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { collect, inParallel } from '../host/run-container.js';
import { COLD, type Kind, V1, WARM } from './kinds.js';
import { cgroupFolders, cgroupOf, listing, overlay, shimSocketOf, victimSpec } from './traces.js';

const COUNT = scaled(1000, 100);
/** Of the other kinds: most of what they do is the same. */
const FEWER = scaled(300, 30);
const WARM_UP = scaled(100, 10);
const CONCURRENCY = 10;
/** What a run of this length may add to the heap for good: caches that are bounded, code that is compiled. */
const HEAP_GROWTH_MAX = 4 * 1024 * 1024;
const LOSSLESS: Kind = { ...COLD, name: 'API v2, lossless', core: { stdio: 'lossless' } };

for (const { name, core, runtime, needs } of [COLD, WARM, V1, LOSSLESS]) {
  const count = name === COLD.name ? COUNT : FEWER;
  describe(`${count} short containers, ${CONCURRENCY} at once, ${name}`, {
    skip: missing(needs, 'runc', 'busybox'),
  }, () => {
    it('all give their code and output, and leave nothing', async () => {
      const host = await LocalHost.start(core);
      try {
        const sockets = new Set<string>();
        const cgroups: string[] = [];
        let client = await host.client({ runtime });
        const oneOf = (index: number) => short(host, client, index, sockets, cgroups);

        await inParallel(WARM_UP, CONCURRENCY, oneOf);
        await host.reopen();
        await host.core.settled();
        client = await host.client({ runtime });
        await oneOf(0);
        const filesBefore = await filesAtRest(host, client);
        const [fdsBefore, heapBefore] = [openFds(), heapUsed()];

        await inParallel(count, CONCURRENCY, oneOf);
        const filesAfter = await filesAtRest(host, client);
        assert.deepEqual(filesAfter, filesBefore);
        assert.ok(openFds() <= fdsBefore, `${openFds()} open files, ${fdsBefore} before`);
        const growth = heapUsed() - heapBefore;
        assert.ok(growth < HEAP_GROWTH_MAX, `the heap grew by ${growth} bytes`);

        await host.core.close();
        assert.deepEqual([...sockets].filter(existsSync), [], 'sockets of shims are gone');
        assert.ok(sockets.size >= 1);
        const left = await Promise.all(cgroups.map(cgroupFolders));
        assert.deepEqual(left.flat(), []);
        // FIFOs of warm shims and the keeper's are gone with the core that had them.
        assert.deepEqual(await host.leftovers(), []);
      } finally {
        await host.stop();
      }
    });
  });
}

/** Prints, reads its own root, ends with a code. Every second one has its root file system as a mount. */
async function short(
  host: LocalHost,
  client: LocalClient,
  index: number,
  sockets: Set<string>,
  cgroups: string[],
): Promise<void> {
  const id = `c${index}`;
  const code = index % 256;
  const args = ['/bin/sh', '-c', `echo ${id}; echo to stderr >&2; exit ${code}`];
  const layers = index % 2 === 0 ? await overlay(host, id) : undefined;
  const spec = victimSpec(host, layers === undefined ? { args } : { args, rootfs: 'rootfs' });
  cgroups.push(cgroupOf(spec));
  const container = await client.newContainer(id, { spec });
  let output: Promise<Buffer>[] = [];
  const task = await container.newTask({
    ...(layers === undefined ? {} : { rootfs: layers.mounts }),
    stdio: {
      attach: ({ stdout, stderr }) => {
        output = [stdout, stderr].filter((stream) => stream !== undefined).map(collect);
      },
    },
  });
  const socket = await shimSocketOf(host, id);
  if (socket !== undefined) sockets.add(socket);
  await task.start();
  assert.equal((await task.wait({ timeoutMs: 60_000 })).code, code);
  await task.delete();
  await container.delete();
  assert.deepEqual((await Promise.all(output)).map(String), [`${id}\n`, 'to stderr\n']);
  await layers?.drop();
}

/** All names under root and state but those of warm shims, which come and go by themselves. */
async function filesAtRest(host: LocalHost, client: LocalClient): Promise<string[]> {
  assert.deepEqual(await client.containers(), []);
  const { root, state } = host.core;
  return (await listing(root, state)).filter((path) => !path.startsWith(`${state}/warm/`) && !isRuncStateFolder(path));
}

/** runc makes the folder of a namespace at the first container, and leaves it. */
function isRuncStateFolder(path: string): boolean {
  return /\/runc(?:\/[^/]*)?$/.test(path);
}

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: unknown = runInNewContext('gc');
  if (typeof collectGarbage === 'function') collectGarbage();
  return process.memoryUsage().heapUsed;
}
