import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { InternalError, PermissionDeniedError, ResourceExhaustedError } from '../errdefs/index.js';
import { fifoError, makeFifos } from './fifo.js';
import { errnoName, loadLibc } from './native.js';

for (const way of ['libc', 'spawn'] as const) {
  describe(`makeFifos by ${way}`, () => {
    const env = process.env.LIBCONTAINERD_NO_NATIVE;
    let dir = '';
    const path = (name: string) => join(dir, name);

    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'fifo-'));
      if (way === 'spawn') process.env.LIBCONTAINERD_NO_NATIVE = '1';
    });
    afterEach(() => {
      rmSync(dir, { recursive: true });
      if (env === undefined) delete process.env.LIBCONTAINERD_NO_NATIVE;
      else process.env.LIBCONTAINERD_NO_NATIVE = env;
    });

    it('goes that way', async (t) => {
      const libc = await loadLibc();
      if (way === 'spawn') assert.equal(libc, undefined);
      else if (libc === undefined) t.diagnostic('koffi is not there: both ways are the same');
    });

    it('makes all, with the mode', async () => {
      await makeFifos([path('a'), path('-b'), path("c d'")]);
      await makeFifos([path('e')], 0o600);
      await makeFifos([]);
      const modes = readdirSync(dir).map((name) => [
        name,
        lstatSync(path(name)).isFIFO(),
        lstatSync(path(name)).mode & 0o777,
      ]);
      assert.deepEqual(modes.sort(), [
        ['-b', true, 0o700],
        ['a', true, 0o700],
        ["c d'", true, 0o700],
        ['e', true, 0o600],
      ]);
    });

    it('keeps a FIFO that is there and makes the rest', async () => {
      await makeFifos([path('a')]);
      const { ino } = lstatSync(path('a'));
      await makeFifos([path('b'), path('a'), path('c')]);
      assert.equal(lstatSync(path('a')).ino, ino);
      assert.deepEqual(readdirSync(dir), ['a', 'b', 'c']);
      await makeFifos([path('a'), path('b')]);
    });

    it('fails at what is no FIFO, and takes back what it made', async () => {
      await makeFifos([path('kept')]);
      writeFileSync(path('file'), 'x');
      symlinkSync(path('kept'), path('link'));
      for (const other of ['file', 'link', '.']) {
        await assert.rejects(makeFifos([path('a'), path('kept'), path(other), path('z')]), (err) => {
          assert.ok(err instanceof InternalError);
          assert.equal(err.code, 'ERR_FIFO');
          assert.deepEqual(err.fields, { path: path(other), errno: 'EEXIST' });
          return true;
        });
        assert.deepEqual(readdirSync(dir), ['file', 'kept', 'link']);
      }
    });

    it('fails where no folder is', async () => {
      for (const name of ['none/a', 'file/a']) {
        writeFileSync(path('file'), 'x');
        await assert.rejects(makeFifos([path(name)]), { code: 'ERR_FIFO' });
      }
    });

    it('fails where nothing can be made', async () => {
      await assert.rejects(makeFifos(['/proc/self/fdinfo/fifo']), (err) => err instanceof Error && 'errorClass' in err);
    });

    it('takes no name that C would cut', async () => {
      await assert.rejects(makeFifos([path('a'), path('b\0c')]), { code: 'ERR_FIFO' });
      await assert.rejects(makeFifos(['']), { code: 'ERR_FIFO' });
      assert.equal(existsSync(path('a')), false);
    });

    it('may be called by many at once for the same paths', async () => {
      const paths = [path('a'), path('b'), path('c')];
      await Promise.all(Array.from({ length: 8 }, () => makeFifos(paths)));
      assert.deepEqual(readdirSync(dir), ['a', 'b', 'c']);
    });
  });
}

describe('fifoError', () => {
  it('tells rights and space from the rest', () => {
    const of = (code: string) => fifoError('open fifo', Object.assign(new Error(code), { code }), '/x');
    for (const code of ['EACCES', 'EPERM', 'EROFS']) {
      const err = of(code);
      assert.ok(err instanceof PermissionDeniedError);
      assert.equal(err.code, 'ERR_STATE_DIR');
      assert.deepEqual(err.fields, { path: '/x', errno: code });
    }
    for (const code of ['ENOSPC', 'EMFILE']) assert.ok(of(code) instanceof ResourceExhaustedError, code);
    for (const code of ['ENOENT', 'ENXIO', 'EEXIST']) assert.equal(of(code).code, 'ERR_FIFO');
    assert.equal(fifoError('open fifo', 'text', '/x').code, 'ERR_FIFO');
  });

  it('names errnos', () => {
    assert.equal(errnoName(17), 'EEXIST');
    assert.equal(errnoName(99_999), '99999');
  });
});
