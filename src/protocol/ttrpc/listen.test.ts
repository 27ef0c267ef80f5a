import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  CanceledError,
  ConflictError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
} from '../../errdefs/index.js';
import { createLogger } from '../../log/logger.js';
import { TaskDefinition } from '../gen/containerd/shim/task_v2.js';
import { TtrpcClient } from './client.js';
import { isA, Place, RawServer } from './raw-peer.test.js';
import { TtrpcServer } from './server.js';

const log = createLogger({ level: 'silent' });

function newServer(closeTimeoutMs = 5000): TtrpcServer {
  return new TtrpcServer({ log, closeTimeoutMs });
}

/** What a server that was killed leaves. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.born`, resolve));
  renameSync(`${path}.born`, path);
  await new Promise((resolve) => server.close(resolve));
  assert.ok(existsSync(path));
}

describe('TtrpcServer.listen', { timeout: 60_000 }, () => {
  it('makes a socket of mode 0600 and nothing else, whatever the umask, and removes it', async () => {
    using place = new Place();
    const umask = process.umask(0);
    const server = newServer();
    try {
      await server.listen(place.socket);
      assert.equal(statSync(place.socket).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(place.dir), ['shim.sock']);
    } finally {
      process.umask(umask);
      await server.close();
    }
    assert.deepEqual(readdirSync(place.dir), []);
  });

  it('replaces a socket that nobody listens on', async () => {
    using place = new Place();
    await leaveStaleSocket(place.socket);
    const server = newServer();
    await server.listen(place.socket);
    (await TtrpcClient.connect(place.socket)).close();
    await server.close();
  });

  it('leaves alone who listens there, and what is no socket', async () => {
    using place = new Place();
    await using other = await RawServer.listen(place.socket);
    await assert.rejects(newServer().listen(place.socket), isA(ConflictError, 'ERR_ADDRESS_IN_USE'));
    (await TtrpcClient.connect(place.socket)).close();
    await other.peer();
    const file = join(place.dir, 'file');
    writeFileSync(file, 'kept');
    const folder = join(place.dir, 'folder');
    mkdirSync(folder);
    for (const path of [file, folder]) {
      await assert.rejects(newServer().listen(path), isA(ConflictError, 'ERR_ADDRESS_IN_USE'));
    }
    assert.deepEqual(readdirSync(place.dir).sort(), ['file', 'folder', 'shim.sock']);
  });

  it('does not remove a socket that took its place', async () => {
    using place = new Place();
    const old = newServer();
    await old.listen(place.socket);
    renameSync(place.socket, `${place.socket}.old`);
    const next = newServer();
    await next.listen(place.socket);
    await old.close();
    (await TtrpcClient.connect(place.socket)).close();
    await next.close();
  });

  it('refuses paths that are none, are too long or lie nowhere', async () => {
    using place = new Place();
    for (const path of ['', 'shim.sock', '@name', `/${'x'.repeat(107)}`, `/tmp/${'d'.repeat(96)}/s`]) {
      await assert.rejects(
        newServer().listen(path),
        (err) => err instanceof NotFoundError || isA(InvalidArgumentError, 'ERR_ADDRESS_INVALID')(err),
      );
    }
    await assert.rejects(newServer().listen(join(place.dir, 'no', 'x')), isA(NotFoundError));
    assert.deepEqual(readdirSync(place.dir), []);
  });

  it('listens once', async () => {
    using place = new Place();
    const server = newServer();
    await server.listen(place.socket);
    await assert.rejects(server.listen(`${place.socket}2`), isA(ConflictError));
    await server.close();
    await assert.rejects(server.listen(place.socket), isA(ConflictError));
  });
});

describe('TtrpcServer.close', { timeout: 60_000 }, () => {
  it('answers what is under way, refuses what comes, and ends', async () => {
    using place = new Place();
    const server = newServer();
    let release = () => {};
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    server.register(TaskDefinition, {
      connect: ({ id }) =>
        new Promise((resolve) => {
          release = () => resolve({ shimPid: 0, taskPid: 0, version: id });
          arrived();
        }),
    });
    await server.listen(place.socket);
    const idle = await TtrpcClient.connect(place.socket);
    const busy = await TtrpcClient.connect(place.socket);
    const call = busy.unary(TaskDefinition, 'connect', { id: 'c' });
    await arrival;
    const closing = server.close();
    await assert.rejects(busy.unary(TaskDefinition, 'connect', { id: 'late' }), isA(UnavailableError));
    await idle.closed;
    await assert.rejects(TtrpcClient.connect(place.socket), isA(UnavailableError, 'ERR_SHIM_UNREACHABLE'));
    release();
    assert.equal((await call).version, 'c');
    await closing;
    await server.close();
    await busy.closed;
  });

  it('does not wait longer than it may', async () => {
    using place = new Place();
    const server = newServer(20);
    const signals: AbortSignal[] = [];
    server.register(TaskDefinition, {
      connect: (_request, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    await server.listen(place.socket);
    const client = await TtrpcClient.connect(place.socket);
    const call = client.unary(TaskDefinition, 'connect', { id: 'c' });
    const failed = assert.rejects(call, isA(UnavailableError, 'ERR_SHIM_CONNECTION_LOST'));
    while (server.activeRequests === 0) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    await failed;
    assert.equal(signals[0]?.aborted, true);
    assert.equal(server.activeRequests, 0);
  });

  it('ends at any moment: before it listens, while it begins to, twice', async () => {
    using place = new Place();
    await newServer().close();
    newServer().destroy();
    const hasty = newServer();
    const listening = assert.rejects(hasty.listen(place.socket), isA(UnavailableError));
    await hasty.close();
    await listening;
    const hard = newServer();
    await hard.listen(place.socket);
    const client = await TtrpcClient.connect(place.socket);
    hard.destroy();
    hard.destroy();
    await hard.close();
    await client.closed;
    client.close(new CanceledError('after'));
    assert.deepEqual(readdirSync(place.dir), []);
  });
});
