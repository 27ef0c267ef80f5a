import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  isCanceled,
  isDeadlineExceeded,
  isNotFound,
  isNotImplemented,
  isUnavailable,
  NotFoundError,
  NotImplementedError,
} from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import { CreateTaskRequest, TaskDefinition as TaskV2 } from '../protocol/gen/containerd/shim/task_v2.js';
import { TaskDefinition as TaskV3 } from '../protocol/gen/containerd/shim/task_v3.js';
import { TtrpcServer } from '../protocol/ttrpc/index.js';
import type { ShimParams } from '../shim/shim.js';
import { connectShim } from './connect.js';
import { shimV2 } from './index.js';
import { watchSocket } from './lifeline.js';
import { removeDeadSockets } from './sockets.js';

const CONNECTED = { shimPid: 4711, taskPid: 0, version: '' };

describe('a connection to a shim', () => {
  let folder = '';
  let server: TtrpcServer;
  let params: ShimParams;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lcd-'));
    server = new TtrpcServer({ closeTimeoutMs: 100 });
    params = {
      namespace: 'ns',
      id: 'c1',
      bundle: { namespace: 'ns', id: 'c1', path: folder },
      binary: '/none',
      options: undefined,
      eventSocket: '/e',
      address: '/a',
      publisher: '/p',
      debug: false,
      log: createLogger({ level: 'silent' }),
    };
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const socket = () => join(folder, 's.sock');
  const bootstrap = (version: 2 | 3) => ({ version, address: `unix://${socket()}`, protocol: 'ttrpc' }) as const;

  it('keeps version 3 where the shim has it', async () => {
    server.register(TaskV3, { connect: async () => CONNECTED });
    server.register(TaskV2, { connect: async () => ({ ...CONNECTED, shimPid: 1 }) });
    await server.listen(socket());
    const shim = await connectShim(params, bootstrap(3), undefined);
    assert.deepEqual([shim.apiVersion, shim.pid], [3, 4711]);
    shim.close();
    assert.ok(isCanceled(await shim.closed));
  });

  it('comes down to version 2 for good when only that is served', async () => {
    server.register(TaskV2, { connect: async () => CONNECTED, create: async () => ({ pid: 7 }) });
    await server.listen(socket());
    const shim = await connectShim(params, bootstrap(3), undefined);
    assert.deepEqual([shim.apiVersion, shim.pid], [2, 4711]);
    assert.equal((await shim.tasks.create(CreateTaskRequest.create({ id: 'c1' }))).pid, 7);
    shim.close();
  });

  it('lets the create decide where the shim has no Connect', async () => {
    server.register(TaskV2, { create: async () => ({ pid: 7 }) });
    await server.listen(socket());
    const shim = await connectShim(params, bootstrap(3), undefined);
    assert.deepEqual([shim.apiVersion, shim.pid], [3, 0]);
    assert.equal((await shim.tasks.create(CreateTaskRequest.create({ id: 'c1' }))).pid, 7);
    assert.equal(shim.apiVersion, 2);
    shim.close();
  });

  it('does not ask twice for what the shim refuses to do', async () => {
    let asked = 0;
    const refuse = async () => {
      asked++;
      throw new NotImplementedError('checkpoint: not here');
    };
    server.register(TaskV3, { connect: async () => CONNECTED, create: refuse, checkpoint: refuse });
    server.register(TaskV2, { create: refuse, checkpoint: refuse });
    await server.listen(socket());
    const shim = await connectShim(params, bootstrap(3), undefined);
    await assert.rejects(shim.tasks.create(CreateTaskRequest.create({ id: 'c1' })), isNotImplemented);
    await assert.rejects(shim.tasks.checkpoint({ id: 'c1', path: '/', options: undefined }), isNotImplemented);
    assert.deepEqual([asked, shim.apiVersion], [2, 3]);
    shim.close();
  });

  it('takes an error about the container for an answer', async () => {
    server.register(TaskV2, {
      connect: () => Promise.reject(new NotFoundError('no such container')),
      state: () => Promise.reject(new NotFoundError('no such container')),
    });
    await server.listen(socket());
    const shim = await connectShim(params, bootstrap(2), undefined);
    assert.equal(shim.pid, 0);
    await assert.rejects(shim.tasks.state({ id: 'c1', execId: '' }), isNotFound);
    shim.close();
  });

  it('ends with the shim', async () => {
    server.register(TaskV2, { connect: async () => CONNECTED });
    await server.listen(socket());
    const shim = await connectShim(params, bootstrap(2), undefined);
    await server.close();
    assert.ok(isUnavailable(await shim.closed));
    await assert.rejects(connectShim(params, bootstrap(2), undefined), isUnavailable);
  });

  it('is refused in time by a shim that does not answer', async () => {
    const silent = await listen(socket());
    await assert.rejects(connectShim(params, bootstrap(2), undefined, { timeoutMs: 100 }), isDeadlineExceeded);
    const signal = AbortSignal.abort();
    await assert.rejects(connectShim(params, bootstrap(2), undefined, { signal }), isCanceled);
    await new Promise((resolve) => silent.close(resolve));
  });

  it('is found by bootstrap.json, or the address file of old shims', async () => {
    await assert.rejects(shimV2.connect(params), isUnavailable);
    server.register(TaskV2, { connect: async () => CONNECTED });
    await server.listen(socket());
    await writeFile(join(folder, 'address'), `unix://${socket()}`);
    (await shimV2.connect(params)).close();
    await writeFile(join(folder, 'bootstrap.json'), JSON.stringify({ ...bootstrap(2), version: 4 }));
    await assert.rejects(shimV2.connect(params), { code: 'ERR_SHIM_UNSUPPORTED' });
  });
});

describe('the sockets of shims', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lcd-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('stay while somebody listens', async () => {
    const server = await listen(join(folder, 'living'));
    await removeDeadSockets([join(folder, 'living'), join(folder, 'absent')]);
    assert.ok(existsSync(join(folder, 'living')));
    const lifeline = watchSocket(join(folder, 'living'));
    lifeline.close(new NotFoundError('enough'));
    assert.ok(isNotFound(await lifeline.closed));
    await new Promise((resolve) => server.close(resolve));
  });

  it('are watched over the ends of connections until nobody listens', async () => {
    const path = join(folder, 's');
    const server = createServer();
    let connections = 0;
    server.on('connection', (socket) => {
      connections++;
      if (connections === 3) server.close();
      socket.on('error', () => {});
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const lifeline = watchSocket(path);
    assert.ok(isUnavailable(await lifeline.closed));
    assert.ok(connections >= 3, String(connections));
  });
});

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}
