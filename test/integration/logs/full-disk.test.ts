import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openContainerLog } from '../../../src/daemon-core/logs/open-log.js';

const LINE = `${'d'.repeat(99)}\n`;
const MIB = 1024 * 1024;
/** What the writer may hold in memory when the room comes back (1 MiB) and what is put then fit into it. */
const ROOM = 7 * MIB;

describe('a log on a full disk', { skip: process.getuid?.() === 0 ? false : 'needs root to mount a tmpfs' }, () => {
  it('drops and counts what it cannot write, tells of it, and goes on when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'full-log-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM + MIB}`, 'tmpfs', folder]);
    try {
      const ballast = join(folder, 'ballast');
      writeFileSync(ballast, Buffer.alloc(ROOM));
      const log = openContainerLog({
        folder,
        id: 'c1',
        logConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      });
      const writer = await log.openWriter();
      let written = 0;
      const put = async (text: string) => {
        written += text.length;
        if (!writer.write('stdout', Buffer.from(text))) await writer.ready();
      };
      while (writer.error === undefined) {
        await put(LINE.repeat(100));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal('code' in writer.error ? writer.error.code : undefined, 'ENOSPC');
      assert.ok(writer.droppedBytes > 0);
      rmSync(ballast);
      while (writer.error !== undefined) {
        await put('room again\n');
        await new Promise((resolve) => setImmediate(resolve));
      }
      await put('last\n');
      await writer.close();
      assert.equal(writer.error, undefined);
      let kept = 0;
      let last = '';
      for await (const { line } of log.read()) {
        last = line.toString();
        assert.ok([LINE, 'room again\n', 'last\n'].includes(last));
        kept += line.length;
      }
      assert.equal(last, 'last\n');
      assert.equal(kept + writer.droppedBytes, written);
    } finally {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
    }
  });
});
