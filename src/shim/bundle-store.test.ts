import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AlreadyExistsError } from '../errdefs/index.js';
import { mountsBelow } from '../platform/mount-info.js';
import { BundleStore } from './bundle-store.js';
import { unmountBelow } from './mounts.js';

const spec = { ociVersion: '1.0.2', root: { path: 'rootfs' } };
const isRoot = process.geteuid?.() === 0;

describe('BundleStore', () => {
  let folder = '';
  let store = new BundleStore('');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lcd-bundles-'));
    store = new BundleStore(folder);
  });
  afterEach(async () => {
    await unmountBelow(folder);
    rmSync(folder, { recursive: true });
  });
  const create = (id: string, namespace = 'ns') => store.create({ namespace, id, spec });
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  const names = (bundles: readonly { namespace: string; id: string }[]) =>
    bundles.map(({ namespace, id }) => `${namespace}/${id}`).sort();

  it('makes a whole bundle, whatever the umask', async () => {
    const umask = process.umask(0o077);
    try {
      const bundle = await create('c1');
      assert.deepEqual(bundle, { namespace: 'ns', id: 'c1', path: join(folder, 'ns', 'c1') });
      assert.deepEqual(readdirSync(bundle.path).sort(), ['config.json', 'rootfs', 'work']);
      assert.deepEqual(
        ['', 'rootfs', 'work', 'config.json'].map((name) => mode(join(bundle.path, name))),
        ['700', '711', '711', '600'],
      );
      assert.deepEqual(JSON.parse(readFileSync(join(bundle.path, 'config.json'), 'utf8')), spec);
    } finally {
      process.umask(umask);
    }
  });

  it('gives the remapped root a way in', { skip: !isRoot && 'only root may give files away' }, async () => {
    const linux = {
      namespaces: [{ type: 'user' }],
      gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    };
    const { path } = await store.create({ namespace: 'ns', id: 'c1', spec: { ...spec, linux } });
    assert.deepEqual([mode(path), statSync(path).gid, mode(join(folder, 'ns'))], ['710', 100_000, '711']);
  });

  it('writes JSON text as it is, and refuses what is no spec', async () => {
    const text = Buffer.from('{"ociVersion": "1.0.2",  "big": 12345678901234567890}\n');
    const { path } = await store.create({ namespace: 'ns', id: 'c1', spec: text });
    assert.deepEqual(readFileSync(join(path, 'config.json')), text);
    for (const bad of ['{', '[]', '{"process": 3}']) {
      const request = { namespace: 'ns', id: 'c2', spec: Buffer.from(bad) };
      await assert.rejects(store.create(request), { code: 'ERR_SPEC_INVALID' });
    }
    assert.deepEqual(readdirSync(join(folder, 'ns')), ['c1']);
  });

  it('refuses a second bundle with the id and leaves the first alone', async () => {
    const { path } = await create('c1');
    writeFileSync(join(path, 'mine'), '');
    await assert.rejects(create('c1'), AlreadyExistsError);
    assert.deepEqual(readdirSync(join(folder, 'ns')), ['c1']);
    assert.ok(existsSync(join(path, 'mine')));
    const outcomes = await Promise.allSettled([create('c2'), create('c2'), create('c2')]);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.deepEqual(names(await store.list()), ['ns/c1', 'ns/c2']);
  });

  it('takes no name that leads elsewhere', async () => {
    for (const bad of ['', '.', '..', '.hidden', 'a/b', '/a', 'a\0b']) {
      await assert.rejects(create(bad), { code: 'ERR_ID_INVALID' });
      await assert.rejects(create('c1', bad), { code: 'ERR_NAMESPACE_INVALID' });
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it('removes a bundle, and does not mind that it is gone', async () => {
    const bundle = await create('c1');
    writeFileSync(join(bundle.path, 'work', 'criu.log'), 'x');
    await store.remove(bundle);
    await store.remove(bundle);
    assert.deepEqual(readdirSync(join(folder, 'ns')), []);
  });

  it('unmounts before it removes', { skip: !isRoot && 'only root may mount' }, async () => {
    const bundle = await create('c1');
    const source = join(folder, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'precious'), '');
    mkdirSync(join(bundle.path, 'work', 'm'));
    execFileSync('mount', ['--bind', source, join(bundle.path, 'rootfs')]);
    execFileSync('mount', ['--bind', source, join(bundle.path, 'work', 'm')]);
    await store.remove(bundle);
    assert.deepEqual([existsSync(bundle.path), await mountsBelow(folder)], [false, []]);
    assert.ok(existsSync(join(source, 'precious')));
  });

  it('keeps a bundle whose rootfs holds files of its own', async () => {
    const bundle = await create('c1');
    writeFileSync(join(bundle.path, 'rootfs', 'data'), '');
    await assert.rejects(store.remove(bundle), { code: 'ERR_ROOTFS_BUSY' });
    assert.ok(existsSync(join(bundle.path, 'rootfs', 'data')));
    assert.deepEqual(names(await store.list()), ['ns/c1']);
  });

  it('lists all namespaces or one, without hidden names', async () => {
    assert.deepEqual(await new BundleStore(join(folder, 'none')).list(), []);
    await Promise.all([create('a'), create('b'), create('a', 'other')]);
    mkdirSync(join(folder, 'ns', '.new-1'));
    mkdirSync(join(folder, '.lock'));
    writeFileSync(join(folder, 'ns', 'file'), '');
    assert.deepEqual(names(await store.list()), ['ns/a', 'ns/b', 'other/a']);
    assert.deepEqual(names(await store.list('other')), ['other/a']);
    assert.deepEqual(await store.list('none'), []);
  });

  it('sweeps what a killed engine left, and nothing else', async () => {
    const kept = await create('kept');
    for (const remnant of ['.new-0', '.c1-0', 'empty']) mkdirSync(join(folder, 'ns', remnant));
    mkdirSync(join(folder, 'ns', '.new-0', 'rootfs'));
    writeFileSync(join(folder, 'ns', '.c1-0', 'config.json'), '');
    mkdirSync(join(folder, 'ns', '.c2-0', 'rootfs', 'data'), { recursive: true });
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', 'lcd-test', join(folder, 'ns', '.new-0', 'rootfs')]);
    await store.sweep();
    assert.deepEqual(readdirSync(join(folder, 'ns')).sort(), ['.c2-0', 'kept']);
    assert.ok(existsSync(join(kept.path, 'config.json')));
  });

  it('leaves a bundle alone that is being made while it sweeps', async () => {
    for (let i = 0; i < 20; i++) await Promise.all([create(`c${i}`), store.sweep()]);
    assert.equal((await store.list()).length, 20);
  });

  it('says when the folder cannot be written', { skip: isRoot && 'root may write anywhere' }, async () => {
    chmodSync(folder, 0o500);
    await assert.rejects(create('c1'), { code: 'ERR_STATE_DIR' });
  });
});
