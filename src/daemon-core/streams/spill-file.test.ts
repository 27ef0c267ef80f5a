import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { ByteQueue } from './byte-queue.js';
import { SpillFile } from './spill-file.js';

describe('ByteQueue', () => {
  it('gives the bytes that it took, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.uint8Array({ maxLength: 20 }), { nil: 'shift' as const })),
        fc.integer({ min: 1, max: 16 }),
        (steps, blockBytes) => {
          const queue = new ByteQueue(blockBytes);
          const taken: Buffer[] = [];
          const given: Uint8Array[] = [];
          for (const step of steps) {
            if (step === 'shift') {
              const bytes = queue.shift();
              if (bytes !== undefined) taken.push(bytes);
            } else {
              queue.append(Buffer.from(step));
              given.push(step);
            }
            const left = Buffer.concat(given).length - Buffer.concat(taken).length;
            assert.equal(queue.length, left);
          }
          for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) taken.push(bytes);
          assert.deepEqual(Buffer.concat(taken), Buffer.concat(given));
          assert.equal(queue.length, 0);
        },
      ),
    );
  });
});

describe('SpillFile', { timeout: 60_000 }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'spill-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const openFiles = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false; // the one that read the folder
      }
    }).length;

  it('gives the bytes back in their order, over and over in a file of a bounded size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), async (sizes) => {
        const limit = 100;
        const spill = SpillFile.open(folder, limit);
        const [given, taken]: [Buffer[], Buffer[]] = [[], []];
        let next = 0;
        for (const size of sizes) {
          const chunk = Buffer.from(Array.from({ length: size }, () => next++ & 0xff));
          while (spill.length + size > limit) {
            const bytes = await spill.read();
            assert.ok(bytes !== undefined);
            taken.push(bytes);
          }
          spill.append(chunk, () => {});
          given.push(chunk);
          // What is lent may be changed at once.
          given[given.length - 1] = Buffer.from(chunk);
          chunk.fill(0);
        }
        for (let bytes = await spill.read(); bytes !== undefined; bytes = await spill.read()) taken.push(bytes);
        assert.deepEqual(Buffer.concat(taken), Buffer.concat(given));
        assert.deepEqual([spill.length, spill.backlog], [0, 0]);
        spill.close();
      }),
      { numRuns: 50 },
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it('leaves neither a name nor a descriptor', async () => {
    const spill = SpillFile.open(folder, 1024);
    assert.ok(openFiles() > 0);
    spill.append(Buffer.from('x'), () => {});
    assert.equal((await spill.read())?.toString(), 'x');
    spill.close();
    spill.close();
    while (openFiles() > 0) await turn();
    assert.throws(() => SpillFile.open('/dev/null/folder', 1));
  });
});
