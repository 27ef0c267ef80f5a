import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isUnavailable } from '../../../src/errdefs/index.js';
import { identify } from '../../../src/platform/process-identity.js';
import { readBootstrap } from '../../../src/shim/bundle-files.js';
import { shimV2 } from '../../../src/shimv2/index.js';
import { otherContainerd } from '../host/other-containerd.js';
import { missing, SCALE } from '../host/requirements.js';
import { ShimHost } from './v2-host.js';

const GROUP = 'io.containerd.runc.v2.group';

describe('containers of one group', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  describeGroups('/usr/bin/containerd-shim-runc-v2');
});

const other = SCALE < 1 ? 'only in full runs (npm run test:full)' : otherContainerd('sid', 'containerd-2');
const skip = typeof other === 'string' ? other : false;
describe('containers of one group at containerd 2.1', { skip }, () => {
  if (typeof other !== 'string') describeGroups(join(other.binary, '../containerd-shim-runc-v2'));
});

function describeGroups(binary: string): void {
  let host: ShimHost;
  before(async () => {
    host = await ShimHost.start(binary);
  });
  after(() => host.stop());

  it('share a shim, which lives until the last of them is gone', async () => {
    const first = await host.params('g1', { annotations: { [GROUP]: 'g' } });
    const second = await host.params('g2', { annotations: { [GROUP]: 'g' } });
    const one = await shimV2.start(first);
    await host.run(one, first);
    const two = await shimV2.start(second);
    await host.run(two, second);
    assert.equal(two.pid, one.pid);
    assert.equal((await host.shims()).length, 1);
    assert.deepEqual(await readBootstrap(second.bundle), await readBootstrap(first.bundle));

    await host.discard(one, first);
    assert.ok(identify(two.pid) !== undefined);
    assert.equal((await two.tasks.state({ id: 'g2', execId: '' })).status, 2);
    one.close();
    await host.discard(two, second);
    assert.ok(isUnavailable(await two.closed));
  });

  it('keep their shim when the start of another one fails or is given up', async () => {
    const first = await host.params('k1', { annotations: { [GROUP]: 'k' } });
    const second = await host.params('k2', { annotations: { [GROUP]: 'k' } });
    const shim = await shimV2.start(first);
    await host.run(shim, first);
    await shimV2.start(second, { timeoutMs: 15 }).then(
      (other) => other.close(),
      () => {},
    );
    assert.ok(identify(shim.pid) !== undefined);
    assert.equal((await shim.tasks.state({ id: 'k1', execId: '' })).status, 2);
    await host.discard(shim, first);
    await shim.closed;
    await host.bundles.remove(second.bundle);
  });

  it('come to a shim that was started ahead of them', async () => {
    const warm = await host.params('warm', { spec: { ociVersion: '1.0.2' }, annotations: { [GROUP]: 'w' } });
    const warmed = await shimV2.start(warm);
    const bootstrap = await readBootstrap(warm.bundle);
    assert.ok(bootstrap !== undefined);
    const params = await host.params('late');
    const shim = await shimV2.connectTo(bootstrap, params);
    assert.equal(shim.pid, warmed.pid);
    await host.run(shim, params);
    // The engine that started it is gone, and so is the bundle that it was started in.
    warmed.close();
    shim.close();
    await host.bundles.remove(warm.bundle);
    const again = await shimV2.connect(params);
    assert.equal(again.pid, warmed.pid);
    await host.discard(again, params);
    assert.ok(isUnavailable(await again.closed));
  });

  it('all end when their shim is killed, each by its own cleanup', async () => {
    const first = await host.params('d1', { annotations: { [GROUP]: 'd' } });
    const second = await host.params('d2', { annotations: { [GROUP]: 'd' } });
    const one = await shimV2.start(first);
    const pids = [await host.run(one, first)];
    const two = await shimV2.start(second);
    pids.push(await host.run(two, second));
    process.kill(one.pid, 'SIGKILL');
    await Promise.all([one.closed, two.closed]);
    const dead = await Promise.all([shimV2.cleanup(first), shimV2.cleanup(second)]);
    assert.deepEqual(
      dead.map(({ pid, exitStatus }) => [pid, exitStatus]),
      pids.map((pid) => [pid, 137]),
    );
    for (const params of [first, second]) {
      assert.deepEqual(await host.remains(params), []);
      await host.bundles.remove(params.bundle);
    }
  });
}
