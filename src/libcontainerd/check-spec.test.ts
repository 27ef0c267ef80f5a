import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OciSpec } from '../oci/runtime-spec.js';
import { assertOciProcess, assertRunnableSpec } from './check-spec.js';

const GOOD: OciSpec = {
  ociVersion: '1.0.2',
  process: { args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] },
  root: { path: 'rootfs' },
};

const refused = (problem: RegExp) => ({ name: 'InvalidArgumentError', code: 'ERR_SPEC_INVALID', message: problem });

describe('assertRunnableSpec', () => {
  it('takes the least that can be run', () => assertRunnableSpec(GOOD));

  it('names the part that is missing or wrong', () => {
    const { process, root, ...rest } = GOOD;
    assert.ok(process !== undefined && root !== undefined);
    assert.throws(() => assertRunnableSpec({ ...GOOD, ociVersion: '' }), refused(/ociVersion is missing/));
    assert.throws(() => assertRunnableSpec({ ...rest, root }), refused(/process is missing/));
    assert.throws(() => assertRunnableSpec({ ...rest, process }), refused(/root is missing/));
    assert.throws(() => assertRunnableSpec({ ...GOOD, root: { path: '' } }), refused(/root\.path is missing/));
    assert.throws(() => assertRunnableSpec({ ...GOOD, process: { cwd: '/' } }), refused(/process\.args is empty/));
    assert.throws(() => assertRunnableSpec({ ...GOOD, process: { ...process, args: [] } }), refused(/args is empty/));
    assert.throws(
      () => assertRunnableSpec({ ...GOOD, process: { ...process, cwd: 'tmp' } }),
      refused(/cwd "tmp" is not/),
    );
    assert.throws(() => assertRunnableSpec({ ...GOOD, process: { ...process, cwd: '' } }), refused(/cwd "" is not/));
    assert.throws(() => assertRunnableSpec({ ...GOOD, process: { ...process, env: ['A=\0'] } }), refused(/env .* NUL/));
  });

  it('reads a Windows spec as Windows does', () => {
    const process = { commandLine: 'cmd /c ver', cwd: 'C:\\' };
    assertRunnableSpec({ ociVersion: '1.0.2', process, root: { path: 'x' }, windows: {} });
    assertRunnableSpec({ ociVersion: '1.0.2', process, windows: { hyperv: {} } });
    assert.throws(() => assertRunnableSpec({ ociVersion: '1.0.2', process, windows: {} }), refused(/root is missing/));
    assert.throws(() => assertOciProcess(process), refused(/args is empty/));
  });
});
