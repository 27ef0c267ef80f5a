import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { boundedProbe, isListening, probeHealth } from './probe.js';

const SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const NOT_SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 2]);

describe('probe', () => {
  let folder = '';
  let count = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'managed-probe-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs `check` while the server listens. */
  async function withServer(server: Server, check: (address: string) => Promise<void>): Promise<void> {
    const address = join(folder, `${count++}.sock`);
    const sockets = new Set<{ destroy(): void }>();
    server.on('connection', (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(address, resolve));
    try {
      await check(address);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  function grpc(answer: (stream: ServerHttp2Stream) => void): Server {
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
      answer(stream);
    });
    return server;
  }

  function reply(stream: ServerHttp2Stream, status: string, message?: Buffer): void {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end(message);
  }

  it('passes what serves', async () => {
    await withServer(
      grpc((stream) => reply(stream, '0', SERVING)),
      (address) => probeHealth(address, 2_000),
    );
  });

  it('fails what does not serve, refuses, or has only trailers', async () => {
    const unavailable = { code: 'ERR_UNAVAILABLE' };
    await withServer(
      grpc((stream) => reply(stream, '0', NOT_SERVING)),
      (address) => assert.rejects(probeHealth(address, 2_000), { ...unavailable, message: /not serving/ }),
    );
    await withServer(
      grpc((stream) => reply(stream, '12')),
      (address) => assert.rejects(probeHealth(address, 2_000), { ...unavailable, message: /gRPC status 12/ }),
    );
    await withServer(
      grpc((stream) => stream.respond({ ':status': 200, 'grpc-status': '14' }, { endStream: true })),
      (address) => assert.rejects(probeHealth(address, 2_000), { ...unavailable, message: /gRPC status 14/ }),
    );
  });

  it('fails what accepts and says nothing, at the timeout', async () => {
    await withServer(createServer(), async (address) => {
      await assert.rejects(probeHealth(address, 50), { code: 'ERR_DEADLINE_EXCEEDED' });
      assert.equal(await isListening(address, 1_000), true);
    });
  });

  it('fails what hangs up, and what is not there', async () => {
    await withServer(
      createServer((socket) => socket.destroy()),
      (address) => assert.rejects(probeHealth(address, 2_000)),
    );
    const absent = join(folder, 'absent.sock');
    await assert.rejects(probeHealth(absent, 2_000), { code: 'ERR_UNAVAILABLE' });
    assert.equal(await isListening(absent, 1_000), false);
  });

  it('gives up on a probe that never ends', async () => {
    await assert.rejects(
      boundedProbe(() => new Promise(() => {}), '/x', 10),
      { code: 'ERR_DEADLINE_EXCEEDED' },
    );
  });
});
