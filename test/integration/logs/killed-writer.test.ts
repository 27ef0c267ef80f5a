import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openContainerLog } from '../../../src/daemon-core/logs/open-log.js';
import { scaled } from '../host/requirements.js';

const child = fileURLToPath(new URL('./writer-child.js', import.meta.url));

/** Kills a writer at some moment of its work. */
async function writeAndKill(folder: string, first: number, afterMs: number): Promise<void> {
  const engine = spawn(process.execPath, [child, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(engine, 'exit');
  await Promise.race([once(engine.stdout, 'data'), exited]);
  await delay(afterMs);
  engine.kill('SIGKILL');
  await exited;
}

describe('a log whose engine is killed', () => {
  it('goes on after the last whole line, with nothing missing in between', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'killed-log-'));
    try {
      for (let round = 0; round < scaled(10, 3); round++) {
        await writeAndKill(folder, round * 10_000_000, 20 + round * 17);
        const log = openContainerLog({ folder, id: 'c1' });
        const writer = await log.openWriter();
        writer.write('stdout', Buffer.from(`end of ${round}\n`));
        await writer.close();
        const text = readFileSync(join(folder, 'c1-json.log'), 'utf8');
        for (const line of text.split('\n').slice(0, -1)) JSON.parse(line);
        const kept = openContainerLog({
          folder,
          id: 'c1',
          logConfig: { Type: 'json-file', Config: { 'max-size': '200k', 'max-file': '4' } },
        });
        let before: number | undefined;
        for await (const { line } of kept.read()) {
          const number = /^(\d+) x*\n$/.exec(line.toString())?.[1];
          if (number === undefined) assert.match(line.toString(), /^end of \d+\n$/);
          else if (before !== undefined) assert.equal(Number(number), before + 1);
          before = number === undefined ? undefined : Number(number);
        }
        log.close();
        kept.close();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
