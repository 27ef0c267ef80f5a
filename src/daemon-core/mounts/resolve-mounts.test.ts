import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HostConfig, MountRequest } from '../../oci/config/host-config.js';
import { VolumeStore } from '../../volumes/volume-store.js';
import type { MountPoint } from '../state/record.js';
import { parseMode } from './mount-mode.js';
import { type MountsRequest, resolveMounts } from './resolve-mounts.js';

describe('parseMode', () => {
  it('takes one of each kind, and nothing else', () => {
    assert.deepEqual(parseMode(''), { readOnly: false });
    assert.deepEqual(parseMode('ro,z,rslave,nocopy,cached'), { readOnly: true, propagation: 'rslave', noCopy: true });
    for (const bad of ['ro,rw', 'z,Z', 'slave,rslave', 'nocopy,nocopy', 'x', 'ro,', 'RO']) {
      assert.equal(parseMode(bad), undefined, bad);
    }
  });
});

describe('resolveMounts', () => {
  let root = '';
  let volumes: VolumeStore;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lcd-mounts-'));
    volumes = await VolumeStore.open(join(root, 'volumes'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const dataOf = (name: string) => join(root, 'volumes', name, '_data');
  const resolve = (hostConfig: HostConfig, more: Partial<MountsRequest> = {}) =>
    resolveMounts({ config: {}, hostConfig, containerId: 'c1', volumes, volumesFrom: () => [], ...more });
  const refuses = (hostConfig: HostConfig, message: string | RegExp, more: Partial<MountsRequest> = {}) =>
    assert.rejects(resolve(hostConfig, more), { errorClass: 'invalid-argument', message });

  it('reads binds of folders and of volumes', async () => {
    const points = await resolve({
      Binds: ['/srv/./a/:/data//x/', '/srv:/ro:ro,Z,rshared', 'v1:/v', 'v2:/w:nocopy', '/any'],
    });
    const [first, second, third, fourth, fifth] = points;
    const bind = { type: 'bind', createSource: true };
    assert.deepEqual(first, {
      ...bind,
      source: '/srv/a',
      destination: '/data/x',
      readOnly: false,
      propagation: 'rprivate',
      mode: '',
    });
    assert.deepEqual(second, {
      ...bind,
      source: '/srv',
      destination: '/ro',
      readOnly: true,
      propagation: 'rshared',
      mode: 'ro,Z,rshared',
    });
    const volume = { type: 'volume', driver: 'local', readOnly: false, propagation: '' };
    assert.deepEqual(third, { ...volume, name: 'v1', source: dataOf('v1'), destination: '/v', mode: 'z' });
    assert.deepEqual(fourth, {
      ...volume,
      name: 'v2',
      source: dataOf('v2'),
      destination: '/w',
      mode: 'nocopy',
      noCopy: true,
    });
    const name = fifth?.name ?? '';
    assert.match(name, /^[0-9a-f]{64}$/);
    assert.deepEqual(fifth, { ...volume, name, source: dataOf(name), destination: '/any', mode: '', anonymous: true });
    assert.deepEqual(
      [volumes.usersOf('v1'), volumes.usersOf(name), volumes.get(name).anonymous],
      [['c1'], ['c1'], true],
    );
  });

  it('refuses binds in the words of dockerd', async () => {
    const cases: readonly (readonly [bind: string, problem: string])[] = [
      ['', "invalid volume specification: ''"],
      [':/x', "invalid volume specification: ':/x'"],
      ['/a:/b:ro:x', "invalid volume specification: '/a:/b:ro:x'"],
      ['/a:ro', "invalid volume specification: '/a:ro'"],
      ['/a:/b:x', 'invalid mode: x'],
      [
        '/a:b',
        `invalid volume specification: '/a:b': invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute`,
      ],
      [
        '/a:/b/..',
        `invalid volume specification: '/a:/b/..': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
      ],
      [
        'v1:/x:slave',
        `invalid volume specification: 'v1:/x:slave': invalid mount config for type "volume": field BindOptions must not be specified`,
      ],
      [
        '/a:/b:nocopy',
        `invalid volume specification: '/a:/b:nocopy': invalid mount config for type "bind": field VolumeOptions must not be specified`,
      ],
    ];
    for (const [bind, problem] of cases) {
      await refuses({ Binds: [bind] }, `invalid bind mount spec ${JSON.stringify(bind)}: ${problem}`);
    }
    await refuses({ Binds: ['../x:/y'] }, /includes invalid characters for a local volume name/);
    await refuses({ Binds: ['/a:/x', '/b:/x/'] }, 'Duplicate mount point: /x');
    await refuses({ Binds: ['/a:/x'], Tmpfs: { '/x/': '' } }, 'Duplicate mount point: /x');
    await refuses({ Binds: ['/a:/x'], Mounts: [{ Type: 'tmpfs', Target: '/x' }] }, 'Duplicate mount point: /x');
    assert.deepEqual(volumes.list(), []);
  });

  it('reads mounts of all types', async () => {
    const Mounts: readonly MountRequest[] = [
      {
        Type: 'bind',
        Source: root,
        Target: '/b',
        ReadOnly: true,
        BindOptions: { Propagation: 'slave', NonRecursive: true },
      },
      {
        Type: 'bind',
        Source: '/none/there',
        Target: '/c',
        BindOptions: { CreateMountpoint: true, ReadOnlyForceRecursive: true },
      },
      {
        Type: 'volume',
        Source: 'v1',
        Target: '/v',
        VolumeOptions: { NoCopy: true, Subpath: 'a//b', Labels: { l: '1' } },
      },
      { Type: 'volume', Target: '/w' },
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 4096 } },
    ];
    const points = await resolve({ Mounts });
    const name = points[3]?.name ?? '';
    const volume = { type: 'volume', driver: 'local', readOnly: false, propagation: '', mode: 'z' };
    assert.deepEqual(points, [
      {
        type: 'bind',
        source: root,
        destination: '/b',
        readOnly: true,
        propagation: 'slave',
        mode: '',
        nonRecursive: true,
      },
      {
        type: 'bind',
        source: '/none/there',
        destination: '/c',
        readOnly: false,
        propagation: 'rprivate',
        mode: '',
        createSource: true,
        readOnlyForceRecursive: true,
      },
      { ...volume, name: 'v1', source: dataOf('v1'), destination: '/v', noCopy: true, subpath: 'a/b' },
      { ...volume, name, source: dataOf(name), destination: '/w', anonymous: true },
      { type: 'tmpfs', destination: '/t', readOnly: false, propagation: '', mode: '' },
    ]);
    assert.deepEqual(volumes.get('v1').labels, { l: '1' });
  });

  it('refuses mounts in the words of dockerd', async () => {
    const at = (mount: Partial<MountRequest> & Pick<MountRequest, 'Type'>, problem: string) =>
      refuses({ Mounts: [{ Target: '/x', ...mount }] }, `invalid mount config for type "${mount.Type}": ${problem}`);
    await at({ Type: 'bind', Target: '' }, 'field Target must not be empty');
    await at({ Type: 'bind', Source: '/s', Target: '/' }, "invalid specification: destination can't be '/'");
    await at({ Type: 'bind', Source: '/s', Target: 'x' }, "invalid mount path: 'x' mount path must be absolute");
    await at({ Type: 'bind' }, 'field Source must not be empty');
    await at({ Type: 'bind', Source: 's' }, "invalid mount path: 's' mount path must be absolute");
    await at({ Type: 'bind', Source: '/none/x' }, 'bind source path does not exist: /none/x');
    await at({ Type: 'bind', Source: '/', BindOptions: { Propagation: 'x' } }, 'invalid propagation mode: x');
    await at({ Type: 'bind', Source: '/', VolumeOptions: {} }, 'field VolumeOptions must not be specified');
    await at({ Type: 'volume', BindOptions: {} }, 'field BindOptions must not be specified');
    await at({ Type: 'volume', ReadOnly: true }, 'must not set ReadOnly mode when using anonymous volumes');
    await at({ Type: 'volume', VolumeOptions: { Subpath: 'a' } }, 'must not set Subpath when using anonymous volumes');
    for (const Subpath of ['/a', '..', 'a/../../b']) {
      await at(
        { Type: 'volume', Source: 'v1', VolumeOptions: { Subpath } },
        'subpath must be a relative path within the volume',
      );
    }
    await at({ Type: 'tmpfs', Source: '/s' }, 'field Source must not be specified');
    await at({ Type: 'tmpfs', TmpfsOptions: { Options: [['suid']] } }, 'invalid option: suid');
    await at({ Type: 'npipe', Source: 's' }, 'mount type unknown');
    await assert.rejects(resolve({ Mounts: [{ Type: 'image', Source: 'i', Target: '/x' }] }), {
      errorClass: 'not-implemented',
    });
    assert.deepEqual(volumes.list(), []);
  });

  it('lets what comes later take the place of what came before', async () => {
    await volumes.create({ name: 'shared', usedBy: 'c0' });
    const of: MountPoint[] = [
      {
        type: 'volume',
        name: 'shared',
        driver: 'local',
        source: dataOf('shared'),
        destination: '/s',
        readOnly: false,
        propagation: '',
        mode: 'z',
        anonymous: true,
      },
      {
        type: 'bind',
        source: '/one',
        destination: '/b',
        readOnly: true,
        propagation: 'rslave',
        mode: 'ro',
        createSource: true,
      },
      { type: 'bind', source: '/two', destination: '/own', readOnly: false, propagation: 'rprivate', mode: '' },
    ];
    const asked: string[] = [];
    const points = await resolve(
      { VolumesFrom: ['other:ro'], Binds: ['/mine:/own'], Tmpfs: { '/t': '' } },
      {
        config: { Volumes: { '/own': {}, '/s/': {}, '/t': {}, '/new/': {} } },
        volumesFrom: (ref) => {
          asked.push(ref);
          return of;
        },
      },
    );
    assert.deepEqual(asked, ['other']);
    assert.deepEqual(
      points.map(({ destination, source, readOnly }) => [destination, source, readOnly]),
      [
        ['/s', dataOf('shared'), true],
        ['/b', '/one', true],
        ['/own', '/mine', false],
        ['/new', points[3]?.source, false],
      ],
    );
    assert.equal(points[1]?.propagation, 'rslave');
    assert.deepEqual(volumes.usersOf('shared'), ['c0', 'c1']);
    assert.equal(points[3]?.anonymous, true);
    await refuses({ VolumesFrom: [''] }, 'volumes-from specification cannot be an empty string');
    for (const mode of ['x', 'rslave', 'nocopy'])
      await refuses({ VolumesFrom: [`other:${mode}`] }, `invalid mode: ${mode}`);
  });

  it('refuses a volume over a file of the image', async () => {
    const rootfs = join(root, 'rootfs');
    const upper = join(root, 'upper');
    mkdirSync(join(rootfs, 'etc'), { recursive: true });
    mkdirSync(join(upper, 'hidden'), { recursive: true });
    for (const file of ['etc/passwd', 'hidden']) writeFileSync(join(rootfs, file), '');
    symlinkSync('/etc/passwd', join(rootfs, 'link'));
    const view = { layers: [upper, rootfs] };
    const message = 'cannot mount volume over existing file, file exists /etc/passwd';
    await refuses({}, message, { config: { Volumes: { '/etc/passwd': {} } }, view });
    const fine = { '/etc': {}, '/hidden': {}, '/link': {}, '/none/x': {}, '/etc/passwd/x': {} };
    assert.equal((await resolve({}, { config: { Volumes: fine }, view })).length, 5);
  });

  it('leaves no anonymous volume and no user when a later one fails', async () => {
    await assert.rejects(resolve({ Binds: ['/any', 'v1:/v', 'x:/y'] }), { errorClass: 'invalid-argument' });
    assert.deepEqual(
      volumes.list().map(({ name }) => name),
      ['v1'],
    );
    assert.deepEqual(volumes.usersOf('v1'), []);
  });

  it('mounts what the options of a volume name', async () => {
    await volumes.create({ name: 'bound', options: { type: 'none', o: 'bind,ro', device: '/srv' } });
    const [point] = await resolve({ Binds: ['bound:/x'] });
    assert.deepEqual([point?.source, point?.readOnly, point?.nonRecursive], ['/srv', true, true]);
    await volumes.create({ name: 'memory', options: { type: 'tmpfs', device: 'tmpfs' } });
    await assert.rejects(resolve({ Binds: ['memory:/x'] }, { containerId: 'c2' }), { errorClass: 'not-implemented' });
    assert.deepEqual(volumes.usersOf('memory'), []);
  });
});
