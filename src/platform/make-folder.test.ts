import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeFolder } from './make-folder.js';

describe('makeFolder', () => {
  const root = mkdtempSync(join(tmpdir(), 'make-folder-'));
  after(() => rmSync(root, { recursive: true }));

  it('makes all that is missing, and keeps what is there', () => {
    const path = join(root, 'a/b/c/d');
    makeFolder(path, 0o700);
    makeFolder(path, 0o755);
    assert.equal(statSync(path).mode & 0o777, 0o700);
  });

  it('fails where a file is in the way', () => {
    writeFileSync(join(root, 'file'), '');
    assert.throws(() => makeFolder(join(root, 'file'), 0o700), { code: 'EEXIST' });
    assert.throws(() => makeFolder(join(root, 'file/x'), 0o700), { code: 'ENOTDIR' });
  });

  it('fails at once where the kernel makes no folders', { skip: process.platform !== 'linux' && 'needs /proc' }, () =>
    assert.throws(() => makeFolder('/proc/no/such/place', 0o700), { code: 'ENOENT' }),
  );
});
