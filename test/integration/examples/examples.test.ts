import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endLeftovers, leftovers } from '../host/leftovers.js';
import { missing } from '../host/requirements.js';
import { makeRootfs } from '../host/rootfs.js';
import { TestHost } from '../host/test-host.js';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

async function outputOf(example: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(EXAMPLES, example), ...args], { timeout: 60_000 });
  return stdout;
}

describe('examples on the embedded core', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp('/tmp/lcd-');
    await makeRootfs(join(folder, 'rootfs'));
  });
  after(async () => {
    await endLeftovers(folder);
    await rm(folder, { recursive: true, force: true });
  });

  it('ten-lines prints what the container printed, and leaves nothing', async () => {
    assert.equal(await outputOf('ten-lines.js', join(folder, 'rootfs'), folder), 'hello from a container\n');
    assert.deepEqual(await leftovers(folder), []);
  });

  it('engine runs a container and an exec, stops and removes it, and leaves nothing', async () => {
    const output = await outputOf('engine.js', join(folder, 'rootfs'), folder);
    assert.match(output, /^web is running, pid \d+\n[0-9a-f]{12}\nexec ended with 3\nready\nstopped with 137\n$/);
    assert.deepEqual(await leftovers(folder), []);
  });

  it('metrics shows what a scrape tells of an engine and its container, and leaves nothing', async () => {
    const output = await outputOf('metrics.js', join(folder, 'rootfs'), folder);
    const lines = output.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 2), [
      'engine_container_start_duration_seconds_count{outcome="ok"} 1',
      'engine_containers{state="running"} 1',
    ]);
    assert.match(lines[2] ?? '', /^container_pids_current\{.*container_id="[0-9a-f]{64}".*\} 1$/);
    assert.equal(lines.length, 3);
    assert.deepEqual(await leftovers(folder), []);
  });
});

describe('examples on a containerd', { skip: missing('containerd', 'runc', 'busybox') }, () => {
  let host: TestHost;
  before(async () => {
    host = await TestHost.start();
  });
  after(() => host.stop());

  it('remote prints what the container printed', async () => {
    assert.equal(await outputOf('remote.js', host.rootfs, host.address), 'hello from a container\n');
  });

  it('managed starts a containerd, runs two processes and stops everything', async () => {
    const output = await outputOf('managed.js', host.rootfs);
    assert.match(output, /^containerd \S+ runs as process \d+$/m);
    assert.match(output, /^ps exited with 0$/m);
    assert.match(output, /^sleep exited with 137$/m);
  });
});
