import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { closeFds, openEnds } from './fifo-ends.js';
import { collect, makePlace, record, settled } from './peer.test.js';

const { O_NONBLOCK, O_WRONLY } = constants;

describe('the ends of a FIFO set', () => {
  it('see no end from a peer that goes before the last one came', async () => {
    const place = makePlace();
    const stdio = await place.create({ terminal: true });
    const events = record(stdio.streams.stdout);
    for (const text of ['a probe, ', 'a second, ']) {
      const probe = openSync(stdio.config.stdout, O_WRONLY | O_NONBLOCK);
      writeSync(probe, text);
      closeSync(probe);
    }
    const output = collect(stdio.streams.stdout);
    assert.equal(await settled(() => events.length), 0);
    const peer = openSync(stdio.config.stdout, O_WRONLY | O_NONBLOCK);
    stdio.peerOpened();
    assert.equal(await settled(() => events.length), 0);
    writeSync(peer, 'the peer');
    closeSync(peer);
    assert.equal((await output).toString(), 'a probe, a second, the peer');
    await stdio.close();
    place.remove();
  });

  it('are all closed when one of them is missing, whichever', async () => {
    const place = makePlace();
    const stdio = await place.create({ stdin: true });
    await stdio.close({ removeFiles: false });
    for (const missing of ['stdin', 'stdout', 'stderr']) {
      for (const keep of [true, false]) {
        const config = { ...stdio.config, [missing]: `${place.dir}/none` };
        await assert.rejects(openEnds(config, { keep, read: true }), {
          code: 'ERR_FIFO',
          fields: { path: `${place.dir}/none`, errno: 'ENOENT' },
        });
        assert.deepEqual(place.openFifos(), []);
      }
    }
    const ends = await openEnds(stdio.config, { keep: true, read: true });
    assert.equal(place.openFifos().length, 5);
    closeFds([...ends.keepers, ...[ends.stdin, ends.stdout, ends.stderr].filter((fd) => fd !== undefined)]);
    assert.deepEqual(place.openFifos(), []);
    place.remove();
  });
});
