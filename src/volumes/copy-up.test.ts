import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { missing } from '../../test/integration/host/requirements.js';
import { VolumeStore } from './volume-store.js';

describe('VolumeStore.fill', { skip: missing('cp') }, () => {
  let root = '';
  let store: VolumeStore;
  let to = '';
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lcd-copy-up-'));
    store = await VolumeStore.open(join(root, 'volumes'));
    to = (await store.create({ name: 'v1' })).mountpoint;
    mkdirSync(join(from(), 'd'), { recursive: true });
    for (const file of ['a', 'd/b', '.hidden']) writeFileSync(join(from(), file), file);
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const from = () => join(root, 'from');
  const filled = (at = to) => readdirSync(at, { recursive: true }).map(String).sort();
  const ALL = ['.hidden', 'a', 'd', 'd/b'];

  it('copies everything as it is, and the owner and the mode of the folder itself', async () => {
    chownSync(from(), 1234, 5678);
    chmodSync(from(), 0o1771);
    chownSync(join(from(), 'a'), 12, 34);
    chmodSync(join(from(), 'a'), 0o4750);
    symlinkSync('/etc/passwd', join(from(), 'link'));
    execFileSync('mkfifo', [join(from(), 'fifo')]);
    assert.equal(await store.fill('v1', from()), true);
    assert.deepEqual(filled(), [...ALL, 'fifo', 'link'].sort());
    const attributes = (path: string) => {
      const { uid, gid, mode, mtimeMs } = statSync(path);
      return [uid, gid, mode & 0o7777, mtimeMs];
    };
    assert.deepEqual(attributes(to).slice(0, 3), [1234, 5678, 0o1771]);
    assert.deepEqual(attributes(join(to, 'a')), attributes(join(from(), 'a')));
    assert.equal(readlinkSync(join(to, 'link')), '/etc/passwd');
    assert.ok(lstatSync(join(to, 'fifo')).isFIFO());
    assert.equal(readFileSync(join(to, 'd', 'b'), 'utf8'), 'd/b');
  });

  it('copies extended attributes', { skip: missing('python3') }, async () => {
    const python = (code: string) => execFileSync('python3', ['-c', `import os; ${code}`], { encoding: 'utf8' });
    python(`os.setxattr(${JSON.stringify(join(from(), 'a'))}, 'user.colour', b'red')`);
    await store.fill('v1', from());
    assert.equal(python(`print(os.getxattr(${JSON.stringify(join(to, 'a'))}, 'user.colour').decode())`), 'red\n');
  });

  it('leaves a volume alone that has something, and one whose folder is read-only', async () => {
    writeFileSync(join(to, 'mine'), '');
    assert.equal(await store.fill('v1', from()), false);
    assert.deepEqual(filled(), ['mine']);
    const device = join(root, 'device');
    mkdirSync(device);
    await store.create({ name: 'ro', options: { type: 'none', o: 'bind,ro', device } });
    assert.equal(await store.fill('ro', from()), false);
    await store.create({ name: 'rw', options: { type: 'none', o: 'bind', device } });
    assert.equal(await store.fill('rw', from()), true);
    assert.deepEqual(filled(device), ALL);
  });

  it('copies nothing that is no folder, and follows no link', async () => {
    symlinkSync(from(), join(root, 'link'));
    for (const name of ['link', 'none', 'from/a', 'from/a/x'])
      assert.equal(await store.fill('v1', join(root, name)), false, name);
    assert.deepEqual(filled(), []);
    await assert.rejects(store.fill('v2', from()), { errorClass: 'not-found' });
  });

  it('copies once for several at once', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => store.fill('v1', from())));
    assert.deepEqual(outcomes, [true, false, false]);
  });

  it('does a copy again that was cut short, also after a restart', async () => {
    const bin = join(root, 'bin');
    const { PATH = '' } = process.env;
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'cp'),
      `#!/bin/sh\n/bin/echo half >'${join(to, 'a')}'\n/bin/echo "cp: error writing: $MESSAGE" >&2\nexit 1\n`,
      { mode: 0o755 },
    );
    try {
      process.env.PATH = `${bin}${delimiter}${PATH}`;
      process.env.MESSAGE = 'No space left on device';
      await assert.rejects(store.fill('v1', from()), {
        errorClass: 'resource-exhausted',
        message: /No space left on device$/,
      });
      process.env.MESSAGE = 'Input/output error';
      await assert.rejects(store.fill('v1', from()), { errorClass: 'internal' });
    } finally {
      process.env.PATH = PATH;
      delete process.env.MESSAGE;
    }
    assert.deepEqual(filled(), ['a']);
    store = await VolumeStore.open(join(root, 'volumes'));
    writeFileSync(join(to, 'mine'), '');
    assert.equal(await store.fill('v1', from()), true);
    assert.deepEqual(filled(), [...ALL, 'mine']);
    assert.equal(readFileSync(join(to, 'a'), 'utf8'), 'a');
    assert.equal(await store.fill('v1', from()), false);
    assert.ok(existsSync(join(to, 'mine')));
  });
});
