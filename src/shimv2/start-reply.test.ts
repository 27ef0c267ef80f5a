import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EngineError, isInternal, isNotImplemented } from '../errdefs/index.js';
import { BootstrapResult } from '../protocol/gen/containerd/shim/bootstrap.js';
import { encodeMessage } from '../protocol/wire/index.js';
import { parseStartReply } from './start-reply.js';

const ADDRESS = 'unix:///run/containerd/s/0123';
const parse = (text: string) => parseStartReply(Buffer.from(text));

describe('parseStartReply', () => {
  it('takes a bare address as version 2 over ttrpc', () => {
    const expected = { version: 2, address: ADDRESS, protocol: 'ttrpc' };
    assert.deepEqual(parse(ADDRESS), expected);
    assert.deepEqual(parse(`${ADDRESS}\n`), expected);
  });

  it('keeps the name of an abstract socket as it is', () => {
    assert.equal(parse('/containerd-shim/0123.sock').address, '/containerd-shim/0123.sock');
  });

  it('reads JSON of versions 2 and 3', () => {
    for (const version of [2, 3]) {
      const reply = { version, address: ADDRESS, protocol: 'ttrpc' };
      assert.deepEqual(parse(JSON.stringify(reply)), reply);
      assert.deepEqual(parse(` ${JSON.stringify(reply, null, 2)}\n`), reply);
    }
    assert.equal(parse(`{"version":3,"address":"${ADDRESS}"}`).protocol, 'ttrpc');
    assert.equal(parse(`{"version":3,"address":"${ADDRESS}","protocol":"grpc"}`).protocol, 'grpc');
  });

  it('reads the bytes of a BootstrapResult', () => {
    const bytes = Buffer.from(
      '0803121d756e69783a2f2f2f72756e2f636f6e7461696e6572642f732f303132331a057474727063',
      'hex',
    );
    assert.deepEqual(parseStartReply(bytes), { version: 3, address: ADDRESS, protocol: 'ttrpc' });
    const more = BootstrapResult.create({ version: 3, address: ADDRESS, protocol: 'grpc', metadata: { a: 'b' } });
    assert.deepEqual(parseStartReply(encodeMessage(BootstrapResult, more)), {
      version: 3,
      address: ADDRESS,
      protocol: 'grpc',
    });
  });

  it('finds the reply among lines of a log', () => {
    const log = 'time="2024-01-01T00:00:00Z" level=info msg="starting signal loop" path=unix:///x';
    assert.equal(parse(`${log}\n${ADDRESS}\n`).address, ADDRESS);
    assert.equal(parse(`${ADDRESS}\n${log}\n`).address, ADDRESS);
    assert.equal(parse(`${log}\n{"version":3,"address":"${ADDRESS}","protocol":"ttrpc"}\n${log}`).version, 3);
  });

  it('says so when the shim printed nothing', () => {
    for (const text of ['', '\n', '  \n \n']) {
      assert.throws(() => parse(text), hasCode('ERR_SHIM_START', /printed no address/));
    }
  });

  it('shows what it cannot read', () => {
    assert.throws(() => parse('no such file or directory'), hasCode('ERR_SHIM_START', /no such file/));
    assert.throws(() => parse('{"version":3}'), isInternal);
    assert.throws(() => parse('{"address":""}'), isInternal);
  });

  it('refuses versions and protocols that it cannot speak', () => {
    const replies = [
      `{"version":4,"address":"${ADDRESS}","protocol":"ttrpc"}`,
      `{"version":1,"address":"${ADDRESS}","protocol":"ttrpc"}`,
      `{"address":"${ADDRESS}"}`,
      `{"version":3,"address":"${ADDRESS}","protocol":"http"}`,
      `{"version":2,"address":"${ADDRESS}","protocol":"grpc"}`,
    ];
    for (const reply of replies) {
      assert.throws(() => parse(reply), hasCode('ERR_SHIM_UNSUPPORTED', /supported are/));
    }
    const four = BootstrapResult.create({ version: 4, address: ADDRESS, protocol: 'ttrpc' });
    assert.throws(() => parseStartReply(encodeMessage(BootstrapResult, four)), isNotImplemented);
  });

  it('ends with a reply or an EngineError on any bytes', () => {
    const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), texts), (bytes) => {
        try {
          assert.notEqual(parseStartReply(bytes).address, '');
        } catch (err) {
          assert.ok(err instanceof EngineError, String(err));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads every BootstrapResult of a version it knows', () => {
    const path = fc.stringMatching(/^[a-z0-9/]{1,60}$/);
    fc.assert(
      fc.property(path, (name) => {
        const result = BootstrapResult.create({ version: 3, address: `unix:///${name}`, protocol: 'ttrpc' });
        assert.equal(parseStartReply(encodeMessage(BootstrapResult, result)).address, result.address);
      }),
    );
  });
});

function hasCode(code: string, message: RegExp): (err: unknown) => boolean {
  return (err) => err instanceof EngineError && err.code === code && message.test(err.message);
}
