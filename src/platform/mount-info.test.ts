import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMountInfo } from './mount-info.js';

describe('parseMountInfo', () => {
  it('takes path, root, type and source, with the optional fields or without', () => {
    const lines = [
      '36 35 98:0 /mnt1 /mnt/a\\040b\\134c rw,noatime master:1 shared:2 - ext3 /dev/ro\\011ot rw',
      '25 1 0:22 / /proc rw - proc none rw',
      'broken',
      '',
    ];
    assert.deepEqual(parseMountInfo(lines.join('\n')), [
      {
        path: '/mnt/a b\\c',
        root: '/mnt1',
        fsType: 'ext3',
        source: '/dev/ro\tot',
        options: 'rw',
        propagation: ['master:1', 'shared:2'],
      },
      { path: '/proc', root: '/', fsType: 'proc', source: 'none', options: 'rw', propagation: [] },
    ]);
  });
});
