import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { MountPoint } from '../../platform/mount-info.js';
import { rootfsPropagationOf } from './propagation.js';

let source: string;
before(async () => {
  source = await realpath(await mkdtemp(join(tmpdir(), 'propagation-')));
});
after(() => rm(source, { recursive: true, force: true }));

function mount(path: string, ...propagation: string[]): MountPoint {
  return { path, root: '/', fsType: 'ext4', source: 'disk', options: 'rw', propagation };
}

function asked(propagation: string | undefined, ...table: MountPoint[]) {
  const spread = propagation === undefined ? {} : { propagation };
  return rootfsPropagationOf([{ source, destination: '/x', ...spread }], async () => table);
}

describe('rootfsPropagationOf', () => {
  it('asks for nothing, and reads no table, when no mount spreads', async () => {
    const unread = () => assert.fail('the mount table was read');
    const mounts = [undefined, '', 'private', 'rprivate'].map((propagation) => ({
      source,
      destination: '/x',
      ...(propagation === undefined ? {} : { propagation }),
    }));
    assert.equal(await rootfsPropagationOf(mounts, unread), undefined);
  });

  it('takes the mount that is deepest and on top', async () => {
    const table = [mount('/'), mount(source, 'shared:1'), mount(`${source}-beside`), mount(source, 'master:1')];
    assert.equal(await asked('rslave', ...table), 'rslave');
    await assert.rejects(asked('shared', ...table), {
      name: 'InvalidArgumentError',
      message: `path ${source} is mounted on ${source} but it is not a shared mount`,
    });
  });

  it('lets a shared mount be followed, and a private one by nobody', async () => {
    assert.equal(await asked('rshared', mount('/', 'shared:1')), 'shared');
    assert.equal(await asked('slave', mount('/', 'shared:1')), 'rslave');
    await assert.rejects(asked('slave', mount('/')), {
      message: `path ${source} is mounted on / but it is not a shared or slave mount`,
    });
  });
});
