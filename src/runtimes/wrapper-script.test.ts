import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sweepWrappers, writeWrappers } from './wrapper-folder.js';
import { wrapperScript } from './wrapper-script.js';

describe('a wrapper script', () => {
  let dir = '';
  let folder = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'wrapper-'));
    folder = join(dir, 'runtimes');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('gives every argument as it was written, then its own', { skip: process.platform !== 'linux' }, async () => {
    // Prints each argument and a NUL.
    const program = join(dir, "a program's $name");
    writeFileSync(program, '#!/bin/sh\nprintf "%s\\0" "$@"\n', { mode: 0o755 });
    const args = [
      'plain',
      '',
      'two words',
      "it's",
      '"double"',
      '$HOME `id` $(id)',
      'back\\slash\\',
      'a\nnew line',
      '*',
      '~',
      '-n',
      '#; & | > <',
      "''",
      'ümläut',
    ];
    const script = wrapperScript(folder, 'odd', program, args);
    await writeWrappers(folder, [script]);
    const { stdout, stderr } = spawnSync(script.path, ['state', 'an id', '$1'], { encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.deepEqual(stdout.split('\0').slice(0, -1), [...args, 'state', 'an id', '$1']);
  });

  it('becomes the program, so that signals and the exit code are its own', async () => {
    const script = wrapperScript(folder, 'own', '/bin/sh', ['-c', 'echo $$; exit 7']);
    await writeWrappers(folder, [script]);
    const { pid, stdout, status } = spawnSync(script.path, { encoding: 'utf8' });
    assert.deepEqual([stdout, status], [`${pid}\n`, 7]);
  });

  it('has a name of its own for each content', () => {
    const first = wrapperScript(folder, 'r', '/bin/runc', ['--debug']);
    assert.equal(first.path, wrapperScript(folder, 'r', '/bin/runc', ['--debug']).path);
    for (const other of [
      wrapperScript(folder, 'r', '/bin/runc', ['--debug', '']),
      wrapperScript(folder, 'r', '/bin/crun', ['--debug']),
      wrapperScript(folder, 'r', '/bin/runc', ['--debug --log']),
    ]) {
      assert.notEqual(other.path, first.path);
    }
    assert.match(basename(first.path), /^r\.[0-9a-f]{64}$/);
  });

  it('stays in its folder, whatever the runtime is called', async () => {
    for (const name of ['../../x', '/etc/passwd', '.hidden', '..', 'a b', 'n'.repeat(300)]) {
      const { path, text } = wrapperScript(folder, name, '/bin/true', ['a']);
      assert.equal(join(folder, basename(path)), path);
      assert.doesNotMatch(basename(path), /^\./);
      await writeWrappers(folder, [{ path, text }]);
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  });

  it('is for its owner only, and is not written again', async () => {
    const script = wrapperScript(folder, 'r', '/bin/true', ['a']);
    await writeWrappers(folder, [script]);
    const { mode, ino } = statSync(script.path);
    assert.equal(mode & 0o777, 0o700);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    await writeWrappers(folder, [script]);
    assert.equal(statSync(script.path).ino, ino);
  });

  it('is mended when something else is in it, such as after a crash of the host', async () => {
    const script = wrapperScript(folder, 'r', '/bin/true', ['a']);
    await writeWrappers(folder, [script]);
    writeFileSync(script.path, '');
    chmodSync(script.path, 0o600);
    await writeWrappers(folder, [script]);
    assert.equal(readFileSync(script.path, 'utf8'), script.text);
    assert.equal(statSync(script.path).mode & 0o777, 0o700);
  });

  it('goes when nobody keeps it, and leftovers of a write go with it', async () => {
    const [kept, gone] = ['a', 'b'].map((arg) => wrapperScript(folder, 'r', '/bin/true', [arg]));
    assert.ok(kept !== undefined && gone !== undefined);
    assert.deepEqual(await sweepWrappers(folder, new Set()), []);
    await writeWrappers(folder, [kept, gone]);
    const leftover = join(folder, '.r.1.abc');
    writeFileSync(leftover, '');
    const removed = await sweepWrappers(folder, new Set([kept.path]));
    assert.deepEqual(removed.sort(), [gone.path, leftover].sort());
    assert.deepEqual(readdirSync(folder), [basename(kept.path)]);
  });

  it('needs no folder when there is none of them', async () => {
    await writeWrappers(folder, []);
    assert.equal(existsSync(folder), false);
  });
});
