import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  CanceledError,
  DataLossError,
  DeadlineExceededError,
  EngineError,
  InvalidArgumentError,
  NotFoundError,
  ResourceExhaustedError,
  UnavailableError,
} from '../../errdefs/index.js';
import { ConnectRequest, ConnectResponse, TaskDefinition } from '../gen/containerd/shim/task_v2.js';
import { Status } from '../gen/google/rpc/status.js';
import { Request } from '../gen/ttrpc/ttrpc.js';
import { encodeMessage } from '../wire/index.js';
import { TtrpcClient, type TtrpcClientOptions } from './client.js';
import { MESSAGE_TYPE } from './frame.js';
import { isA, Place, type RawPeer, RawServer, rawFrame, rawHeader, times } from './raw-peer.test.js';

const answer = encodeMessage(ConnectResponse, { shimPid: 7, taskPid: 8, version: 'v' });
const none = encodeMessage(ConnectResponse, { shimPid: 0, taskPid: 0, version: '' });

async function withPeer(
  test: (client: TtrpcClient, peer: RawPeer, place: Place) => Promise<void>,
  options: TtrpcClientOptions = {},
): Promise<void> {
  using place = new Place();
  await using server = await RawServer.listen(place.socket);
  const client = await TtrpcClient.connect(place.socket, options);
  try {
    await test(client, await server.peer(), place);
  } finally {
    client.close();
  }
}

function ask(client: TtrpcClient, call?: Parameters<TtrpcClient['unary']>[3]) {
  return client.unary(TaskDefinition, 'connect', { id: 'c' }, call);
}

