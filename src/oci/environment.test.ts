import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { environmentOf } from './environment.js';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

describe('environmentOf', () => {
  it('gives the defaults', () => {
    assert.deepEqual(environmentOf({ env: [], hostname: 'h', tty: true, home: '/root' }), [
      PATH,
      'HOSTNAME=h',
      'TERM=xterm',
      'HOME=/root',
    ]);
    assert.deepEqual(environmentOf({ env: [], tty: false, home: '/' }), [PATH, 'HOME=/']);
  });

  it('replaces in place, and lets the last of a name count', () => {
    const env = ['PATH=/bin', 'A=1', 'HOME=/h', 'A=2=3', 'B='];
    assert.deepEqual(environmentOf({ env, tty: false, home: '/root' }), ['PATH=/bin', 'A=2=3', 'HOME=/h', 'B=']);
  });

  it('removes by a name alone, but for HOME, which every process has', () => {
    const env = ['A=1', 'A', 'PATH', 'NEVER', 'HOME'];
    assert.deepEqual(environmentOf({ env, tty: false, home: '/root' }), ['HOME=/root']);
  });
});
