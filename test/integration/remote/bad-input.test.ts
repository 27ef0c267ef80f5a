import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { connectRemote } from '../../../src/libcontainerd/remote/connect.js';
import { missing } from '../host/requirements.js';
import { containerSpec } from '../host/spec.js';
import { TestHost } from '../host/test-host.js';
import { badInputCases, rejects } from '../shared/bad-input-cases.js';

const skip = missing('containerd', 'runc', 'busybox');

badInputCases('over containerd', skip, () => TestHost.start());

describe('bad input to a client of containerd', { skip }, () => {
  let host: TestHost;
  let client: RemoteClient;
  before(async () => {
    host = await TestHost.start();
    client = await host.client();
  });
  after(() => host.stop());

  const spec = (args: readonly string[]) =>
    containerSpec({ rootfs: host.rootfs, process: { args, cwd: '/', env: ['PATH=/bin'] } });

  it('refuses a runtime name that is none', async () => {
    for (const runtime of ['nodots', '.containerd.runc.v2', '../../bin/sh']) {
      const options = { spec: spec(['/bin/true']), runtime };
      await rejects(client.newContainer('r', options), 'ERR_RUNTIME_NOT_FOUND', /runtime/);
    }
  });

  it('refuses a spec without a process before it is sent', async () => {
    const { process: _, ...rest } = spec(['/bin/true']);
    const before = host.rpcCounts().get('Containers/Create');
    await rejects(client.newContainer('p', { spec: rest }), 'ERR_SPEC_INVALID', /process is missing/);
    assert.equal(host.rpcCounts().get('Containers/Create'), before);
  });

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
