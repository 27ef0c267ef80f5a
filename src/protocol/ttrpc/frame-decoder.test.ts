import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FLAG, HEADER_BYTES, MAX_PAYLOAD_BYTES, MESSAGE_TYPE, setStreamId } from './frame.js';
import { type Frame, FrameDecoder } from './frame-decoder.js';
import { rawFrame, rawHeader, times } from './raw-peer.test.js';

const frame = fc.record({
  streamId: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  type: fc.oneof(fc.constantFrom(...Object.values(MESSAGE_TYPE)), fc.integer({ min: 0, max: 255 })),
  flags: fc.integer({ min: 0, max: 255 }),
  payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 3000 })),
});

describe('the frame codec', { timeout: 120_000 }, () => {
  it('puts the header where ttrpc has it', () => {
    const bytes = encodeFrame(
      { streamId: 0x01020304, type: MESSAGE_TYPE.data, flags: FLAG.noData | FLAG.remoteClosed },
      (writer) => {
        writer.raw(Buffer.from('hey'));
      },
    );
    assert.equal(bytes.toString('hex'), '0000000301020304030568' + '6579');
    setStreamId(bytes, 0xffff_fffd);
    assert.equal(bytes.readUInt32BE(4), 0xffff_fffd);
  });

  it('gives back what was encoded, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat({ max: 700 })), (frames, sizes) => {
        const stream = Buffer.concat(frames.map(({ payload, ...header }) => rawFrame(header, payload)));
        assert.deepEqual(
          decodeInChunks(stream, sizes),
          frames.map(({ payload, ...header }) => ({ ...header, payload: hex(payload), length: payload.length })),
        );
      }),
      { numRuns: times(2000) },
    );
  });

  it('throws away what is too large, byte by byte too, and reads on behind it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.array(fc.nat({ max: 60 })), (length, sizes) => {
        const big = rawFrame({ streamId: 3 }, Buffer.alloc(length, 1));
        const stream = Buffer.concat([big, rawFrame({ streamId: 5 }, Buffer.from('x'))]);
        const payload = length > 64 ? undefined : hex(Buffer.alloc(length, 1));
        assert.deepEqual(
          decodeInChunks(stream, sizes, new FrameDecoder(64)).map((each) => [each.streamId, each.payload, each.length]),
          [
            [3, payload, length],
            [5, '78', 1],
          ],
        );
      }),
      { numRuns: times(2000) },
    );
  });

  it('takes a payload of 4 MiB and not a byte more', () => {
    const decoder = new FrameDecoder();
    const [fits] = decoder.push(rawFrame({}, Buffer.alloc(MAX_PAYLOAD_BYTES)));
    assert.equal(fits?.payload?.length, MAX_PAYLOAD_BYTES);
    const [excess] = decoder.push(rawFrame({}, Buffer.alloc(MAX_PAYLOAD_BYTES + 1)));
    assert.equal(excess?.payload, undefined);
    assert.equal(excess?.length, MAX_PAYLOAD_BYTES + 1);
  });

  it('says when the bytes end inside a frame', () => {
    const decoder = new FrameDecoder();
    assert.equal(decoder.isInsideFrame, false);
    const bytes = rawFrame({}, Buffer.from('abc'));
    for (const end of [1, HEADER_BYTES, HEADER_BYTES + 2]) {
      const cut = new FrameDecoder();
      cut.push(bytes.subarray(0, end));
      assert.equal(cut.isInsideFrame, true, `${end}`);
      assert.equal(cut.push(bytes.subarray(end)).length, 1);
      assert.equal(cut.isInsideFrame, false);
    }
  });

  it('takes any bytes without throwing and holds one frame at most', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 }), (chunks) => {
        const decoder = new FrameDecoder(256);
        for (const chunk of chunks) {
          const frames = decoder.push(Buffer.from(chunk));
          assert.ok(frames.length <= chunk.length);
          for (const each of frames) assert.ok((each.payload?.length ?? 0) <= 256);
        }
      }),
      { numRuns: times(2000) },
    );
  });

  it('makes no room for what is only announced and too large', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 100 }, () => {
      const decoder = new FrameDecoder();
      decoder.push(rawHeader(0xffff_ffff, {}));
      return decoder;
    });
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 * MAX_PAYLOAD_BYTES);
    assert.equal(decoders.length, 100);
  });
});

/** The sizes are used round and round; 0 pushes an empty chunk. */
function decodeInChunks(stream: Buffer, sizes: readonly number[], decoder = new FrameDecoder()) {
  const frames: Frame[] = [];
  let at = 0;
  for (let turn = 0; at < stream.length; turn++) {
    const size = sizes.every((each) => each === 0) ? stream.length : (sizes[turn % sizes.length] ?? stream.length);
    // A copy that is wiped: nothing of an unfinished frame may be kept as a view.
    const chunk = Buffer.from(stream.subarray(at, at + size));
    at += size;
    frames.push(
      ...decoder.push(chunk).map((each) => ({ ...each, payload: each.payload && Buffer.from(each.payload) })),
    );
    chunk.fill(0xee);
  }
  return frames.map(({ payload, ...rest }) => ({ ...rest, payload: payload === undefined ? undefined : hex(payload) }));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
