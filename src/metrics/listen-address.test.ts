import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../errdefs/index.js';
import { formatListenAddress, parseListenAddress } from './listen-address.js';

describe('the address of the metrics server', () => {
  for (const [text, address] of [
    ['127.0.0.1:9323', { host: '127.0.0.1', port: 9323 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':9323', { port: 9323 }],
    ['[::1]:9323', { host: '::1', port: 9323 }],
    ['[fe80::1%eth0]:65535', { host: 'fe80::1%eth0', port: 65_535 }],
    ['my-host.example_1:80', { host: 'my-host.example_1', port: 80 }],
  ] as const) {
    it(`is read from ${text}`, () => {
      assert.deepEqual(parseListenAddress(text), address);
      if ('host' in address) assert.equal(formatListenAddress(address.host, address.port), text);
    });
  }

  for (const text of [
    '',
    '9323',
    '127.0.0.1',
    '::1:9323',
    '[127.0.0.1]:1',
    '[::1]',
    'a:65536',
    'a:-1',
    'a:b',
    'http://a:1',
    'a b:1',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseListenAddress(text),
        (err) => err instanceof InvalidArgumentError && err.code === 'ERR_ADDRESS_INVALID',
      );
    });
  }
});
