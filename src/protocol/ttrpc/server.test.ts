import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AlreadyExistsError, InvalidArgumentError, NotFoundError, UnavailableError } from '../../errdefs/index.js';
import { createLogger } from '../../log/logger.js';
import { ConnectRequest, ConnectResponse, TaskDefinition } from '../gen/containerd/shim/task_v2.js';
import { Request } from '../gen/ttrpc/ttrpc.js';
import { encodeMessage } from '../wire/index.js';
import { TtrpcClient } from './client.js';
import { FLAG, MESSAGE_TYPE } from './frame.js';
import type { ServiceHandlers, TtrpcRequestContext } from './handlers.js';
import { isA, Place, RawPeer, rawHeader, times } from './raw-peer.test.js';
import { TtrpcServer, type TtrpcServerOptions } from './server.js';

type Handlers = ServiceHandlers<typeof TaskDefinition>;

const log = createLogger({ level: 'silent' });
const echo: Handlers = { connect: async ({ id }) => ({ shimPid: 1, taskPid: 2, version: id }) };

async function withServer(
  handlers: Handlers,
  test: (peer: RawPeer, server: TtrpcServer, place: Place) => Promise<void>,
  options: TtrpcServerOptions = {},
): Promise<void> {
  using place = new Place();
  const server = new TtrpcServer({ log, ...options });
  server.register(TaskDefinition, handlers);
  await server.listen(place.socket);
  const peer = await RawPeer.connect(place.socket);
  try {
    await test(peer, server, place);
  } finally {
    peer.socket.destroy();
    server.destroy();
  }
}

function request(fields: Partial<Request> = {}, id = 'c'): Buffer {
  const payload = encodeMessage(ConnectRequest, { id });
  const base = { service: TaskDefinition.fullName, method: 'Connect', payload, timeoutNano: 0n, metadata: [] };
  return encodeMessage(Request, { ...base, ...fields });
}

function send(peer: RawPeer, streamId: number, payload = request()): void {
  peer.send({ streamId, type: MESSAGE_TYPE.request }, payload);
}

async function expectCode(peer: RawPeer, streamId: number, code: number, text?: RegExp): Promise<void> {
  const answer = await peer.nextResponse();
  assert.deepEqual([answer.streamId, answer.response.status?.code ?? 0], [streamId, code]);
  if (text !== undefined) assert.match(answer.response.status?.message ?? '', text);
}