describe('TtrpcClient', { timeout: 60_000 }, () => {
  it('sends what a Go server expects and gives its answer', () =>
    withPeer(
      async (client, peer) => {
        const call = ask(client, { timeoutMs: 2500 });
        const frame = await peer.next();
        assert.deepEqual([frame.streamId, frame.type, frame.flags], [1, 1, 0]);
        assert.deepEqual(Request.decode(frame.payload ?? Buffer.alloc(0)), {
          service: 'containerd.task.v2.Task',
          method: 'Connect',
          payload: encodeMessage(ConnectRequest, { id: 'c' }),
          timeoutNano: 2_500_000_000n,
          metadata: [{ key: 'containerd-namespace-ttrpc', value: 'ns' }],
        });
        peer.respond(1, { payload: answer });
        assert.deepEqual(await call, { shimPid: 7, taskPid: 8, version: 'v' });
        assert.deepEqual([...client.rpcs.counts()], [['Task/Connect', 1]]);
      },
      { namespace: 'ns' },
    ));

  it('takes namespace and deadline of the call before its own, and sends none when there is none', () =>
    withPeer(
      async (client, peer) => {
        const calls = [
          ask(client, { namespace: 'other', timeoutMs: Number.POSITIVE_INFINITY }),
          ask(client, { namespace: '' }),
        ];
        const sent = [];
        for (let i = 0; i < 2; i++) {
          const { streamId, payload } = await peer.next();
          const { metadata, timeoutNano } = Request.decode(payload ?? Buffer.alloc(0));
          sent.push([timeoutNano, ...metadata.map(({ value }) => value)]);
          peer.respond(streamId, { payload: answer });
        }
        assert.deepEqual(sent, [[0n, 'other'], [3_000_000_000n]]);
        await Promise.all(calls);
      },
      { namespace: 'ns', timeoutMs: 3000 },
    ));

  it('has many calls under way, and takes the answers in any order and in any pieces', () =>
    withPeer(async (client, peer) => {
      const count = 300;
      const calls = Array.from({ length: count }, (_, i) => client.unary(TaskDefinition, 'connect', { id: `${i}` }));
      const answers: Buffer[] = [];
      for (let i = 0; i < count; i++) {
        const { streamId, payload } = await peer.next();
        assert.equal(streamId, 2 * i + 1);
        const { id } = ConnectRequest.decode(Request.decode(payload ?? Buffer.alloc(0)).payload);
        const echo = encodeMessage(ConnectResponse, { shimPid: Number(id), taskPid: 0, version: '' });
        answers.push(rawFrame({ streamId }, Buffer.concat([Buffer.from([0x12, echo.length]), echo])));
      }
      const bytes = Buffer.concat(answers.reverse());
      for (let at = 0; at < bytes.length; at += 7) peer.socket.write(bytes.subarray(at, at + 7));
      const pids = (await Promise.all(calls)).map(({ shimPid }) => shimPid);
      assert.deepEqual(
        pids,
        Array.from({ length: count }, (_, i) => i),
      );
    }));

  it('fails with the class of the status', () =>
    withPeer(async (client, peer) => {
      const call = ask(client);
      peer.respond((await peer.next()).streamId, {
        status: { code: 5, message: 'load task c: not found', details: [] },
      });
      await assert.rejects(call, (err) => err instanceof NotFoundError && err.message === 'load task c');
    }));

  it('takes a status of code 0, and an answer with nothing in it, as good', () =>
    withPeer(async (client, peer) => {
      const first = ask(client);
      peer.respond((await peer.next()).streamId, { status: Status.create({ message: 'fine' }), payload: answer });
      assert.equal((await first).shimPid, 7);
      const second = ask(client);
      peer.send({ streamId: (await peer.next()).streamId });
      assert.deepEqual(await second, ConnectResponse.decode(none));
    }));

  it('gives up at the deadline and drops the late answer', () =>
    withPeer(async (client, peer) => {
      await assert.rejects(ask(client, { timeoutMs: 20 }), isA(DeadlineExceededError));
      const { streamId } = await peer.next();
      const next = ask(client);
      const later = await peer.next();
      peer.respond(streamId, { payload: answer });
      peer.respond(streamId, { payload: answer });
      peer.send({ streamId, type: MESSAGE_TYPE.data });
      peer.respond(later.streamId, { payload: answer });
      assert.equal((await next).shimPid, 7);
    }));

  it('gives up when the signal fires, and sends nothing when it has', () =>
    withPeer(async (client, peer) => {
      const controller = new AbortController();
      const call = ask(client, { signal: controller.signal });
      await peer.next();
      controller.abort(new Error('enough'));
      await assert.rejects(call, isA(CanceledError));
      await assert.rejects(ask(client, { signal: controller.signal }), isA(CanceledError));
      await assert.rejects(ask(client, { signal: AbortSignal.timeout(1) }), isA(DeadlineExceededError));
      await assert.rejects(ask(client, { timeoutMs: 0 }), isA(DeadlineExceededError));
      await assert.rejects(ask(client, { timeoutMs: Number.NaN }), isA(DeadlineExceededError));
    }));

  it('fails every call when the connection is lost, and says so once', () =>
    withPeer(async (client, peer) => {
      const calls = [ask(client), ask(client, { timeoutMs: Number.POSITIVE_INFINITY })];
      await peer.next();
      peer.socket.destroy();
      for (const call of calls) await assert.rejects(call, isA(UnavailableError, 'ERR_SHIM_CONNECTION_LOST'));
      const reason = await client.closed;
      isA(UnavailableError, 'ERR_SHIM_CONNECTION_LOST')(reason);
      client.close(new CanceledError('later'));
      assert.equal(await client.closed, reason);
      await assert.rejects(ask(client), isA(UnavailableError, 'ERR_SHIM_CONNECTION_LOST'));
    }));

  it('says when the connection broke inside a message', () =>
    withPeer(async (client, peer) => {
      peer.socket.end(rawHeader(100, {}));
      assert.match((await client.closed).message, /in the middle of a message/);
    }));

  it('fails calls with the reason it is closed for', () =>
    withPeer(async (client, peer) => {
      const call = ask(client);
      await peer.next();
      client.close();
      client.close();
      await assert.rejects(call, isA(CanceledError, 'ERR_CLIENT_CLOSED'));
      isA(CanceledError, 'ERR_CLIENT_CLOSED')(await client.closed);
      await assert.rejects(ask(client), isA(CanceledError, 'ERR_CLIENT_CLOSED'));
      await peer.ended();
    }));

  const garbage: Record<string, Buffer> = {
    'a request': rawFrame({ type: MESSAGE_TYPE.request }),
    'an unknown type': rawFrame({ type: 77 }),
    'an even id': rawFrame({ streamId: 2 }),
    'id 0': rawFrame({ streamId: 0 }),
    'an id that nobody opened': rawFrame({ streamId: 3 }),
    'data for such an id': rawFrame({ streamId: 3, type: MESSAGE_TYPE.data }),
    'a response that is none': rawFrame({ streamId: 1 }, Buffer.from('ffff', 'hex')),
    'HTTP/2 settings': Buffer.from('000000040000000000', 'hex').subarray(0, 9),
  };
  for (const [name, bytes] of Object.entries(garbage)) {
    it(`ends the connection for ${name}`, () =>
      withPeer(async (client, peer) => {
        const call = ask(client);
        await peer.next();
        // One byte more completes the header of what is not ttrpc at all.
        peer.socket.write(Buffer.concat([bytes, Buffer.alloc(10, 9)]));
        await assert.rejects(call, isA(DataLossError, 'ERR_WIRE_DECODE'));
        isA(DataLossError, 'ERR_WIRE_DECODE')(await client.closed);
        await peer.ended();
      }));
  }

  it('survives random bytes: every call ends, by error or by deadline', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (chunks) =>
        withPeer(async (client, peer) => {
          const calls = Promise.allSettled([ask(client), ask(client)]);
          await peer.next();
          for (const chunk of chunks) peer.socket.write(chunk);
          peer.socket.end();
          for (const result of await calls) {
            if (result.status === 'rejected') assert.ok(result.reason instanceof EngineError);
          }
          assert.ok((await client.closed) instanceof EngineError);
        }),
      ),
      { numRuns: times(200) },
    );
  });

  it('fails one call and keeps the connection for data, an unreadable payload and an answer that is too large', () =>
    withPeer(async (client, peer) => {
      const streaming = ask(client);
      peer.send({ streamId: (await peer.next()).streamId, type: MESSAGE_TYPE.data }, answer);
      await assert.rejects(streaming, isA(DataLossError, 'ERR_WIRE_DECODE'));

      const unreadable = ask(client);
      peer.respond((await peer.next()).streamId, { payload: Buffer.from([0xff]) });
      await assert.rejects(unreadable, isA(DataLossError, 'ERR_WIRE_DECODE'));

      const large = ask(client);
      const { streamId } = await peer.next();
      const length = 4 * 1024 * 1024 + 1;
      peer.socket.write(rawHeader(length, { streamId }));
      peer.socket.write(Buffer.alloc(length));
      await assert.rejects(large, isA(ResourceExhaustedError));

      const good = ask(client);
      peer.respond((await peer.next()).streamId, { payload: answer });
      assert.equal((await good).shimPid, 7);
    }));

  it('refuses a request that is too large or cannot be encoded, and takes no id for it', () =>
    withPeer(async (client, peer) => {
      const id = 'x'.repeat(4 * 1024 * 1024);
      await assert.rejects(client.unary(TaskDefinition, 'connect', { id }), isA(ResourceExhaustedError));
      const kill = { id: 'c', execId: '', signal: -1, all: false };
      await assert.rejects(client.unary(TaskDefinition, 'kill', kill), isA(InvalidArgumentError));
      const good = ask(client);
      const { streamId } = await peer.next();
      assert.equal(streamId, 1);
      peer.respond(streamId, { payload: answer });
      await good;
    }));

  it('refuses calls when the server does not read, and goes on when it does', () =>
    withPeer(
      async (client, peer) => {
        peer.socket.pause();
        const id = 'x'.repeat(1024 * 1024);
        const calls = Array.from({ length: 8 }, () => client.unary(TaskDefinition, 'connect', { id }));
        const results = Promise.allSettled(calls);
        await assert.rejects(client.unary(TaskDefinition, 'connect', { id }), isA(ResourceExhaustedError));
        peer.socket.resume();
        for (let answered = 0; answered < 3; answered++) {
          peer.respond((await peer.next()).streamId, { payload: answer });
        }
        const states = (await results).map(({ status }) => status);
        assert.deepEqual(states.sort(), [...Array(3).fill('fulfilled'), ...Array(5).fill('rejected')]);
        const good = ask(client);
        peer.respond((await peer.next()).streamId, { payload: answer });
        await good;
      },
      { maxQueuedBytes: 3.5 * 1024 * 1024 },
    ));

  it('gives the unary methods of a service as functions', () =>
    withPeer(async (client, peer) => {
      const { connect } = client.service(TaskDefinition);
      const call = connect({ id: 'c' });
      peer.respond((await peer.next()).streamId, { payload: answer });
      assert.equal((await call).taskPid, 8);
    }));
});
