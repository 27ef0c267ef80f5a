import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { LogFields, Logger } from '../log/logger.js';
import { LogPump } from './log-pump.js';

interface Line {
  readonly level: string;
  readonly fields: LogFields;
  readonly message: string;
}

describe('LogPump', () => {
  let dir = '';
  let path = '';
  let lines: Line[] = [];
  let pumps: LogPump[] = [];
  let onLine = () => {};
  const at = (level: string) => (fields: LogFields, message: string) => {
    lines.push({ level, fields, message });
    onLine();
  };
  const log: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lcd-log-'));
    path = join(dir, 'log');
    [lines, pumps, onLine] = [[], [], () => {}];
  });
  afterEach(async () => {
    for (const pump of pumps) await pump.close();
    rmSync(dir, { recursive: true });
  });
  const open = async () => {
    const pump = await LogPump.open(path, log);
    pumps.push(pump);
    return pump;
  };
  /** As a shim does: opens to write, which waits for a reader. */
  const write = async (script: string) => {
    const child = spawn('/bin/sh', ['-c', script], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  };
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      onLine = () => lines.length >= count && resolve();
      onLine();
    });
  const openFifos = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });

  it('logs the lines of one writer after the other, each at its level', { timeout: 10_000 }, async () => {
    await open();
    await write(`printf 'time="t" level=warning msg="a b" id=c1\\nraw\\n\\nlevel=er' > log`);
    await write(`printf 'ror msg=x\\n' > log`);
    await until(3);
    assert.deepEqual(lines, [
      { level: 'warn', fields: { shim: { time: 't', id: 'c1' } }, message: 'a b' },
      { level: 'info', fields: { shim: {} }, message: 'raw' },
      { level: 'error', fields: { shim: {} }, message: 'x' },
    ]);
  });

  it('cuts a line without an end, and finds the next', { timeout: 10_000 }, async () => {
    await open();
    await write(`{ head -c 300000 /dev/zero | tr '\\0' z; echo; echo next; } > log`);
    await until(2);
    assert.deepEqual(
      [lines[0]?.message.length, lines[0]?.fields.bytesCut, lines[1]?.message],
      [16_384, 300_000 - 16_384, 'next'],
    );
  });

  it('lets go of the FIFO and leaves it there', async () => {
    const pump = await open();
    assert.equal(openFifos().length, 1);
    await pump.close();
    await pump.close();
    assert.equal(openFifos().length, 0);
    assert.ok(existsSync(path));
    await (await open()).close();
  });

  it('logs the rest of a line at its end', { timeout: 10_000 }, async () => {
    const pump = await open();
    await write(`printf 'first\\nrest' > log`);
    await until(1);
    await pump.close();
    assert.deepEqual(
      lines.map(({ message }) => message),
      ['first', 'rest'],
    );
  });

  it('fails where no FIFO can be', async () => {
    await assert.rejects(LogPump.open(join(dir, 'none', 'log'), log), { code: 'ERR_FIFO' });
    writeFileSync(path, '');
    await assert.rejects(LogPump.open(path, log), { code: 'ERR_FIFO' });
  });
});
