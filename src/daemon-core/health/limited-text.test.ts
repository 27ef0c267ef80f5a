import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { LimitedOutput, limitText } from './limited-text.js';

describe('limitText', () => {
  it('leaves what fits', () => {
    assert.equal(limitText('0123456789', 10), '0123456789');
    assert.equal(limitText('ééééé', 10), 'ééééé');
  });

  it('marks what it cuts, and cuts no character', () => {
    assert.equal(limitText('01234567890', 10), '0123456...');
    assert.equal(limitText('xééééé', 10), 'xééé...');
    assert.equal(limitText('éééééé', 10), 'ééé...');
    assert.equal(limitText('💥💥💥💥', 10), '💥...');
  });
});

describe('LimitedOutput', () => {
  const textOf = (maxBytes: number, ...chunks: Buffer[]): string => {
    const output = new LimitedOutput(maxBytes);
    const stream = new PassThrough();
    output.read(stream);
    for (const chunk of chunks) stream.emit('data', chunk);
    return output.text();
  };

  it('keeps the beginning, however it is cut', () => {
    assert.equal(textOf(10, Buffer.from('0123'), Buffer.from('456789')), '0123456789');
    assert.equal(textOf(10, Buffer.from('0123'), Buffer.from('4567890'), Buffer.alloc(100_000)), '0123456...');
    const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
    assert.equal(textOf(10, first, second), 'é');
  });

  it('is bounded also when what comes is no text', () => {
    const text = textOf(4_096, Buffer.alloc(5_000, 0xff));
    assert.ok(Buffer.byteLength(text) <= 4_096);
    assert.ok(text.endsWith('\ufffd...'));
  });

  it('reads several streams, none, and one that breaks', () => {
    const output = new LimitedOutput(100);
    const broken = new PassThrough();
    output.read(undefined);
    output.read(broken);
    broken.emit('data', Buffer.from('out'));
    broken.emit('error', new Error('broken'));
    assert.equal(output.text(), 'out');
  });
});
