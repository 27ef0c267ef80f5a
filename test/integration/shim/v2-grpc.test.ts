import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type handleUnaryCall, type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { isDeadlineExceeded, isNotFound, isUnavailable } from '../../../src/errdefs/index.js';
import { createLogger } from '../../../src/log/logger.js';
import { TaskDefinition } from '../../../src/protocol/gen/containerd/shim/task_v3.js';
import { decodeMessage, encodeMessage, type MessageCodec } from '../../../src/protocol/wire/index.js';
import type { ShimParams } from '../../../src/shim/shim.js';
import { shimV2 } from '../../../src/shimv2/index.js';
import { RPCS } from '../../../src/telemetry/rpc.js';

/** A shim that speaks gRPC, as those of some virtual machines do: it knows Connect, and never ends a Wait. */
describe('a shim that speaks gRPC', () => {
  let folder = '';
  let server: Server;
  let params: ShimParams;
  const namespaces: unknown[] = [];
  before(async () => {
    folder = await mkdtemp('/tmp/lcd-');
    server = new Server();
    const { connect, state, wait } = TaskDefinition.methods;
    const seen = (metadata: Metadata) => namespaces.push(metadata.get('containerd-namespace')[0]);
    server.addService(
      { connect: methodOf('Connect', connect), state: methodOf('State', state), wait: methodOf('Wait', wait) },
      {
        connect: unary((call, callback) => {
          seen(call.metadata);
          callback(null, { shimPid: 4711, taskPid: 0, version: '' });
        }),
        state: unary((_call, callback) => callback({ code: status.NOT_FOUND, details: 'no container: not found' })),
        wait: unary(() => {}),
      },
    );
    const address = `unix:${join(folder, 's')}`;
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (err) => (err === null ? resolve() : reject(err)));
    });
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
      log: createLogger(),
    };
  });
  after(async () => {
    server.forceShutdown();
    await rm(folder, { recursive: true, force: true });
  });

  it('is driven like any other, and missed when it dies', async () => {
    const bootstrap = { version: 3, address: `unix://${join(folder, 's')}`, protocol: 'grpc' } as const;
    const calls: string[] = [];
    const stop = RPCS.subscribe(({ backend, method }) => calls.push(`${backend} ${method}`));
    const shim = await shimV2.connectTo(bootstrap, params);
    stop();
    assert.deepEqual(calls, ['shim Task/Connect']);
    assert.deepEqual([shim.pid, shim.apiVersion, namespaces], [4711, 3, ['ns']]);
    await assert.rejects(shim.tasks.state({ id: 'c1', execId: '' }), isNotFound);
    const id = { id: 'c1', execId: '' };
    await assert.rejects(shim.tasks.wait(id, { timeoutMs: 100 }), isDeadlineExceeded);
    const again = await shimV2.connect(params);
    again.close();
    await again.closed;
    const wait = assert.rejects(shim.tasks.wait(id, { timeoutMs: 10_000 }), (err) => !isDeadlineExceeded(err));
    server.forceShutdown();
    await wait;
    assert.ok(isUnavailable(await shim.closed));
    shim.close();
  });
});

interface Method {
  readonly requestType: MessageCodec<unknown>;
  readonly responseType: MessageCodec<unknown>;
}

function methodOf(name: string, { requestType, responseType }: Method) {
  return {
    path: `/${TaskDefinition.fullName}/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: unknown) => encodeMessage(requestType, message),
    requestDeserialize: (bytes: Buffer) => decodeMessage(requestType, bytes),
    responseSerialize: (message: unknown) => encodeMessage(responseType, message),
    responseDeserialize: (bytes: Buffer) => decodeMessage(responseType, bytes),
  };
}

function unary(handler: handleUnaryCall<unknown, unknown>): handleUnaryCall<unknown, unknown> {
  return handler;
}
