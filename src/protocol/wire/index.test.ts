import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Envelope } from '../gen/containerd/types/types.js';
import { Request } from '../gen/ttrpc/ttrpc.js';
import { decodeMessage, encodeMessage, encodeWith, type MessageCodec } from './index.js';

describe('encodeMessage and decodeMessage', () => {
  it('start over after an encode that threw inside a nested message', () => {
    const broken: MessageCodec<string> = {
      encode(_message, writer = new BinaryWriter()) {
        writer.uint32(10).fork().string('left behind');
        throw new Error('boom');
      },
      decode: () => '',
    };
    assert.throws(() => encodeMessage(broken, ''), /boom/);
    assert.equal(encodeMessage(Request, Request.create({ service: 'a' })).toString('hex'), '0a0161');
  });

  it('allow an encode inside an encode', () => {
    const outer: MessageCodec<Buffer[]> = {
      encode(message, writer = new BinaryWriter()) {
        writer.string('before');
        message.push(encodeMessage(Request, Request.create({ service: 'inner' })));
        return writer.string('after');
      },
      decode: () => [],
    };
    const inner: Buffer[] = [];
    assert.equal(encodeMessage(outer, inner).toString('latin1'), '\x06before\x05after');
    assert.equal(inner[0]?.toString('latin1'), '\n\x05inner');
  });

  it('build a frame around a payload in one buffer', () => {
    const payload = Envelope.create({ namespace: 'moby', topic: '/tasks/exit' });
    const framed = encodeWith((writer) => {
      writer.uint32(10).string('svc').uint32(18).string('Forward').uint32(26).fork();
      Envelope.encode(payload, writer);
      writer.join();
    }, 10);
    assert.ok(framed.subarray(0, 10).equals(Buffer.alloc(10)));
    const request = decodeMessage(Request, framed.subarray(10));
    assert.deepEqual(decodeMessage(Envelope, request.payload), payload);
    assert.deepEqual([request.service, request.method], ['svc', 'Forward']);
  });

  it('carry messages larger than the kept buffer', () => {
    const payload = Buffer.alloc(3 * 1024 * 1024, 0xab);
    const bytes = encodeMessage(Request, Request.create({ payload }));
    assert.ok(decodeMessage(Request, bytes).payload.equals(payload));
    assert.equal(encodeMessage(Request, Request.create()).length, 0);
  });

  it('copy bytes fields out of the input', () => {
    const bytes = encodeMessage(Request, Request.create({ payload: Buffer.from('abc') }));
    const request = decodeMessage(Request, bytes);
    bytes.fill(0);
    assert.equal(request.payload.toString(), 'abc');
  });

  it('refuse what is over the limit', () => {
    const bytes = encodeMessage(Request, Request.create({ service: 'x'.repeat(98) }));
    assert.equal(bytes.length, 100);
    assert.equal(decodeMessage(Request, bytes, 100).service.length, 98);
    assert.throws(() => decodeMessage(Request, bytes, 99), /100 bytes is over the limit of 99/);
  });

  it('refuse bytes that are no message', () => {
    const samples = {
      'a length past the end': '0aff01',
      'a huge length': '0affffffff0f',
      'a cut varint': '2080',
      'an endless varint': `20${'ff'.repeat(20)}`,
      'a zero tag': '000a0161',
      'an end of a group that never began': '0c0a0161',
      'a group that never ends': '13',
      'groups in groups': '13'.repeat(100_000),
      'wire type 7': '0f',
    };
    for (const [what, hex] of Object.entries(samples)) {
      assert.throws(() => decodeMessage(Request, Buffer.from(hex, 'hex')), Error, what);
    }
  });

  it('skip fields they do not know', () => {
    const bytes = Buffer.from(
      '0a0161 9a06 03616263 a00601 a90600000000000000 00 ad0600000000 c306c406'.replace(/ /g, ''),
      'hex',
    );
    assert.equal(decodeMessage(Request, bytes).service, 'a');
  });
});
