import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createLogger } from '../../log/logger.js';
import { ForeignFiles } from './foreign-files.js';
import { JsonDecoder } from './json-decoder.js';
import { JsonFileLog } from './json-file-log.js';
import { type ReadSegmentsOptions, readSegments } from './read-segments.js';
import { LogPlace } from './testing/log-place.js';

const log = createLogger();
const READ: ReadSegmentsOptions = {
  tail: 'all',
  follow: false,
  changedSinceMs: undefined,
  isLive: () => false,
  signal: new AbortController().signal,
  log,
};

describe('the files of a log that another process writes', () => {
  for (const compress of [false, true]) {
    it(`are followed over rotations, each entry once${compress ? ', compressed ones too' : ''}`, async (t) => {
      const place = new LogPlace();
      t.after(() => place.remove());
      const store = storeIn(place.folder, { maxSizeBytes: 4_000, maxFiles: 200, compress });
      const files = new ForeignFiles(store.path, 200);
      let isLive = true;
      const seen: string[] = [];
      const following = (async () => {
        const options = { ...READ, follow: true, isLive: () => isLive };
        for await (const entries of readSegments(files, new JsonDecoder(log, store.path), options)) {
          for (const { line } of entries) seen.push(line.toString());
        }
      })();
      const writer = await store.openWriter();
      const expected: string[] = [];
      for (let i = 0; i < 300; i++) {
        const line = `${i} ${randomBytes(i % 90).toString('hex')}\n`;
        expected.push(line);
        if (!writer.write('stdout', Buffer.from(line))) await writer.ready();
        // Some looks come in the middle of several rotations, others after each.
        if (i % 7 === 0) await writer.ready();
        if (i % 3 === 0) files.changes.notify();
        if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await writer.close();
      isLive = false;
      files.changes.notify();
      await following;
      assert.deepEqual(seen, expected);
      await files.close();
      // The writer compresses in the background, and has files open for that.
      await store.remove();
      assert.deepEqual(openIn(place.folder), []);
    });
  }

  it('are read up to the last whole line', async (t) => {
    const place = new LogPlace();
    t.after(() => place.remove());
    const store = storeIn(place.folder, { maxSizeBytes: undefined, maxFiles: 1, compress: false });
    const writer = await store.openWriter();
    writer.write('stdout', Buffer.from('whole\n'));
    await writer.close();
    await appendFile(store.path, '{"log":"half');
    const files = new ForeignFiles(store.path, 1);
    assert.deepEqual(await linesOf(files, READ), ['whole\n']);
    await files.close();
  });

  it('know where they ended at a time, though they were rotated since', async (t) => {
    const place = new LogPlace();
    t.after(() => place.remove());
    const store = storeIn(place.folder, { maxSizeBytes: 300, maxFiles: 100, compress: false });
    const writer = await store.openWriter();
    for (let i = 0; i < 10; i++) writer.write('stdout', Buffer.from(`old ${i}\n`));
    await writer.close();
    const then = statSync(store.path, { bigint: true });
    const second = await store.openWriter();
    for (let i = 0; i < 20; i++) second.write('stdout', Buffer.from(`new ${i}\n`));
    await second.close();
    const files = new ForeignFiles(store.path, 100, then);
    const from = () => files.marked ?? { generation: 0, offset: 0 };
    assert.deepEqual(
      await linesOf(files, { ...READ, from }),
      Array.from({ length: 20 }, (_, i) => `new ${i}\n`),
    );
    await files.close();
  });

  it('may not be there yet', async (t) => {
    const place = new LogPlace();
    t.after(() => place.remove());
    const files = new ForeignFiles(`${place.folder}/none`, 3);
    await files.refresh();
    assert.deepEqual(await linesOf(files, READ), []);
    await files.close();
  });
});

async function linesOf(files: ForeignFiles, options: ReadSegmentsOptions): Promise<string[]> {
  const lines: string[] = [];
  for await (const entries of readSegments(files, new JsonDecoder(log, files.path), options)) {
    for (const { line } of entries) lines.push(line.toString());
  }
  return lines;
}

function storeIn(
  folder: string,
  options: { readonly maxSizeBytes: number | undefined; readonly maxFiles: number; readonly compress: boolean },
): JsonFileLog {
  return new JsonFileLog({ ...options, folder, id: 'c', dropAboveBytes: undefined, attributes: {}, log });
}

/** What is open of a folder, also of files that are removed. */
function openIn(folder: string): string[] {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // That of the listing itself.
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(`${folder}/`));
}
