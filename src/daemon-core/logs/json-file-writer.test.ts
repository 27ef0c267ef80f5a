import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { FailedPreconditionError } from '../../errdefs/index.js';
import { entries, LogPlace, lines, print, put } from './testing/log-place.js';

let place: LogPlace;
beforeEach(() => {
  place = new LogPlace();
});
afterEach(() => place.remove());

const AT = Date.parse('2026-01-31T12:00:00.123Z');

describe('JsonFileWriter', () => {
  it('writes the bytes that dockerd writes', async () => {
    const log = place.open(
      { labels: 'b,a', tag: '<{{.Name}}>' },
      { now: () => AT, name: 'web', config: { Labels: { a: '1', b: 'x"y' } } },
    );
    const writer = await log.openWriter();
    await put(writer, 'stdout', 'plain\n', '"q" \\ <b>&\t\r\u0000\u007f\n', '\n', 'ümlaut 😀 \u2028\u2029\n');
    await put(writer, 'stderr', Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0xed, 0xa0, 0x80, 0xc0, 0xaf, 0x0a]));
    await put(writer, 'stderr', 'no end');
    await writer.close();
    const attrs = '"attrs":{"a":"1","b":"x\\"y","tag":"\\u003cweb\\u003e"}';
    const rest = (stream: string, nano: number) =>
      `","stream":"${stream}",${attrs},"time":"2026-01-31T12:00:00.12300000${nano}Z"}\n`;
    assert.equal(
      place.text('c1-json.log'),
      [
        `{"log":"plain\\n${rest('stdout', 1)}`,
        `{"log":"\\"q\\" \\\\ \\u003cb\\u003e\\u0026\\u0009\\r\\u0000\u007f\\n${rest('stdout', 2)}`,
        `{"log":"\\n${rest('stdout', 3)}`,
        `{"log":"ümlaut 😀 \\u2028\\u2029\\n${rest('stdout', 4)}`,
        `{"log":"a\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\n${rest('stderr', 5)}`,
        `{"log":"no end${rest('stderr', 6)}`,
      ].join(''),
    );
  });

  it('cuts long lines into pieces of 16 KiB of one time, and ends the last as Docker does', async () => {
    const log = place.open();
    await print(log, 'a'.repeat(16_383), '\n', `${'b'.repeat(16_384)}\n`, `${'c'.repeat(40_000)}\nd\n`);
    const found = await entries(log);
    assert.deepEqual(
      found.map(({ line, partial }) => [line.length, partial]),
      [
        [16_384, false],
        [16_384, true],
        [1, false],
        [16_384, true],
        [16_384, true],
        [7_233, false],
        [2, false],
      ],
    );
    assert.equal(new Set(found.slice(3, 6).map(({ timeNano }) => timeNano)).size, 1);
  });

  it('gives the end of a long line the time of its beginning, and lines after it their own, whatever they hold', async () => {
    const log = place.open();
    await print(log, 'a'.repeat(16_384), `end\n${'plain\n'.repeat(100)}`, '"quoted"\n');
    const times = (await entries(log)).map(({ timeNano }) => timeNano);
    assert.equal(times[0], times[1]);
    for (let i = 2; i < times.length; i++) assert.ok((times[i] ?? 0n) > (times[i - 1] ?? 0n), String(i));
  });

  it('does not tear a character where a piece ends', async () => {
    for (const lead of [0, 1, 2, 3]) {
      const text = 'x'.repeat(lead) + '😀'.repeat(10_000);
      const log = place.open({}, { id: `c${lead}` });
      await print(log, text);
      assert.equal((await lines(log)).join(''), text);
    }
  });

  it('gives back any text, however it came in chunks, in rising times', async () => {
    const piece = fc.oneof(
      fc.constantFrom('\n', '"', '\\', '<&>', '\r\n', '\u2028', '\u0000', ' '.repeat(3)),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.integer({ min: 200, max: 20_000 }).map((length) => 'z'.repeat(length)),
      fc.array(fc.string({ maxLength: 90 }), { maxLength: 30 }).map((each) => each.join('\n')),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 6 }),
        async (pieces, sizes) => {
          const text = Buffer.from(pieces.join(''));
          const log = place.open({}, { id: `p${round++}` });
          const writer = await log.openWriter();
          // One buffer for all chunks, as the fan-out has it.
          const reused = Buffer.alloc(5_000);
          for (let at = 0, i = 0; at < text.length; i++) {
            const size = text.copy(reused, 0, at, at + (sizes[i % sizes.length] ?? 1));
            writer.write('stdout', reused.subarray(0, size));
            reused.fill(0x58);
            at += size;
          }
          await writer.close();
          const found = await entries(log);
          assert.equal(Buffer.concat(found.map(({ line }) => line)).toString(), text.toString());
          for (const { line, partial } of found) {
            assert.ok(line.length <= 16_385);
            assert.equal(partial, line.at(-1) !== 0x0a);
          }
          const whole = found.filter((each, i) => !each.partial && found[i - 1]?.partial !== true);
          for (const [i, each] of whole.entries()) assert.ok(i === 0 || each.timeNano > (whole[i - 1]?.timeNano ?? 0n));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes plain and other text in one order', async () => {
    const log = place.open();
    const writer = await log.openWriter();
    const expected: string[] = [];
    for (let i = 0; i < 400; i++) {
      const block = Array.from(
        { length: 20 },
        (_, k) => `${i}.${k} ${i % 3 === 0 && k === 7 ? '"é\t"' : 'plain text'}\n`,
      );
      expected.push(...block);
      await put(writer, 'stdout', block.join(''));
    }
    await writer.close();
    assert.deepEqual(await lines(log), expected);
  });

  it('asks to wait when much is under way, and goes on', async () => {
    const log = place.open();
    const writer = await log.openWriter();
    const chunk = Buffer.from('w'.repeat(99).concat('\n').repeat(656));
    let refused = 0;
    for (let i = 0; i < 60; i++) {
      if (writer.write('stdout', chunk)) continue;
      refused += 1;
      await writer.ready();
    }
    await writer.close();
    assert.ok(refused > 0);
    assert.equal(writer.droppedBytes, 0);
    let length = 0;
    for await (const { line } of log.read()) length += line.length;
    assert.equal(length, 60 * chunk.length);
  });

  it('drops whole lines in mode non-blocking, counts them and never asks to wait', async () => {
    const log = place.open({ mode: 'non-blocking', 'max-buffer-size': '64k' });
    const writer = await log.openWriter();
    const chunk = Buffer.from(`${Array.from({ length: 3_000 }, (_, i) => `line ${i}\n`).join('')}cut `);
    for (let i = 0; i < 50; i++) assert.equal(writer.write('stdout', chunk), true);
    await writer.close();
    const found = await lines(log);
    const kept = found.reduce((sum, line) => sum + line.length, 0);
    assert.ok(writer.droppedBytes > 0);
    assert.equal(kept + writer.droppedBytes, 50 * chunk.length);
    for (const line of found) assert.match(line, /^(cut )?(line \d+\n)?$/);
  });

  it('is one at a time, and is closed once', async () => {
    const log = place.open();
    const writer = await log.openWriter();
    await assert.rejects(log.openWriter(), FailedPreconditionError);
    await Promise.all([writer.close(), writer.close()]);
    assert.equal(writer.write('stdout', Buffer.from('late\n')), true);
    assert.equal(writer.droppedBytes, 5);
    await writer.ready();
    await print(log, 'again\n');
    assert.deepEqual(await lines(log), ['again\n']);
  });
});
