import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EngineContainer } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { until } from '../host/until.js';
import { EngineHost, logOf, SLEEP, sh } from './engine-host.js';

// This file runs as dist-test/test/integration/daemon/checkpoint.test.js.
const FETCH_CRIU = fileURLToPath(new URL('../../../../scripts/fetch-criu.sh', import.meta.url));
const WAIT = { timeoutMs: 20_000 };
const COUNT = "trap 'exit 7' TERM; i=0; while :; do i=$((i+1)); echo $i; usleep 50000; done";

const unmet = missing('containerd-shim-runc-v2', 'runc', 'busybox', 'criu');
const criuFolder = unmet ? '' : spawnSync('bash', [FETCH_CRIU], { encoding: 'utf8' }).stdout.trim();
const skip = unmet || (criuFolder === '' && 'needs a criu that works on this kernel: scripts/fetch-criu.sh found none');

async function numbersOf(c: EngineContainer): Promise<number[]> {
  return (await logOf(c)).trim().split('\n').filter(Boolean).map(Number);
}

describe('checkpoints of a container', { skip }, () => {
  const pathBefore = process.env.PATH;
  let host: EngineHost;
  before(async () => {
    // Shims are children of ours, and find CRIU by our PATH.
    process.env.PATH = `${criuFolder}:${pathBefore}`;
    host = await EngineHost.start();
  });
  after(async () => {
    process.env.PATH = pathBefore;
    await host?.stop();
  });

  it('are written, listed, gone on from and deleted', async () => {
    const c = await host.running(sh(COUNT), { RestartPolicy: { Name: 'always' } });
    await until('it counts', async () => (await numbersOf(c)).length >= 3);
    await c.checkpoint({ name: 'goes-on' });
    assert.equal(c.inspect().State.Running, true);
    const seen = (await numbersOf(c)).length;
    await until('it still counts', async () => (await numbersOf(c)).length > seen);
    await c.checkpoint({ name: 'ends', exit: true });
    assert.equal(c.inspect().State.Status, 'exited');
    assert.deepEqual(await c.checkpoints(), [{ Name: 'ends' }, { Name: 'goes-on' }]);

    const last = (await numbersOf(c)).at(-1) ?? 0;
    await c.start({ checkpoint: 'ends' });
    await until('it goes on', async () => (await numbersOf(c)).length > last + 2);
    const all = await numbersOf(c);
    assert.deepEqual(
      all,
      Array.from({ length: all.length }, (_, i) => i + 1),
    );
    await assert.rejects(c.checkpoint({ name: 'ends' }), /checkpoint with name ends already exists/);
    await c.deleteCheckpoint('goes-on');
    assert.deepEqual(await c.checkpoints(), [{ Name: 'ends' }]);
    await c.stop();
    assert.equal(c.inspect().State.ExitCode, 7);
  });

  it('may be in a folder of the caller, for another container', async () => {
    const dir = join(host.folder, 'elsewhere');
    const first = await host.running(sh(COUNT));
    await until('it counts', async () => (await numbersOf(first)).length >= 3);
    await first.checkpoint({ name: 'moved', dir, exit: true });
    assert.deepEqual(await first.checkpoints(), []);
    assert.deepEqual(await first.checkpoints(dir), [{ Name: 'moved' }]);
    const reached = (await numbersOf(first)).at(-1) ?? 0;
    await first.remove();
    assert.ok(existsSync(join(dir, 'moved')));
    const second = await host.create(sh(COUNT));
    await second.start({ checkpoint: 'moved', checkpointDir: dir });
    await until('it goes on', async () => (await numbersOf(second)).length >= 2);
    assert.ok(((await numbersOf(second))[0] ?? 0) >= reached);
    await second.kill('SIGTERM');
    assert.equal((await second.wait('not-running', WAIT)).exitCode, 7);
  });

  it('are refused where they cannot be', async () => {
    const c = await host.create(SLEEP);
    await assert.rejects(c.checkpoint({ name: 'early' }), /is not running/);
    await assert.rejects(c.start({ checkpoint: 'none' }), /checkpoint none does not exist for container/);
    assert.equal(c.inspect().State.Status, 'created');
    await assert.rejects(c.deleteCheckpoint('none'), { name: 'NotFoundError' });
    await c.start();
    await assert.rejects(c.checkpoint({ name: '../x' }), /Invalid checkpoint ID/);
    const tty = await host.running({ ...SLEEP, Tty: true });
    await assert.rejects(tty.checkpoint({ name: 'tty' }), /TTY/);
    assert.deepEqual(await tty.checkpoints(), []);
  });
});