/** A handler that the test lets go on, by the id of the request. */
function held() {
  const contexts: TtrpcRequestContext[] = [];
  const release: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  const handlers: Handlers = {
    connect: ({ id }, context) =>
      new Promise((resolve) => {
        contexts.push(context);
        release.push(() => resolve({ shimPid: 0, taskPid: 0, version: id }));
        arrivals.shift()?.();
      }),
  };
  /** Until so many requests have come. */
  const arrived = async (count: number) => {
    while (contexts.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
  };
  return { handlers, contexts, release, arrived };
}

describe('TtrpcServer', { timeout: 60_000 }, () => {
  it('answers on the stream of the request, in the order in which handlers finish', () => {
    const { handlers, release, arrived } = held();
    return withServer(handlers, async (peer, server) => {
      send(peer, 1, request({}, 'first'));
      send(peer, 3, request({}, 'second'));
      await arrived(2);
      assert.equal(server.activeRequests, 2);
      release[1]?.();
      const second = await peer.nextResponse();
      release[0]?.();
      const first = await peer.nextResponse();
      assert.deepEqual([second.streamId, first.streamId], [3, 1]);
      assert.equal(ConnectResponse.decode(second.response.payload).version, 'second');
      assert.equal(ConnectResponse.decode(first.response.payload).version, 'first');
      assert.equal(server.activeRequests, 0);
    });
  });

  it('gives handlers metadata and namespace', () => {
    const { handlers, contexts, release, arrived } = held();
    return withServer(handlers, async (peer) => {
      const metadata = [
        { key: 'containerd-namespace-ttrpc', value: 'moby' },
        { key: 'trace', value: '1' },
        { key: 'trace', value: '2' },
      ];
      send(peer, 1, request({ metadata }));
      await arrived(1);
      assert.equal(contexts[0]?.namespace, 'moby');
      assert.deepEqual(contexts[0]?.metadata.get('trace'), ['1', '2']);
      release[0]?.();
      await expectCode(peer, 1, 0);
    });
  });

  it("fires a handler's signal at the client's deadline", () =>
    withServer(
      {
        connect: (_request, { signal }) =>
          new Promise((_resolve, reject) => {
            if (signal.aborted) reject(signal.reason);
            else signal.addEventListener('abort', () => reject(signal.reason));
          }),
      },
      async (peer) => {
        send(peer, 1, request({ timeoutNano: 20_000_000n }));
        await expectCode(peer, 1, 4);
        send(peer, 3, request({ timeoutNano: -1n }));
        await expectCode(peer, 3, 4);
      },
    ));

  it("fires a handler's signal when the client leaves, also one looked at later, and not after the answer", () => {
    const { handlers, contexts, release, arrived } = held();
    return withServer(handlers, async (peer, server) => {
      for (const id of [1, 3, 5]) send(peer, id);
      await arrived(3);
      const early = contexts[0]?.signal;
      const answered = contexts[2]?.signal;
      release[2]?.();
      await expectCode(peer, 5, 0);
      assert.ok(early !== undefined);
      peer.socket.end();
      await once(early, 'abort');
      isA(UnavailableError)(early.reason);
      assert.equal(contexts[1]?.signal.aborted, true);
      assert.equal(answered?.aborted, false);
      assert.equal(server.activeRequests, 0);
      release[0]?.();
      await peer.ended();
    });
  });

  it('answers broken rules on the stream they are broken on, and goes on', () =>
    withServer(echo, async (peer) => {
      send(peer, 2);
      await expectCode(peer, 2, 3, /odd/);
      send(peer, 5);
      await expectCode(peer, 5, 0);
      for (const used of [5, 3]) {
        send(peer, used);
        await expectCode(peer, used, 3, /again/);
      }
      send(peer, 7, Buffer.from('ffff', 'hex'));
      await expectCode(peer, 7, 3, /decode request/);
      send(peer, 9, request({ payload: Buffer.from('ffff', 'hex') }));
      await expectCode(peer, 9, 3, /decode request/);
      send(peer, 11, request({ service: 'no.Such' }));
      await expectCode(peer, 11, 12, /service no\.Such/);
      for (const [i, method] of ['Nope', 'State', 'constructor', 'connect'].entries()) {
        send(peer, 13 + 2 * i, request({ method }));
        await expectCode(peer, 13 + 2 * i, 12, new RegExp(method));
      }
      const length = 4 * 1024 * 1024 + 1;
      peer.socket.write(rawHeader(length, { streamId: 31, type: MESSAGE_TYPE.request }));
      peer.socket.write(Buffer.alloc(length));
      await expectCode(peer, 31, 8, /4 MiB/);
      send(peer, 33);
      await expectCode(peer, 33, 0);
    }));

  it('lives with frames of streams', () => {
    const { handlers, release, arrived } = held();
    return withServer(handlers, async (peer) => {
      const end = FLAG.noData | FLAG.remoteClosed;
      peer.send({ streamId: 1, type: MESSAGE_TYPE.request, flags: FLAG.remoteOpen }, request());
      peer.send({ streamId: 1, type: MESSAGE_TYPE.data }, Buffer.from('x'));
      peer.send({ streamId: 1, type: MESSAGE_TYPE.data, flags: end });
      await arrived(1);
      release[0]?.();
      await expectCode(peer, 1, 0);
      peer.send({ streamId: 1, type: MESSAGE_TYPE.data, flags: end });
      peer.send({ streamId: 1, type: MESSAGE_TYPE.data }, Buffer.from('x'));
      await expectCode(peer, 1, 3, /not active/);
      peer.send({ streamId: 9, type: MESSAGE_TYPE.data, flags: FLAG.remoteClosed }, Buffer.from('x'));
      await expectCode(peer, 9, 3, /not active/);
    });
  });

  it('ends the connection for a type that no client sends', () =>
    withServer(echo, async (peer, server) => {
      peer.send({ streamId: 1, type: MESSAGE_TYPE.response });
      await peer.ended();
      assert.equal(server.activeRequests, 0);
    }));

  it('sends what handlers throw as a status of its class', () => {
    const errors: unknown[] = [new NotFoundError('find it'), new Error('boom'), 'text', undefined];
    return withServer({ connect: () => Promise.reject(errors.shift()) }, async (peer) => {
      send(peer, 1);
      await expectCode(peer, 1, 5, /^find it: not found$/);
      send(peer, 3);
      await expectCode(peer, 3, 2, /boom/);
      send(peer, 5);
      await expectCode(peer, 5, 2, /text/);
      send(peer, 7);
      await expectCode(peer, 7, 2);
    });
  });

  it('answers with an error when the answer is too large or cannot be encoded', () => {
    const answers = [
      { shimPid: 0, taskPid: 0, version: 'x'.repeat(4 * 1024 * 1024) },
      { shimPid: -1, taskPid: 0, version: '' },
    ];
    return withServer({ connect: async () => answers.shift() ?? assert.fail() }, async (peer, server) => {
      send(peer, 1);
      await expectCode(peer, 1, 8);
      send(peer, 3);
      await expectCode(peer, 3, 2);
      assert.equal(server.activeRequests, 0);
    });
  });

  it('handles only so many requests at one time', () => {
    const { handlers, release, arrived } = held();
    return withServer(
      handlers,
      async (peer) => {
        for (const id of [1, 3, 5]) send(peer, id);
        await expectCode(peer, 5, 8);
        await arrived(2);
        release[0]?.();
        await expectCode(peer, 1, 0);
        send(peer, 7);
        await arrived(3);
        release[2]?.();
        await expectCode(peer, 7, 0);
      },
      { maxRequests: 2 },
    );
  });

  it('keeps the answers that a client leaves unread within bounds, and loses no stream', () => {
    const version = 'x'.repeat(1024 * 1024);
    return withServer(
      { connect: async () => ({ shimPid: 0, taskPid: 0, version }) },
      async (peer) => {
        peer.socket.pause();
        const count = 40;
        for (let i = 0; i < count; i++) send(peer, 2 * i + 1);
        peer.socket.resume();
        const codes = new Set<number>();
        const ids = new Set<number>();
        for (let i = 0; i < count; i++) {
          const { streamId, response } = await peer.nextResponse();
          ids.add(streamId);
          codes.add(response.status?.code ?? 0);
        }
        assert.equal(ids.size, count);
        assert.deepEqual([...codes].sort(), [0, 8]);
      },
      { maxQueuedBytes: 4 * 1024 * 1024 },
    );
  });

  it('goes on for others whatever bytes one sends', () =>
    withServer(echo, async (_peer, server, place) => {
      const client = await TtrpcClient.connect(place.socket);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), async (chunks) => {
          const noisy = await RawPeer.connect(place.socket);
          for (const chunk of chunks) noisy.socket.write(chunk);
          noisy.socket.end();
          await noisy.ended();
          assert.equal((await client.unary(TaskDefinition, 'connect', { id: 'c' })).version, 'c');
        }),
        { numRuns: times(300) },
      );
      assert.equal(server.activeRequests, 0);
      client.close();
    }));

  it('takes the methods of an object of a class', () => {
    class Tasks {
      readonly #version = 'mine';
      async connect() {
        return { shimPid: 0, taskPid: 0, version: this.#version };
      }
    }
    return withServer(new Tasks(), async (peer) => {
      send(peer, 1);
      const { response } = await peer.nextResponse();
      assert.equal(ConnectResponse.decode(response.payload).version, 'mine');
    });
  });

  it('refuses to register a service twice, and a handler of no unary method', () => {
    const server = new TtrpcServer({ log });
    server.register(TaskDefinition, echo);
    assert.throws(() => server.register(TaskDefinition, echo), isA(AlreadyExistsError));
    const typo = { ...echo, conect: echo.connect };
    assert.throws(() => server.register({ ...TaskDefinition, fullName: 'other' }, typo), isA(InvalidArgumentError));
  });
});
