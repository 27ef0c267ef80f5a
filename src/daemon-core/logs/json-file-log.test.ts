import assert from 'node:assert/strict';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CanceledError, InvalidArgumentError, NotImplementedError } from '../../errdefs/index.js';
import type { ContainerLog, LogEntry } from './log-driver.js';
import { entries, LogPlace, lines, numbered, print, put } from './testing/log-place.js';

let place: LogPlace;
beforeEach(() => {
  place = new LogPlace();
});
afterEach(() => place.remove());

async function nextLine(iterator: AsyncIterator<LogEntry>): Promise<string | undefined> {
  const { value, done } = await iterator.next();
  return done === true ? undefined : value.line.toString();
}

describe('JsonFileLog', () => {
  it('goes on after an earlier run, and reads nothing where nothing was', async () => {
    assert.deepEqual(await lines(place.open()), []);
    await print(place.open(), 'one\n');
    await print(place.open(), 'two\n');
    assert.deepEqual(await lines(place.open()), ['one\n', 'two\n']);
  });

  it('reads what dockerd wrote, with attributes and zones', async () => {
    writeFileSync(
      join(place.folder, 'c1-json.log'),
      '{"log":"a\\u003c\\n","stream":"stderr","attrs":{"k":"v"},"time":"2026-01-31T12:00:00.12Z"}\n' +
        '{"log":"b","stream":"stdout","time":"2026-01-31T13:00:00+01:00"}\n' +
        '{"stream":"stdout","time":"2026-01-31T12:00:01Z"}\n',
    );
    const base = BigInt(Date.parse('2026-01-31T12:00:00Z')) * 1_000_000n;
    assert.deepEqual(
      (await entries(place.open())).map((each) => ({ ...each, line: each.line.toString() })),
      [
        {
          stream: 'stderr',
          time: new Date('2026-01-31T12:00:00.120Z'),
          timeNano: base + 120_000_000n,
          line: 'a<\n',
          partial: false,
          attrs: { k: 'v' },
        },
        { stream: 'stdout', time: new Date('2026-01-31T12:00:00Z'), timeNano: base, line: 'b', partial: true },
        {
          stream: 'stdout',
          time: new Date('2026-01-31T12:00:01Z'),
          timeNano: base + 10n ** 9n,
          line: '',
          partial: true,
        },
      ],
    );
  });

  it('leaves out what is no entry, and never the rest', async () => {
    const good = (text: string) => `{"log":"${text}\\n","stream":"stdout","time":"2026-01-31T12:00:00Z"}\n`;
    const bad = ['{"log":"to', 'null\n', '[]\n', '{"log":5,"stream":"stdout","time":"2026-01-31T12:00:00Z"}\n', '\n'];
    writeFileSync(
      join(place.folder, 'c1-json.log'),
      `${good('1')}${bad[1]}${bad[2]}${bad[3]}${bad[4]}\0\0\0${good('2')}${bad[0]}${good('3')}` +
        `{"log":"x","stream":"other","time":"2026-01-31T12:00:00Z"}\n{"log":"x","stream":"stdout","time":"soon"}\n` +
        `${'\0'.repeat(5 * 1024 * 1024)}\n${good('4')}${bad[0]}`,
    );
    const warnings: string[] = [];
    const quiet = () => {};
    const log = {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (_: unknown, message: string) => warnings.push(message),
      child: () => log,
    };
    assert.deepEqual(await lines(place.open({}, { log })), ['1\n', '2\n', '3\n', '4\n']);
    assert.deepEqual(warnings, ['leave out what is no entry of a log']);
  });

  it('takes out a line that was cut off, before it appends', async () => {
    await print(place.open(), 'whole\n');
    appendFileSync(join(place.folder, 'c1-json.log'), '{"log":"torn');
    await print(place.open(), 'next\n');
    assert.deepEqual(await lines(place.open()), ['whole\n', 'next\n']);
    assert.doesNotMatch(place.text('c1-json.log'), /torn/);
  });

  it('selects by time and stream', async () => {
    let now = 1_000;
    const log = place.open({}, { now: () => now });
    const writer = await log.openWriter();
    for (; now < 1_010; now++) await put(writer, now % 2 === 0 ? 'stdout' : 'stderr', `${now}\n`);
    await writer.close();
    const since = new Date(1_004);
    const until = 1_006_000_001n;
    assert.deepEqual(await lines(log, { since, until }), ['1004\n', '1005\n', '1006\n']);
    assert.deepEqual(await lines(log, { since, stdout: false }), ['1005\n', '1007\n', '1009\n']);
    assert.deepEqual(await lines(log, { until: new Date(999) }), []);
    // As with Docker, the tail is counted before anything else is chosen.
    assert.deepEqual(await lines(log, { tail: 3, stderr: false }), ['1008\n']);
    await assert.rejects(lines(log, { stdout: false, stderr: false }), InvalidArgumentError);
  });

  it('gives the last lines, over blocks of the file', async () => {
    const log = place.open();
    const text = numbered(1, 2_000).map((line) => `${'x'.repeat(60)}${line}`);
    await print(log, text.join(''));
    for (const tail of [0, 1, 10, 999, 1_999, 2_000, 6_000]) {
      assert.deepEqual(await lines(log, { tail }), tail === 0 ? [] : text.slice(-tail), String(tail));
    }
    assert.equal((await lines(log, { tail: -1 })).length, 2_000);
  });

  it('follows from where it reads until the container has ended', async () => {
    const log = place.open();
    await print(log, 'before\n');
    log.running();
    const iterators = [1, 2, 3].map(() => log.read({ follow: true, tail: 1 })[Symbol.asyncIterator]());
    for (const each of iterators) assert.equal(await nextLine(each), 'before\n');
    const waiting = iterators.map((each) => nextLine(each));
    const writer = await log.openWriter();
    await put(writer, 'stdout', 'now\n');
    assert.deepEqual(await Promise.all(waiting), ['now\n', 'now\n', 'now\n']);
    await put(writer, 'stderr', 'last');
    await writer.close();
    log.ended();
    for (const each of iterators) {
      assert.equal(await nextLine(each), 'last');
      assert.equal(await nextLine(each), undefined);
    }
  });

  it('ends a follow at once when nothing runs, unless the next run is waited for', async () => {
    const log = place.open();
    assert.deepEqual(await lines(log, { follow: true }), []);
    const followed = lines(log, { follow: true, waitForRun: true });
    log.running();
    await print(log, 'x\n');
    log.ended();
    assert.deepEqual(await followed, ['x\n']);
  });

  it('ends a follow at its `until` with nothing written', async () => {
    const log = place.open();
    log.running();
    assert.deepEqual(await lines(log, { follow: true, until: new Date(Date.now() + 20) }), []);
  });

  it('ends at once by the signal, by giving the iteration up, and when the log is closed', async () => {
    const log = place.open();
    log.running();
    const abort = new AbortController();
    const aborted = lines(log, { follow: true, signal: abort.signal });
    const iterator = log.read({ follow: true })[Symbol.asyncIterator]();
    const given = iterator.next();
    const closed = lines(log, { follow: true });
    abort.abort();
    await assert.rejects(aborted, CanceledError);
    await iterator.return?.();
    assert.equal((await given).done, true);
    log.close();
    assert.deepEqual(await closed, []);
    await assert.rejects(lines(place.open(), { signal: abort.signal }), CanceledError);
  });

  it('goes on when somebody empties the file', async () => {
    const log = place.open();
    log.running();
    const writer = await log.openWriter();
    const iterator = log.read({ follow: true })[Symbol.asyncIterator]();
    await put(writer, 'stdout', 'a long first line\n');
    assert.equal(await nextLine(iterator), 'a long first line\n');
    const next = nextLine(iterator);
    truncateSync(join(place.folder, 'c1-json.log'));
    await put(writer, 'stdout', 'b\n');
    assert.equal(await next, 'b\n');
    await iterator.return?.();
    await writer.close();
  });

  it('removes every file of its own and no other', async () => {
    const log = place.open({ 'max-size': '1k', 'max-file': '3', compress: 'true' });
    for (const name of ['c1-json.log.lock', 'c1-json.logs', 'c1-json.log.copy.tmp']) {
      writeFileSync(join(place.folder, name), '');
    }
    await print(log, ...numbered(1, 200));
    assert.ok(place.names().length > 4);
    await log.remove();
    assert.deepEqual(place.names(), ['c1-json.log.lock', 'c1-json.logs']);
    await log.remove();
  });
});

describe('NoneLog', () => {
  it('takes everything and refuses to read', async () => {
    const log: ContainerLog = place.open({}, { logConfig: { Type: 'none' } });
    await print(log, 'x\n');
    await assert.rejects(
      lines(log),
      (err) =>
        err instanceof NotImplementedError && err.message === 'configured logging driver does not support reading',
    );
    assert.deepEqual(place.names(), []);
  });
});
