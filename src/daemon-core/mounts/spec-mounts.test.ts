import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HostConfig, MountRequest } from '../../oci/config/host-config.js';
import { VolumeStore } from '../../volumes/volume-store.js';
import type { MountPoint } from '../state/record.js';
import { resolveMounts } from './resolve-mounts.js';
import { specMountsOf } from './spec-mounts.js';

describe('specMountsOf', () => {
  let root = '';
  let volumes: VolumeStore;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lcd-spec-mounts-'));
    volumes = await VolumeStore.open(join(root, 'volumes'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const dataOf = (name: string) => join(root, 'volumes', name, '_data');
  const resolve = (hostConfig: HostConfig) =>
    resolveMounts({ config: {}, hostConfig, containerId: 'c1', volumes, volumesFrom: () => [] });

  it('makes the missing sources of binds at a start, and no other', async () => {
    const missing = join(root, 'a', 'b');
    const file = join(root, 'file');
    writeFileSync(file, '');
    const mounts = await resolve({
      Binds: [`${missing}:/x:ro`, `${file}:/f`],
      Mounts: [{ Type: 'tmpfs', Target: '/t' }],
    });
    assert.ok(!existsSync(missing));
    assert.deepEqual(await specMountsOf({ mounts }), [
      { source: missing, destination: '/x', readOnly: true, mode: 'ro', propagation: 'rprivate' },
      { source: file, destination: '/f', readOnly: false, mode: '', propagation: 'rprivate' },
    ]);
    assert.ok(existsSync(missing));
    const gone: MountPoint = {
      type: 'bind',
      source: join(root, 'gone'),
      destination: '/g',
      readOnly: false,
      propagation: '',
      mode: '',
    };
    await assert.rejects(specMountsOf({ mounts: [gone] }), { message: /bind source path does not exist: .*gone$/ });
    await assert.rejects(specMountsOf({ mounts: [{ ...gone, source: join(file, 'x'), createSource: true }] }), {
      message: /^error while creating mount source path/,
    });
  });

  it('keeps a subpath inside its volume', async () => {
    const mount = (Subpath: string): MountRequest => ({
      Type: 'volume',
      Source: 'v1',
      Target: `/${Subpath}`,
      VolumeOptions: { Subpath },
    });
    const mounts = await resolve({ Mounts: ['in', 'link', 'out', 'none'].map(mount) });
    mkdirSync(join(dataOf('v1'), 'in'));
    symlinkSync('in', join(dataOf('v1'), 'link'));
    symlinkSync('/etc', join(dataOf('v1'), 'out'));
    const sourceOf = async (i: number) => (await specMountsOf({ mounts: mounts.slice(i, i + 1) }))[0]?.source;
    assert.equal(await sourceOf(0), join(dataOf('v1'), 'in'));
    assert.equal(await sourceOf(1), join(dataOf('v1'), 'in'));
    await assert.rejects(sourceOf(2), { errorClass: 'invalid-argument', message: /leads out of the volume/ });
    await assert.rejects(sourceOf(3), { errorClass: 'invalid-argument', message: /no such file or directory$/ });
  });
});
