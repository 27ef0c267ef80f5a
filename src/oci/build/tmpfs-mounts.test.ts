import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tmpfsMountsOf } from './tmpfs-mounts.js';

const options = (text: string) => tmpfsMountsOf({ Tmpfs: { '/t': text } })[0]?.options;

describe('tmpfsMountsOf', () => {
  it('executes nothing by default', () => {
    assert.deepEqual(options(''), ['noexec', 'nosuid', 'nodev', 'rprivate']);
  });

  it('keeps the last of two options that contradict each other', () => {
    assert.deepEqual(options('exec,size=1m,size=2m,slave'), ['nosuid', 'nodev', 'exec', 'size=2m', 'slave']);
  });

  it('refuses what tmpfs has not', () => {
    for (const text of ['foo', 'foo=1', 'size', 'lowerdir=/etc']) {
      assert.throws(() => options(text), { name: 'InvalidArgumentError', message: /^invalid tmpfs option "/ });
    }
  });

  it('reads the options of --mount', () => {
    const mounts = tmpfsMountsOf({
      Mounts: [
        { Type: 'bind', Source: '/x', Target: '/y' },
        { Type: 'tmpfs', Target: '/m', ReadOnly: true, TmpfsOptions: { SizeBytes: 3 * 1024 * 1024, Mode: 0o1777 } },
        { Type: 'tmpfs', Target: '/odd', TmpfsOptions: { SizeBytes: 1000, Options: [['exec']] } },
      ],
    });
    assert.deepEqual(mounts, [
      {
        destination: '/m',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['noexec', 'nosuid', 'nodev', 'rprivate', 'ro', 'mode=1777', 'size=3m'],
      },
      {
        destination: '/odd',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'nodev', 'rprivate', 'size=1000', 'exec'],
      },
    ]);
    const refused = (Options: string[][]) => () =>
      tmpfsMountsOf({ Mounts: [{ Type: 'tmpfs', Target: '/m', TmpfsOptions: { Options } }] });
    assert.throws(refused([['suid']]), { message: 'invalid option: suid' });
    assert.throws(refused([['exec', 'a', 'b']]), { message: 'invalid option array length' });
  });
});
