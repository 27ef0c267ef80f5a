import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveOptions } from './options.js';

const FOLDERS = { root: '/var/lib/e', state: '/run/e' };

describe('resolveOptions', () => {
  it('has these defaults', () => {
    const settings = resolveOptions(FOLDERS);
    assert.equal(settings.address, '/run/e/containerd.sock');
    assert.equal(settings.ttrpcAddress, '/run/e/containerd.sock.ttrpc');
    assert.equal(settings.binary, 'containerd');
    assert.equal(settings.startupTimeoutMs, 15_000);
    assert.equal(settings.stopTimeoutMs, 15_000);
    assert.deepEqual(settings.health, { intervalMs: 2_000, timeoutMs: 3_000, failures: 3 });
    assert.deepEqual(settings.backoff, { minMs: 100, maxMs: 5_000, resetAfterMs: 10_000 });
    assert.equal(settings.stopOnClose, false);
    assert.equal(settings.configPath, '/run/e/containerd.toml');
    assert.equal(settings.pidfilePath, '/run/e/containerd.pid');
    assert.equal(settings.logPath, '/var/lib/e/containerd.log');
    assert.deepEqual(settings.lockPaths, ['/var/lib/e/containerd.lock', '/run/e/containerd.lock']);
  });

  it('writes paths one way, so that a lock or a command line is the same from any spelling', () => {
    const settings = resolveOptions({ root: '/var//lib/./e/', state: '/run/x/../e/' });
    assert.equal(settings.root, '/var/lib/e');
    assert.equal(settings.configPath, '/run/e/containerd.toml');
  });

  it('hides the notify socket of this process from containerd', () => {
    assert.deepEqual(resolveOptions({ ...FOLDERS, env: { A: '1', NOTIFY_SOCKET: '/run/n' } }).env, { A: '1' });
  });

  it('refuses a socket path longer than the kernel takes, the one of ttrpc too', () => {
    const withLength = (length: number) => ({ ...FOLDERS, address: `/${'a'.repeat(length - 1)}` });
    assert.doesNotThrow(() => resolveOptions(withLength(101)));
    for (const length of [102, 107, 108, 200]) {
      assert.throws(() => resolveOptions(withLength(length)), { code: 'ERR_ADDRESS_INVALID', message: /at most 107/ });
    }
    assert.throws(() => resolveOptions({ ...FOLDERS, address: `/${'é'.repeat(60)}` }), { code: 'ERR_ADDRESS_INVALID' });
    assert.throws(() => resolveOptions({ ...FOLDERS, address: 'c.sock' }), { code: 'ERR_ADDRESS_INVALID' });
  });

  it('refuses other nonsense', () => {
    const bad = [
      { root: 'var', state: '/run/e' },
      { root: '/run/e', state: '/run/e/' },
      { ...FOLDERS, oomScore: 1001 },
      { ...FOLDERS, startupTimeoutMs: 0 },
      { ...FOLDERS, stopTimeoutMs: Number.NaN },
      { ...FOLDERS, health: { failures: 0.5 } },
      { ...FOLDERS, backoff: { minMs: 2 ** 31 } },
    ];
    for (const options of bad) assert.throws(() => resolveOptions(options), { code: 'ERR_OPTION_INVALID' });
  });
});
