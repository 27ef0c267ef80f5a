import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemPathsOf } from './system-paths.js';

const HOST = { thermalFolders: ['/sys/devices/system/cpu/cpu0/thermal_throttle'] };

describe('systemPathsOf', () => {
  it('hides what tells of the host', () => {
    const { maskedPaths, readonlyPaths } = systemPathsOf({ MaskedPaths: null }, HOST, false);
    for (const path of ['/proc/kcore', '/sys/firmware', ...HOST.thermalFolders]) assert.ok(maskedPaths.includes(path));
    assert.ok(readonlyPaths.includes('/proc/sys'));
  });

  it('hides nothing from a privileged container, or when somebody says so', () => {
    const nothing = { maskedPaths: [], readonlyPaths: [] };
    assert.deepEqual(systemPathsOf({ Privileged: true }, HOST, false), nothing);
    assert.deepEqual(systemPathsOf({}, HOST, true), nothing);
    assert.deepEqual(systemPathsOf({ MaskedPaths: [], ReadonlyPaths: [] }, HOST, false), nothing);
  });

  it('takes the lists as they are given, also of a privileged container', () => {
    const { maskedPaths, readonlyPaths } = systemPathsOf({ MaskedPaths: ['/proc/x'], Privileged: true }, HOST, false);
    assert.deepEqual(maskedPaths, ['/proc/x']);
    assert.deepEqual(readonlyPaths, []);
  });
});
