import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LogPlace, lines, numbered, print, put } from './testing/log-place.js';

let place: LogPlace;
beforeEach(() => {
  place = new LogPlace();
});
afterEach(() => place.remove());

describe('rotation of json-file', () => {
  it('begins a new file with the entry after the one that passes the size, as Docker does', async () => {
    const log = place.open({ 'max-size': '1k', 'max-file': '4' });
    await print(log, numbered(10, 59).join(''));
    assert.deepEqual(place.names(), ['c1-json.log', 'c1-json.log.1', 'c1-json.log.2', 'c1-json.log.3']);
    const text = place.text('c1-json.log.1');
    const last = text.slice(text.lastIndexOf('\n', text.length - 2) + 1);
    assert.ok(text.length >= 1_000 && text.length - last.length < 1_000, String(text.length));
    assert.deepEqual(await lines(log), numbered(10, 59));
    assert.deepEqual(await lines(log, { tail: 33 }), numbered(27, 59));
  });

  it('keeps one file only when no more is asked for', async () => {
    const log = place.open({ 'max-size': '1k' });
    await print(log, numbered(1, 100).join(''));
    assert.deepEqual(place.names(), ['c1-json.log']);
    assert.ok(statSync(join(place.folder, 'c1-json.log')).size < 1_200);
    assert.equal((await lines(log)).at(-1), '100\n');
  });

  it('compresses in the background, and reads, tails and goes on over compressed files', async () => {
    const config = { 'max-size': '4k', 'max-file': '1000', compress: 'true' };
    const log = place.open(config);
    await print(log, ...numbered(1, 300));
    const before = await lines(log);
    assert.deepEqual(before, numbered(1, 300));
    // The next engine compresses what this one did not come to.
    log.close();
    const next = place.open(config);
    const writer = await next.openWriter();
    await put(writer, 'stdout', 'more\n');
    while (place.names().some((name) => /\.\d+$|\.tmp$/.test(name))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.close();
    const names = place.names();
    assert.ok(names.includes('c1-json.log.1.gz') && names.includes('c1-json.log.2.gz'), names.join());
    assert.match(place.text('c1-json.log.2.gz'), /^\{"log":/);
    assert.deepEqual(await lines(next), [...numbered(1, 300), 'more\n']);
    for (const tail of [1, 30, 100, 200]) {
      assert.deepEqual(await lines(next, { tail }), [...numbered(1, 300), 'more\n'].slice(-tail), String(tail));
    }
    assert.deepEqual(await lines(next, { since: new Date(Date.now() + 60_000) }), []);
  });

  it('is followed without loss or double, by many', async () => {
    const log = place.open({ 'max-size': '20k', 'max-file': '500', compress: 'true' });
    log.running();
    const followers = [1, 2, 3, 4].map(() => lines(log, { follow: true }));
    const writer = await log.openWriter();
    for (let i = 0; i < 25; i++) await put(writer, 'stdout', numbered(i * 100, i * 100 + 99).join(''));
    await writer.close();
    log.ended();
    for (const found of await Promise.all(followers)) assert.deepEqual(found, numbered(0, 2_499));
  });

  it('lets a reader finish what it has begun while its files are rotated away', async () => {
    const log = place.open({ 'max-size': '2k', 'max-file': '3' });
    await print(log, numbered(1, 60).join(''));
    const expected = await lines(log);
    const iterator = log.read()[Symbol.asyncIterator]();
    const first = await iterator.next();
    await print(log, numbered(100, 300).join(''));
    const found = [first.value?.line.toString()];
    for (let each = await iterator.next(); each.done !== true; each = await iterator.next()) {
      found.push(each.value.line.toString());
    }
    assert.deepEqual(found, expected);
  });
});
