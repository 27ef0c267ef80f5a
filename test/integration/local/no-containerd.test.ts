import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { discard, inParallel, type Running, run } from '../host/run-container.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox', 'pidof');
const COUNT = scaled(100, 10);

describe('the embedded core', { skip }, () => {
  let host: LocalHost;
  before(async () => {
    host = await LocalHost.start();
  });
  after(() => host.stop());

  it(`runs ${COUNT} containers with no containerd anywhere`, async () => {
    // Somebody else's may be there; it was there before.
    const before = containerds();
    const client = await host.client();
    const all: Running[] = [];
    await inParallel(COUNT, 4, async (index) => {
      all.push(await run(client, `c${index}`, { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] }));
    });
    const added = containerds().filter((pid) => !before.includes(pid));
    assert.deepEqual(added, [], 'pidof containerd');
    assert.deepEqual(new Set(all.map(({ task }) => task.state.status)), new Set(['running']));
    const engines = spawnSync('pgrep', ['-f', `containerd( |$).*${host.folder}`], { encoding: 'utf8' });
    assert.equal(engines.stdout, '');
    await inParallel(COUNT, 4, async (index) => discard(all[index] ?? assert.fail()));
  });
});

function containerds(): string[] {
  const { stdout } = spawnSync('pidof', ['containerd'], { encoding: 'utf8' });
  return stdout.split(/\s+/).filter(Boolean);
}
