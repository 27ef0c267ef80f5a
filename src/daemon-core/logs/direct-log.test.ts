import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { ContainerLog, LogEntry } from './log-driver.js';
import { entries, LogPlace, lines, numbered } from './testing/log-place.js';

let place: LogPlace;
beforeEach(() => {
  place = new LogPlace();
});
afterEach(() => {
  mock.timers.reset();
  place.remove();
});

function open(config: Record<string, string> = {}): ContainerLog {
  return place.open({}, { logConfig: { Type: 'direct', Config: config } });
}

/** What a shim does: appends to a file that it keeps open. */
function print(stream: 'stdout' | 'stderr', text: string | Buffer): void {
  appendFileSync(join(place.folder, `c1-${stream}.log`), text);
}

async function nextLine(iterator: AsyncIterator<LogEntry>): Promise<string | undefined> {
  const { value, done } = await iterator.next();
  return done === true ? undefined : value.line.toString();
}

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets seconds pass till the file was rotated: a check that is under way makes the next one do nothing. */
function untilCut(): Promise<void> {
  return untilTrue(() => {
    mock.timers.tick(1_000);
    return place.text('c1-stdout.log') === '';
  });
}

describe('DirectLog', () => {
  it('names the files for the shim and reads what it wrote, any bytes, one stream after the other', async () => {
    const log = open();
    assert.deepEqual(log.files, {
      stdout: join(place.folder, 'c1-stdout.log'),
      stderr: join(place.folder, 'c1-stderr.log'),
    });
    assert.deepEqual(await lines(log), []);
    const binary = Buffer.from([0xff, 0x00, 0x0a, 0xfe]);
    print('stderr', 'e\n');
    print('stdout', binary);
    const found = await entries(log);
    assert.deepEqual(
      found.map(({ stream, line, partial }) => [stream, line, partial]),
      [
        ['stdout', binary.subarray(0, 3), false],
        ['stdout', binary.subarray(3), true],
        ['stderr', Buffer.from('e\n'), false],
      ],
    );
    assert.ok(Math.abs((found[0]?.time.getTime() ?? 0) - Date.now()) < 60_000);
    assert.deepEqual(await lines(log, { stdout: false }), ['e\n']);
    assert.deepEqual(await lines(log, { since: new Date(Date.now() + 60_000) }), []);
  });

  it('counts the tail for each stream, an unfinished line too', async () => {
    print('stdout', `${numbered(1, 50).join('')}end`);
    print('stderr', numbered(60, 70).join(''));
    assert.deepEqual(await lines(open(), { tail: 2 }), ['50\n', 'end', '69\n', '70\n']);
  });

  it('follows both streams as they are written, and ends with the run', async () => {
    const log = open();
    log.running();
    const iterator = log.read({ follow: true })[Symbol.asyncIterator]();
    const first = nextLine(iterator);
    print('stdout', 'a\n');
    assert.equal(await first, 'a\n');
    print('stderr', 'b\n');
    assert.equal(await nextLine(iterator), 'b\n');
    // A prompt: nobody must wait for the end of its line.
    print('stdout', 'name? ');
    assert.equal(await nextLine(iterator), 'name? ');
    print('stdout', 'x\nlast');
    log.ended();
    assert.deepEqual([await nextLine(iterator), await nextLine(iterator)], ['x\n', 'last']);
    assert.equal(await nextLine(iterator), undefined);
  });

  it('ends a follow that is given up, or comes to its `until`', async () => {
    const log = open();
    log.running();
    const iterator = log.read({ follow: true })[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return?.();
    assert.equal((await waiting).done, true);
    print('stdout', 'a\n');
    assert.deepEqual(await lines(log, { follow: true, until: new Date(Date.now() - 60_000) }), []);
  });

  it('rotates by copying and cutting once a second, and loses nothing to a follower', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const log = open({ 'max-size': '1k', 'max-file': '20', compress: 'true' });
    writeFileSync(join(place.folder, 'c1-stdout.log.copy.tmp'), 'left by a killed engine');
    log.running();
    const followed = lines(log, { follow: true });
    const shim = openSync(join(place.folder, 'c1-stdout.log'), 'a');
    try {
      for (let round = 0; round < 5; round++) {
        // The cut may be in the middle of a line.
        const text = numbered(round * 1_000, round * 1_000 + 999).join('');
        writeSync(shim, round === 0 ? text.slice(0, -3) : text);
        await untilCut();
        if (round === 0) writeSync(shim, text.slice(-3));
        await untilTrue(() => place.names().includes('c1-stdout.log.1.gz'));
      }
      writeSync(shim, 'end\n');
    } finally {
      closeSync(shim);
    }
    log.ended();
    const expected = [...numbered(0, 4_999), 'end\n'];
    assert.equal((await followed).join(''), expected.join(''));
    assert.equal((await lines(log)).join(''), expected.join(''));
    assert.deepEqual(await lines(log, { tail: 1_001 }), expected.slice(-1_001));
    assert.ok(!place.names().includes('c1-stdout.log.copy.tmp'));
    await log.remove();
    assert.deepEqual(place.names(), []);
  });

  it('only cuts the file when one is all that is kept', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const log = open({ 'max-size': '1k' });
    log.running();
    print('stdout', `${'x'.repeat(1_000)}\n`);
    await untilCut();
    print('stdout', 'new\n');
    assert.deepEqual(await lines(log), ['new\n']);
    assert.deepEqual(place.names(), ['c1-stdout.log']);
    log.ended();
    print('stdout', 'x'.repeat(2_000));
    mock.timers.tick(5_000);
    assert.equal((await lines(log)).length, 2);
  });
});
