import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { missing, SCALE, scaled } from '../host/requirements.js';
import { inParallel } from '../host/run-container.js';
import { EngineHost, sh } from './engine-host.js';

const TIMES = scaled(1_000 * SCALE, 30);
const AT_ONCE = 10;
const WAIT = { timeoutMs: 60_000 };

describe('waits for containers of no life', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  it(`give the true exit code before, during and after it, ${TIMES} times`, async () => {
    await inParallel(TIMES, AT_ONCE, async (index) => {
      const code = index % 126;
      const c = await host.create(sh(`exit ${code}`), { AutoRemove: index % 2 === 0 });
      const before = [c.wait('next-exit', WAIT), c.wait('removed', WAIT)];
      const starting = c.start();
      const during = c.wait('next-exit', WAIT);
      await starting;
      const after = c.wait('not-running', WAIT);
      const [nextExit, removed] = before;
      assert.equal((await nextExit)?.exitCode, code, 'before');
      assert.equal((await during).exitCode, code, 'during');
      assert.equal((await after).exitCode, code, 'after');
      if (index % 2 !== 0) await c.remove();
      assert.equal((await removed)?.exitCode, code, 'removed');
      assert.equal((await c.wait('not-running', WAIT)).exitCode, code, 'when it is gone');
      assert.equal(host.engine.removedStatus(c.id)?.exitCode, code, 'by its id, when it is gone');
    });
    assert.equal(host.engine.list().length, 0);
  });

  it('end with their caller', async () => {
    const c = await host.running({ Cmd: ['/bin/sleep', '1000'] });
    const giveUp = new AbortController();
    const waiting = c.wait('next-exit', { signal: giveUp.signal });
    giveUp.abort();
    await assert.rejects(waiting, { name: 'CanceledError' });
    await assert.rejects(c.wait('removed', { timeoutMs: 10 }), { name: 'DeadlineExceededError' });
    await c.remove({ force: true });
  });
});
