import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EngineError, isDataLoss } from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import { packAny } from '../protocol/any.js';
import { RuncOptions } from '../protocol/gen/containerd/options/linux_runc.js';
import type { ShimParams } from '../shim/shim.js';
import { deleteArguments, launchArguments } from './binary.js';
import { parseLaunchOptions, readLaunchOptions, writeLaunchOptions } from './launch-options.js';
import { socketPath } from './socket.js';

const DEFAULTS = { runtime: 'runc', runtimeRoot: '/run/containerd/runc', criuPath: '', systemdCgroup: false };
const OTHER = { runtime: '/usr/bin/crun', runtimeRoot: '/run/e/crun', criuPath: '/opt/criu', systemdCgroup: true };

const params: ShimParams = {
  namespace: 'moby',
  id: 'web',
  bundle: { namespace: 'moby', id: 'web', path: '/run/e/b/moby/web' },
  binary: '/usr/bin/containerd-shim',
  options: undefined,
  eventSocket: '/run/e/events.sock',
  address: '/run/e/engine.sock',
  publisher: '/run/e/publish',
  debug: false,
  log: createLogger(),
};

const packed = (options: Partial<RuncOptions>) =>
  packAny('containerd.linux.runc.RuncOptions', RuncOptions, RuncOptions.create(options));

describe('launch of a shim of API v1', () => {
  it('has the flags of containerd-shim', () => {
    const args = (change: Partial<ShimParams>, options = DEFAULTS) =>
      launchArguments({ ...params, ...change }, options, '/run/e/s/1').join(' ');
    const common =
      '-namespace moby -workdir /run/e/b/moby/web/work -address /run/e/engine.sock -containerd-binary /run/e/publish';
    assert.equal(args({}), `${common} -runtime-root /run/containerd/runc -socket unix:///run/e/s/1`);
    assert.equal(
      args({ debug: true }, OTHER),
      `${common} -runtime-root /run/e/crun -criu /opt/criu -systemd-cgroup -debug -socket unix:///run/e/s/1`,
    );
  });

  it('deletes with the root of the namespace', () => {
    assert.equal(deleteArguments(params, DEFAULTS).join(' '), '--root /run/containerd/runc/moby delete --force web');
    assert.equal(
      deleteArguments(params, OTHER).join(' '),
      '--root /run/e/crun/moby --systemd-cgroup delete --force web',
    );
  });

  it('names a socket by the container, short enough for the kernel', () => {
    const path = socketPath(params);
    assert.match(path, /^\/run\/e\/s\/[0-9a-f]{32}$/);
    assert.equal(socketPath({ ...params }), path);
    for (const change of [{ id: 'w' }, { namespace: 'm' }, { address: '/a' }]) {
      assert.notEqual(socketPath({ ...params, ...change }), path);
    }
    const folder = (length: number) => ({ ...params, eventSocket: `/${'x'.repeat(length - 1)}/events.sock` });
    assert.equal(Buffer.byteLength(socketPath(folder(71))), 106);
    assert.throws(() => socketPath(folder(72)), hasCode('ERR_ADDRESS_INVALID'));
  });
});

describe('options of a shim of API v1', () => {
  it('have the defaults of containerd', () => {
    assert.deepEqual(parseLaunchOptions(undefined), DEFAULTS);
    assert.deepEqual(parseLaunchOptions(packed({})), DEFAULTS);
    assert.deepEqual(parseLaunchOptions(packed(OTHER)), OTHER);
  });

  it('are refused when they are those of a later shim', () => {
    const options = { typeUrl: 'containerd.runc.v1.Options', value: Buffer.alloc(0) };
    assert.throws(() => parseLaunchOptions(options), hasCode('ERR_OPTION_INVALID'));
  });

  it('are kept in the bundle', async () => {
    const path = await mkdtemp(join(tmpdir(), 'launch-'));
    try {
      const bundle = { ...params.bundle, path };
      assert.equal(await readLaunchOptions(bundle), undefined);
      await writeLaunchOptions(bundle, OTHER);
      assert.deepEqual(await readLaunchOptions(bundle), OTHER);
      for (const text of ['', '{', '[]', 'null', '{"runtime":7}']) {
        await writeFile(join(path, 'shim-v1.json'), text);
        await assert.rejects(readLaunchOptions(bundle), isDataLoss);
      }
    } finally {
      await rm(path, { recursive: true });
    }
  });
});

function hasCode(code: string): (err: unknown) => boolean {
  return (err) => err instanceof EngineError && err.code === code;
}
