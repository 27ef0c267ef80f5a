import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { EngineError, type ErrorCode } from '../../../src/errdefs/index.js';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { connectRemote } from '../../../src/libcontainerd/remote/connect.js';
import type { OciSpec } from '../../../src/oci/runtime-spec.js';
import { missing } from '../host/requirements.js';
import { finish, run } from '../host/run-container.js';
import { containerSpec } from '../host/spec.js';
import { TestHost } from '../host/test-host.js';

const skip = missing('containerd', 'runc', 'busybox');

async function rejects(promise: Promise<unknown>, code: ErrorCode, text: RegExp, withinMs = 5_000): Promise<void> {
  const startedAt = Date.now();
  const err = await promise.then(
    () => assert.fail(`expected ${code}, the call succeeded`),
    (cause: unknown) => cause,
  );
  assert.ok(err instanceof EngineError, `not an EngineError: ${err}`);
  assert.equal(err.code, code, `${err.code}: ${err.message}`);
  assert.match(err.message, text);
  assert.ok(Date.now() - startedAt < withinMs, `took ${Date.now() - startedAt} ms`);
}

describe('bad input', { skip }, () => {
  let host: TestHost;
  let client: RemoteClient;
  before(async () => {
    host = await TestHost.start();
    client = await host.client();
  });
  after(() => host.stop());

  const spec = (args: readonly string[], more: Partial<OciSpec> = {}): OciSpec => ({
    ...containerSpec({ rootfs: host.rootfs, process: { args, cwd: '/', env: ['PATH=/bin'] } }),
    ...more,
  });

  async function createFails(args: readonly string[], code: ErrorCode, text: RegExp): Promise<void> {
    const container = await client.newContainer('bad', { spec: spec(args) });
    await rejects(container.newTask(), code, text);
    await container.delete();
    assert.deepEqual(await host.leftovers(), []);
  }

  it('names the binary of a runtime that is not installed', async () => {
    const container = await client.newContainer('r', { spec: spec(['/bin/true']), runtime: 'io.containerd.nosuch.v1' });
    await rejects(container.newTask(), 'ERR_RUNTIME_NOT_FOUND', /containerd-shim-nosuch-v1/);
    await container.delete();
  });

  it('refuses a runtime name that is none', async () => {
    for (const runtime of ['nodots', '.containerd.runc.v2', '../../bin/sh']) {
      const options = { spec: spec(['/bin/true']), runtime };
      await rejects(client.newContainer('r', options), 'ERR_RUNTIME_NOT_FOUND', /runtime/);
    }
  });

  it('names an OCI runtime binary that is not installed', async () => {
    const runtimeOptions = { kind: 'runc', binaryName: 'no-such-runc' } as const;
    const container = await client.newContainer('o', { spec: spec(['/bin/true']), runtimeOptions });
    await rejects(container.newTask(), 'ERR_RUNTIME_NOT_FOUND', /no-such-runc/);
    await container.delete();
    assert.deepEqual(await host.leftovers(), []);
  });

  it('keeps the text of a program that is not in the rootfs', () =>
    createFails(
      ['no-such-program'],
      'ERR_COMMAND_NOT_FOUND',
      /exec: "no-such-program": executable file not found in \$PATH/,
    ));

  it('keeps the text of a path that is not in the rootfs', () =>
    createFails(
      ['/no/such/program'],
      'ERR_COMMAND_NOT_FOUND',
      /exec: "\/no\/such\/program": stat .*no such file or directory/,
    ));

  it('keeps the text of a program that may not be executed', () =>
    createFails(['/tmp'], 'ERR_COMMAND_NOT_EXECUTABLE', /exec: "\/tmp": (?:permission denied|is a directory)/));

  it('does not take a missing rootfs or bind source for a missing program', async () => {
    const noRoot = await client.newContainer('n', { spec: spec(['/bin/true'], { root: { path: '/no/such/rootfs' } }) });
    await rejects(noRoot.newTask(), 'ERR_START_FAILED', /no\/such\/rootfs/);
    await noRoot.delete();
    const base = spec(['/bin/true']);
    const mounts = [
      ...(base.mounts ?? []),
      { destination: '/mnt', type: 'bind', source: '/no/such/source', options: ['rbind'] },
    ];
    const noSource = await client.newContainer('n', { spec: { ...base, mounts } });
    await rejects(noSource.newTask(), 'ERR_START_FAILED', /no\/such\/source/);
    await noSource.delete();
    assert.deepEqual(await host.leftovers(), []);
  });

  it('refuses an id in use', async () => {
    const running = await run(client, 'twice', { rootfs: host.rootfs, args: ['/bin/true'] });
    await rejects(
      client.newContainer('twice', { spec: spec(['/bin/true']) }),
      'ERR_CONTAINER_EXISTS',
      /already in use/,
    );
    await rejects(running.container.newTask(), 'ERR_TASK_EXISTS', /has one already/);
    await finish(running);
  });

  it('refuses a spec without a process before it is sent', async () => {
    const { process: _, ...rest } = spec(['/bin/true']);
    const before = host.rpcCounts().get('Containers/Create');
    await rejects(client.newContainer('p', { spec: rest }), 'ERR_SPEC_INVALID', /process is missing/);
    assert.equal(host.rpcCounts().get('Containers/Create'), before);
  });

  it('refuses a namespace with illegal characters', () =>
    rejects(host.client({ namespace: '../other' }), 'ERR_NAMESPACE_INVALID', /namespace/));

  it('says that nobody listens', () =>
    rejects(connectRemote({ address: `${host.folder}/nobody.sock` }), 'ERR_CONTAINERD_UNREACHABLE', /nobody listens/));

  it('refuses an address that is no socket', () =>
    rejects(connectRemote({ address: 'tcp://127.0.0.1:1' }), 'ERR_ADDRESS_INVALID', /absolute path/));

  it('says that something else listens: a web server', async () => {
    const server = createHttpServer((_, response) => response.end('hello'));
    server.listen(`${host.folder}/http.sock`);
    await once(server, 'listening');
    try {
      await rejects(
        connectRemote({ address: `${host.folder}/http.sock` }, { timeoutMs: 2_000 }),
        'ERR_NOT_CONTAINERD',
        /does not answer/,
      );
    } finally {
      server.close();
    }
  });

  it('says that something else listens: one that never answers', async () => {
    const server = createServer();
    const sockets: { destroy(): void }[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    server.listen(`${host.folder}/mute.sock`);
    await once(server, 'listening');
    try {
      await rejects(
        connectRemote({ address: `${host.folder}/mute.sock` }, { timeoutMs: 1_000 }),
        'ERR_NOT_CONTAINERD',
        /does not answer/,
        3_000,
      );
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it('gives up a connect when the caller does', async () => {
    const signal = AbortSignal.abort();
    await rejects(connectRemote({ address: host.address }, { signal }), 'ERR_CANCELED', /cancelled/);
  });

  it('says that the time was too short for a containerd that is well', () =>
    rejects(connectRemote({ address: host.address }, { timeoutMs: 1 }), 'ERR_DEADLINE_EXCEEDED', /in time|within/));

  it('says that the state folder cannot be made', async () => {
    const other = await host.client({ stateDir: '/proc/no/such/place' });
    const container = await other.newContainer('s', { spec: spec(['/bin/true']) });
    await rejects(container.newTask({ stdio: { attach: () => {} } }), 'ERR_STATE_DIR', /\/proc\/no\/such\/place/);
    await container.delete();
  });
});
