import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FifoStdio } from './fifo-stdio.js';
import { collect, makePlace, type Place, record, settled } from './peer.test.js';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const PIPE_BYTES = 64 * 1024;

describe('a late reader', { timeout: 60_000 }, () => {
  let place: Place;
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => {
    assert.deepEqual(place.openFifos(), []);
    place.remove();
  });

  it('reads what an ended process left, and its end, where a keeper had the read end', async () => {
    for (const bytes of [0, 1, 4096, PIPE_BYTES]) {
      const first = await place.create();
      const { stdout, stderr } = first.config;
      const keepers = [stdout, stderr].map((path) => openSync(path, O_RDONLY | O_NONBLOCK));
      await first.close({ removeFiles: false });
      for (const [path, fill] of [
        [stdout, 1],
        [stderr, 2],
      ] as const) {
        const writer = openSync(path, O_WRONLY | O_NONBLOCK);
        if (bytes > 0) assert.equal(writeSync(writer, Buffer.alloc(bytes, fill)), bytes);
        closeSync(writer);
      }
      const second = await FifoStdio.openExisting(first.config);
      const outputs = Promise.all([collect(second.streams.stdout), collect(second.streams.stderr)]);
      second.processExited();
      assert.deepEqual(await outputs, [Buffer.alloc(bytes, 1), Buffer.alloc(bytes, 2)]);
      assert.equal(await second.waitDrained(), true);
      for (const fd of keepers) closeSync(fd);
      await second.close({ removeFiles: true });
    }
  });

  it('takes no process for ended that writes on, though it was reported', async () => {
    const first = await place.create();
    const writer = openSync(first.config.stdout, O_WRONLY | O_NONBLOCK);
    const second = await FifoStdio.openExisting(first.config);
    await first.close({ removeFiles: false });
    const events = record(second.streams.stdout);
    const output = collect(second.streams.stdout);
    second.processExited();
    assert.equal(await settled(() => events.length), 0);
    writeSync(writer, 'of a grandchild');
    closeSync(writer);
    assert.equal((await output).toString(), 'of a grandchild');
    second.processExited();
    await second.close({ removeFiles: true });
  });
});
