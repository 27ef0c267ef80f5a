import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { mountOf } from './volume-options.js';
import { VolumeStore } from './volume-store.js';

const cannotMount = process.geteuid?.() !== 0 && 'only root may mount';

describe('VolumeStore', () => {
  let root = '';
  let store: VolumeStore;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lcd-volumes-'));
    store = await VolumeStore.open(join(root, 'volumes'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const path = (...names: string[]) => join(root, 'volumes', ...names);
  const names = () => store.list().map(({ name }) => name);

  it('keeps what it was made with', async () => {
    const labels = { tier: 'db' };
    const before = new Date().toISOString();
    const made = await store.create({ name: 'v1', labels });
    assert.deepEqual(
      { ...made, createdAt: '' },
      {
        name: 'v1',
        driver: 'local',
        mountpoint: path('v1', '_data'),
        createdAt: '',
        labels,
        options: {},
        anonymous: false,
      },
    );
    assert.ok(made.createdAt >= before);
    assert.deepEqual(
      ['v1', 'v1/_data', 'v1/volume.json'].map((each) => (statSync(path(each)).mode & 0o777).toString(8)),
      ['711', '755', '600'],
    );
    const anonymous = await store.create();
    assert.match(anonymous.name, /^[0-9a-f]{64}$/);
    assert.equal(anonymous.anonymous, true);
    store = await VolumeStore.open(path());
    assert.deepEqual(store.get('v1'), made);
    assert.deepEqual(store.get(anonymous.name), anonymous);
    assert.throws(() => store.get('v2'), { errorClass: 'not-found', message: 'get v2: no such volume' });
  });

  it('gives what is there when it is made again, by many at once too', async () => {
    const [first, ...others] = await Promise.all(
      ['a', 'b', 'c'].map((label) => store.create({ name: 'v1', labels: { label }, usedBy: label })),
    );
    assert.deepEqual(others, [first, first]);
    assert.deepEqual(store.usersOf('v1'), ['a', 'b', 'c']);
  });

  it('refuses names, drivers and options in the words of dockerd', async () => {
    const cases: readonly (readonly [request: Parameters<VolumeStore['create']>[0], message: RegExp])[] = [
      [{ name: 'a' }, /^create a: volume name is too short, names should be at least two alphanumeric characters$/],
      [
        { name: '../x' },
        /"\.\.\/x" includes invalid characters for a local volume name, only "\[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\]" are allowed\. If you intended/,
      ],
      [{ name: '.new-x' }, /includes invalid characters/],
      [{ name: 'x'.repeat(256) }, /longer than 255/],
      [{ name: 'vv', options: { what: '1' } }, /^create vv: invalid option: "what"$/],
      [{ name: 'vv', options: { size: '1g' } }, /quota size requested but no quota support/],
      [{ name: 'vv', options: { device: '/d' } }, /^create vv: missing required option: "type"$/],
      [{ name: 'vv', options: { type: 'none' } }, /^create vv: missing required option: "device"$/],
      [{ name: 'vv', options: { o: 'bind' } }, /missing required option: "device"/],
      [{ name: 'vv', options: { type: 'none', o: 'bind', device: 'd' } }, /device d is no absolute path/],
    ];
    for (const [request, message] of cases) {
      await assert.rejects(store.create({ ...request, usedBy: 'c1' }), { errorClass: 'invalid-argument', message });
    }
    const nfs = { type: 'nfs', o: 'addr=10.0.0.1', device: ':/x' };
    await assert.rejects(store.create({ name: 'vv', options: nfs }), { errorClass: 'not-implemented' });
    await assert.rejects(store.create({ name: 'vv', driver: 'foo' }), {
      errorClass: 'not-found',
      message: 'create vv: error looking up volume plugin foo: plugin "foo" not found',
    });
    assert.deepEqual([names(), readdirSync(path()), store.usersOf('vv')], [[], [], []]);
  });

  it('says how a volume is mounted', async () => {
    const mount = async (name: string, options?: Record<string, string>) =>
      mountOf(await store.create({ name, options }));
    const source = path('plain', '_data');
    assert.deepEqual(await mount('plain'), { kind: 'bind', source, recursive: true, readOnly: false });
    const bind = { type: 'none', device: '/srv' };
    assert.deepEqual(await mount('b1', { ...bind, o: 'bind' }), {
      kind: 'bind',
      source: '/srv',
      recursive: false,
      readOnly: false,
    });
    assert.deepEqual(await mount('b2', { ...bind, o: 'rbind,ro' }), {
      kind: 'bind',
      source: '/srv',
      recursive: true,
      readOnly: true,
    });
    const tmpfs = { type: 'tmpfs', device: 'tmpfs', o: 'size=100m,uid=1000' };
    assert.deepEqual(await mount('t1', tmpfs), { kind: 'tmpfs', options: ['size=100m', 'uid=1000'] });
  });

  it('removes what nobody uses, and says who does', async () => {
    await store.create({ name: 'v1', usedBy: 'c1' });
    store.use('v1', 'c2');
    const busy = { errorClass: 'conflict', message: 'remove v1: volume is in use - [c1, c2]' };
    await assert.rejects(store.remove('v1'), busy);
    await assert.rejects(store.remove('v1', { force: true }), busy);
    store.release('v1', 'c1');
    assert.deepEqual(store.releaseAll('c2'), ['v1']);
    await store.remove('v1');
    assert.deepEqual(readdirSync(path()), []);
    await assert.rejects(store.remove('v1'), { errorClass: 'not-found' });
    await store.remove('v1', { force: true });
  });

  it('removes neither what a link leads to nor what is mounted', { skip: cannotMount }, async () => {
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), '');
    const { mountpoint } = await store.create({ name: 'v1' });
    symlinkSync(outside, join(mountpoint, 'link'));
    mkdirSync(join(mountpoint, 'm'));
    execFileSync('mount', ['--bind', outside, join(mountpoint, 'm')]);
    try {
      await assert.rejects(store.remove('v1'), { code: 'ERR_ROOTFS_BUSY' });
      assert.deepEqual(names(), ['v1']);
    } finally {
      execFileSync('umount', [join(mountpoint, 'm')]);
    }
    await store.remove('v1');
    assert.deepEqual(readdirSync(outside), ['precious']);
  });

  it('prunes the anonymous ones that nobody uses, or all, and tells their size', async () => {
    const used = await store.create({ usedBy: 'c1' });
    const free = await store.create({ labels: { a: '1' } });
    const other = await store.create();
    await store.create({ name: 'named' });
    await store.create({ name: 'bound', options: { type: 'none', o: 'bind', device: '/srv' } });
    mkdirSync(join(free.mountpoint, 'd'));
    writeFileSync(join(free.mountpoint, 'd', 'f'), 'x'.repeat(1_000));
    linkSync(join(free.mountpoint, 'd', 'f'), join(free.mountpoint, 'again'));
    const [first, second] = await Promise.allSettled([
      store.prune({ matches: ({ labels }) => labels.a === '1' }),
      store.prune(),
    ]);
    assert.deepEqual(first, { status: 'fulfilled', value: { names: [free.name], bytes: 1_000 } });
    assert.equal(second.status === 'rejected' && second.reason.message, 'a prune operation is already running');
    assert.deepEqual((await store.prune()).names, [other.name]);
    assert.deepEqual((await store.prune({ all: true })).names, ['named']);
    assert.deepEqual(names(), ['bound', used.name].sort());
  });

  it('keeps the content of a volume of which nothing can be read', async () => {
    for (const name of ['bad', 'none', 'fine']) await store.create({ name, labels: { a: '1' } });
    writeFileSync(path('bad', '_data', 'precious'), '');
    writeFileSync(path('bad', 'volume.json'), readFileSync(path('bad', 'volume.json'), 'utf8').replace('"1"', '1'));
    rmSync(path('none', 'volume.json'));
    mkdirSync(path('stray', 'x'), { recursive: true });
    for (const each of ['.new-v9-0123456789ab', '.removed-v8-0123456789ab'])
      mkdirSync(path(each, '_data'), { recursive: true });
    store = await VolumeStore.open(path());
    assert.deepEqual(names(), ['bad', 'fine', 'none']);
    assert.deepEqual([store.get('bad').labels, store.get('fine').labels], [{}, { a: '1' }]);
    assert.ok(existsSync(path('bad', '_data', 'precious')));
    assert.deepEqual(readdirSync(path()).sort(), ['bad', 'fine', 'none', 'stray']);
    await assert.rejects(store.create({ name: 'stray' }), { errorClass: 'conflict' });
  });
});
