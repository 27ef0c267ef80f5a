import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { FastWriter } from './writer.js';

/** One call on a writer, so that the same calls can be played on ours and on the stock one. */
type Step = (writer: BinaryWriter) => unknown;

const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 127, 128, 2147483647, -2147483648));
const uint32 = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 127, 128, 0xffffffff));
const int64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -200n, max: 200n }));
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n }));
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
);
const bytes = fc.uint8Array({ maxLength: 300 });

const leaf: fc.Arbitrary<Step> = fc.oneof(
  uint32.map(
    (v): Step =>
      (w) =>
        w.uint32(v),
  ),
  int32.map(
    (v): Step =>
      (w) =>
        w.int32(v),
  ),
  int32.map(
    (v): Step =>
      (w) =>
        w.sint32(v),
  ),
  uint32.map(
    (v): Step =>
      (w) =>
        w.fixed32(v),
  ),
  int32.map(
    (v): Step =>
      (w) =>
        w.sfixed32(v),
  ),
  int64.map(
    (v): Step =>
      (w) =>
        w.int64(v),
  ),
  int64.map(
    (v): Step =>
      (w) =>
        w.sint64(v),
  ),
  int64.map(
    (v): Step =>
      (w) =>
        w.sfixed64(v),
  ),
  uint64.map(
    (v): Step =>
      (w) =>
        w.uint64(v),
  ),
  uint64.map(
    (v): Step =>
      (w) =>
        w.uint64(String(v)),
  ),
  uint64.map(
    (v): Step =>
      (w) =>
        w.fixed64(v),
  ),
  fc.double().map(
    (v): Step =>
      (w) =>
        w.double(v),
  ),
  fc.float().map(
    (v): Step =>
      (w) =>
        w.float(v),
  ),
  fc.boolean().map(
    (v): Step =>
      (w) =>
        w.bool(v),
  ),
  text.map(
    (v): Step =>
      (w) =>
        w.string(v),
  ),
  bytes.map(
    (v): Step =>
      (w) =>
        w.bytes(v),
  ),
  bytes.map(
    (v): Step =>
      (w) =>
        w.raw(v),
  ),
  fc.integer({ min: 1, max: 536870911 }).map(
    (v): Step =>
      (w) =>
        w.tag(v, 2),
  ),
);

const { steps } = fc.letrec<{ steps: Step[]; step: Step; fork: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 12 }),
  step: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('fork')),
  fork: tie('steps').map(
    (inner): Step =>
      (w) => {
        w.fork();
        for (const step of inner) step(w);
        w.join();
      },
  ),
}));

function play(writer: BinaryWriter, list: readonly Step[]): Buffer {
  for (const step of list) step(writer);
  return Buffer.from(writer.finish());
}

describe('FastWriter', () => {
  it('gives the bytes of the stock writer', () => {
    const fast = new FastWriter();
    fc.assert(
      fc.property(steps, (list) => {
        const expected = play(new BinaryWriter(), list);
        assert.deepEqual(play(fast.asBinaryWriter(), list), expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes strings of every length around its limits', () => {
    const fast = new FastWriter().asBinaryWriter();
    for (const unit of ['a', 'é', '漢', '😀', '\ud800']) {
      for (const length of [
        0, 1, 31, 32, 33, 39, 40, 41, 42, 43, 63, 64, 65, 127, 128, 129, 5461, 5462, 16383, 16384,
      ]) {
        const value = unit.repeat(length);
        const expected = Buffer.from(new BinaryWriter().string(value).finish());
        assert.deepEqual(Buffer.from(fast.string(value).finish()), expected, `${unit} x ${length}`);
        const late = `${'a'.repeat(length)}${unit}`;
        assert.deepEqual(
          Buffer.from(fast.string(late).finish()),
          Buffer.from(new BinaryWriter().string(late).finish()),
        );
      }
    }
  });

  it('moves a nested message when its length needs more bytes', () => {
    const fast = new FastWriter().asBinaryWriter();
    for (const size of [0, 1, 127, 128, 4090, 4094, 4095, 4096, 16383, 16384, 2097151, 2097152]) {
      const list: Step[] = [(w) => w.uint32(10).fork(), (w) => w.fork(), (w) => w.raw(Buffer.alloc(size, 7))];
      list.push(
        (w) => w.join(),
        (w) => w.join(),
      );
      assert.ok(play(fast, list).equals(play(new BinaryWriter(), list)), `size ${size}`);
    }
  });

  it('is read back by the stock reader', () => {
    const fast = new FastWriter().asBinaryWriter();
    fc.assert(
      fc.property(int64, uint64, int32, fc.string({ unit: 'grapheme' }), (a, b, c, d) => {
        const reader = new BinaryReader(fast.int64(a).uint64(b).int32(c).string(d).finish());
        assert.deepEqual([reader.int64(), reader.uint64(), reader.int32(), reader.string()], [a, b, c, d]);
      }),
    );
  });

  it('refuses numbers that do not fit', () => {
    const fast = new FastWriter();
    for (const value of [-1, 1.5, Number.NaN, 2 ** 32, Number.POSITIVE_INFINITY]) {
      assert.throws(() => fast.uint32(value), RangeError);
      assert.throws(() => fast.fixed32(value), RangeError);
    }
    for (const value of [1.5, Number.NaN, 2 ** 31, -(2 ** 31) - 1]) {
      assert.throws(() => fast.int32(value), RangeError);
      assert.throws(() => fast.sint32(value), RangeError);
      assert.throws(() => fast.sfixed32(value), RangeError);
    }
    assert.throws(() => fast.int64(2n ** 63n), RangeError);
    assert.throws(() => fast.sint64(-(2n ** 63n) - 1n), RangeError);
    assert.throws(() => fast.uint64(-1n), RangeError);
    assert.throws(() => fast.uint64(2n ** 64n), RangeError);
    assert.throws(() => fast.fixed64(2n ** 64n), RangeError);
    assert.throws(() => fast.sfixed64(2n ** 63n), RangeError);
    assert.throws(() => fast.uint64(0.5), RangeError);
    assert.throws(() => fast.join(), /join without fork/);
    assert.equal(fast.finish().length, 0);
  });

  it('hands out bytes that later messages do not touch', () => {
    const fast = new FastWriter();
    const first = fast.string('first').finish();
    const second = fast.string('other').finish();
    assert.equal(first.toString('latin1'), '\x05first');
    assert.equal(second.toString('latin1'), '\x05other');
  });

  it('reserves zeroed room over bytes of an earlier message', () => {
    const fast = new FastWriter();
    fast.raw(Buffer.alloc(5000, 0xff)).finish();
    const framed = fast.reserve(10).uint32(7).finish();
    assert.deepEqual(framed, Buffer.from([...Buffer.alloc(10), 7]));
  });
});
