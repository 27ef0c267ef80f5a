import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { socketAddress } from './address.js';

describe('socketAddress', () => {
  it('understands what shims print', () => {
    const cases = {
      '/run/s/1': '/run/s/1',
      'unix:///run/s/1': '/run/s/1',
      '@/shim/1': '\0/shim/1',
      'unix://@name': '\0name',
      '\0name': '\0name',
    };
    for (const [address, path] of Object.entries(cases)) assert.equal(socketAddress(address), path);
    assert.equal(socketAddress(`/${'a'.repeat(106)}`).length, 107);
    assert.equal(socketAddress(`@${'a'.repeat(107)}`).length, 108);
  });

  it('refuses the rest', () => {
    const long = ['/'.padEnd(108, 'a'), `/${'ä'.repeat(54)}`, '@'.padEnd(109, 'a')];
    for (const address of [
      '',
      'run/s',
      'unix://run',
      '@',
      'unix://@',
      '/a\0b',
      'tcp://1.2.3.4:5',
      'vsock://3:4',
      ...long,
    ]) {
      assert.throws(
        () => socketAddress(address),
        (err) => err instanceof InvalidArgumentError && err.code === 'ERR_ADDRESS_INVALID',
        address,
      );
    }
  });
});
