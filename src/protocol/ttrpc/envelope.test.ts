import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Request, Response } from '../gen/ttrpc/ttrpc.js';
import { encodeMessage } from '../wire/index.js';
import { HEADER_BYTES } from './frame.js';
import { NAMESPACE_KEY, namespaceOf } from './metadata.js';
import { times } from './raw-peer.test.js';
import { decodeRequest, encodeRequest } from './request.js';
import { decodeResponse, encodeResponse, encodeStatus } from './response.js';

const bytes = fc.uint8Array({ maxLength: 300 });

describe('the envelopes', { timeout: 120_000 }, () => {
  it('writes requests that the generated code reads', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), bytes, fc.string(), fc.nat(), (service, method, payload, namespace, ms) => {
        const frame = encodeRequest({
          service,
          method,
          timeoutMs: ms + 0.5,
          namespace,
          writePayload: (writer) => writer.raw(payload),
        });
        assert.deepEqual(Request.decode(frame.subarray(HEADER_BYTES)), {
          service,
          method,
          payload: Buffer.from(payload),
          timeoutNano: BigInt(ms) * 1_000_000n + 500_000n,
          metadata: namespace === '' ? [] : [{ key: NAMESPACE_KEY, value: namespace }],
        });
      }),
      { numRuns: times(1000) },
    );
  });

  it('sends no deadline for Infinity, at least a nanosecond, and never more than fits', () => {
    const sent = (timeoutMs: number) =>
      Request.decode(
        encodeRequest({ service: 's', method: 'm', timeoutMs, namespace: '', writePayload: () => {} }).subarray(
          HEADER_BYTES,
        ),
      ).timeoutNano;
    assert.deepEqual([Number.POSITIVE_INFINITY, 1e-9, 10, 1e300].map(sent), [0n, 1n, 10_000_000n, 2n ** 63n - 1n]);
  });

  it('reads requests that the generated code writes', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        bytes,
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (s, m, p, t) => {
          const metadata = [
            { key: 'k', value: '1' },
            { key: NAMESPACE_KEY, value: 'ns' },
            { key: 'k', value: '2' },
          ];
          const request = { service: s, method: m, payload: Buffer.from(p), timeoutNano: t, metadata };
          const read = decodeRequest(encodeMessage(Request, request));
          assert.equal(read.service, s);
          assert.equal(read.method, m);
          assert.deepEqual(Buffer.from(read.payload), request.payload);
          assert.equal(read.timeoutMs, t === 0n ? Number.POSITIVE_INFINITY : Number(t) / 1e6);
          assert.deepEqual(read.metadata.get('k'), ['1', '2']);
          assert.equal(namespaceOf(read.metadata), 'ns');
        },
      ),
      { numRuns: times(1000) },
    );
  });

  it('agrees with the generated code about responses, both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.string(), bytes, (code, message, payload) => {
        const good = encodeResponse(7, (writer) => writer.raw(payload)).subarray(HEADER_BYTES);
        assert.deepEqual(Response.decode(good), { status: undefined, payload: Buffer.from(payload) });
        const bad = encodeStatus(7, { code, message }).subarray(HEADER_BYTES);
        assert.deepEqual(Response.decode(bad).status, { code, message, details: [] });
        const both = encodeMessage(Response, {
          status: { code, message, details: [{ typeUrl: 't', value: Buffer.from('v') }] },
          payload: Buffer.from(payload),
        });
        const read = decodeResponse(both);
        assert.deepEqual(read.failure, code === 0 ? undefined : { code, message });
        assert.deepEqual(Buffer.from(read.payload), Buffer.from(payload));
      }),
      { numRuns: times(1000) },
    );
  });

  it('passes over fields of newer versions and refuses what begins no field', () => {
    const unknown = Buffer.from([0xf8, 0x01, 0x05, 0x12, 0x01, 0x6d]);
    assert.equal(decodeRequest(unknown).method, 'm');
    for (const broken of ['00', '0a05', '0b', '0c', '1aff', '07'])
      assert.throws(() => decodeRequest(Buffer.from(broken, 'hex')), broken);
  });

  it('either reads random bytes or throws', () => {
    fc.assert(
      fc.property(bytes, (noise) => {
        for (const decode of [decodeRequest, decodeResponse]) {
          try {
            decode(noise);
          } catch (err) {
            assert.ok(err instanceof Error);
          }
        }
      }),
      { numRuns: times(5000) },
    );
  });
});
