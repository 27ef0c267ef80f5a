import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatReply, formatRequest, type KeeperRequest, parseReply, parseRequest } from './keeper-protocol.js';

const OPEN: KeeperRequest = {
  verb: 'open',
  id: 'c1',
  run: 3,
  stdout: '/run/c1-stdout',
  stderr: '',
  log: {
    folder: '/var/lib/c1',
    attributes: { tag: 'a\n"b"' },
    maxSizeBytes: undefined,
    maxFiles: 2,
    compress: true,
    dropAboveBytes: 1000,
  },
};

describe('what is spoken with the log keeper', () => {
  it('comes out as it went in, one line each', () => {
    const requests: KeeperRequest[] = [
      OPEN,
      { verb: 'finish', id: 'c1' },
      { verb: 'forget', id: 'c1' },
      { verb: 'ping' },
      { verb: 'retire' },
    ];
    for (const request of requests) {
      const line = formatRequest(7, request);
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.deepEqual(parseRequest(line), { id: 7, request });
    }
    const reply = { id: 7, ok: false, pid: 12, errorClass: 'not-found', text: 'no such file\n' } as const;
    assert.deepEqual(parseReply(formatReply(reply)), reply);
  });

  it('is refused when it is something else', () => {
    const without = (field: string) => formatRequest(1, OPEN).replace(`"${field}"`, '"other"');
    for (const field of ['id', 'verb', 'run', 'stdout', 'folder', 'attributes', 'maxFiles', 'compress']) {
      assert.throws(() => parseRequest(without(field)), Error, field);
    }
    assert.throws(() => parseRequest('{"id":1,"verb":"stop","body":{}}'), /verb/);
    assert.throws(() => parseRequest('hold key path'), SyntaxError);
    assert.throws(() => parseReply('{"id":1,"pid":2}'), /ok/);
  });
});
