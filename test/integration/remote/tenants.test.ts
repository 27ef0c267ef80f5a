import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isNotFound } from '../../../src/errdefs/index.js';
import type { ContainerEvent } from '../../../src/libcontainerd/event.js';
import { Administrator } from '../../../src/libcontainerd/remote/administrator.js';
import { missing } from '../host/requirements.js';
import { discard, finish, run } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';

const skip = missing('containerd', 'runc', 'busybox');

describe('namespaces', { skip }, () => {
  let host: TestHost;
  before(async () => {
    host = await TestHost.start();
  });
  after(() => host.stop());

  it('keeps tenants apart who use the same id, and shows all to the administrator', async () => {
    const red = await host.client({ namespace: 'red' });
    const blue = await host.client({ namespace: 'blue.team-1' });
    const blueEvents: ContainerEvent[] = [];
    blue.subscribe((event) => void blueEvents.push(event), { foreign: true });
    const args = ['/bin/sleep', '1000'];
    const ofRed = await run(red, 'web', { rootfs: host.rootfs, args });
    assert.deepEqual(await blue.containers(), []);
    await assert.rejects(blue.loadContainer('web'), isNotFound);
    assert.deepEqual(await blue.restore(), []);
    assert.equal((await blue.stats()).size, 0);
    const ofBlue = await run(blue, 'web', { rootfs: host.rootfs, args: ['/bin/true'] });

    const administrator = new Administrator(host.address);
    const all = await administrator.containers();
    assert.deepEqual(all.map(({ namespace, id, runtime }) => [namespace, id, runtime]).sort(), [
      ['blue.team-1', 'web', 'io.containerd.runc.v2'],
      ['red', 'web', 'io.containerd.runc.v2'],
    ]);
    administrator.close();

    assert.equal((await finish(ofBlue)).code, 0);
    assert.equal(ofRed.task.state.status, 'running');
    await discard(ofRed);
    await blue.close();
    // Three of its own, none of the other tenant's.
    assert.deepEqual(
      blueEvents.map(({ type }) => type),
      ['create', 'start', 'exit'],
    );
  });
});
