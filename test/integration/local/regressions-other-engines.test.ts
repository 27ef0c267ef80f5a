import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EmbeddedCore } from '../../../src/libcontainerd/local/linux/core.js';
import { identify } from '../../../src/platform/process-identity.js';
import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { containerSpec } from '../host/spec.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox');
const NAMESPACE = 'lcd-reader';
/** Where containerd has the state of runc. */
const RUNC_ROOT = join('/run/containerd/runc', NAMESPACE);

describe('a container of another engine that has the name of one of ours', { skip }, () => {
  let host: LocalHost;
  let theirs: string;
  before(async () => {
    host = await LocalHost.start();
    await host.core.close();
    theirs = join(host.folder, 'theirs');
    mkdirSync(theirs);
    const process = { args: ['sleep', '600'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    writeFileSync(join(theirs, 'config.json'), JSON.stringify(containerSpec({ rootfs: host.rootfs, process })));
    const args = ['--root', RUNC_ROOT, 'create', '--bundle', theirs, '--pid-file', join(theirs, 'pid'), 'web'];
    const { status } = spawnSync('runc', args, { stdio: 'ignore' });
    assert.equal(status, 0);
  });
  after(async () => {
    spawnSync('runc', ['--root', RUNC_ROOT, 'delete', '--force', 'web']);
    rmSync(RUNC_ROOT, { recursive: true, force: true });
    await host.core.close();
    await host.stop();
  });

  it('lives on when a shim of ours is found dead that had not created anything', async () => {
    const bundle = join(host.core.state, 'bundles', NAMESPACE, 'web');
    mkdirSync(join(bundle, 'rootfs'), { recursive: true });
    const process = { args: ['true'], cwd: '/', env: [], user: { uid: 0, gid: 0 } };
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(containerSpec({ rootfs: host.rootfs, process })));
    writeFileSync(join(bundle, 'shim-binary-path'), '/usr/bin/containerd-shim-runc-v2');
    const address = `unix://${join(host.folder, 'gone.sock')}`;
    writeFileSync(join(bundle, 'bootstrap.json'), JSON.stringify({ version: 2, address, protocol: 'ttrpc' }));

    host.core = await EmbeddedCore.open(host.options);
    await host.core.settled();
    assert.ok(identify(Number(readFileSync(join(theirs, 'pid'), 'utf8'))), 'it lives');
    const client = host.core.client({ namespace: NAMESPACE });
    const [left] = await client.restore();
    assert.equal(left, undefined, 'no container of ours was ever made');
  });
});
