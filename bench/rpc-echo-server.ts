// Started by ttrpc.ts as a process of its own: answers the same method over ttrpc and over grpc-js.
import process from 'node:process';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { StateRequest } from '../src/protocol/gen/containerd/shim/task_v2.js';
import { StateResponse, TaskDefinition } from '../src/protocol/gen/containerd/shim/task_v2.js';
import { TtrpcServer } from '../src/protocol/ttrpc/index.js';
import { decodeMessage, encodeMessage } from '../src/protocol/wire/index.js';

const [ttrpcSocket = '', grpcSocket = ''] = process.argv.slice(2);

function answer({ id, execId }: StateRequest): StateResponse {
  const bundle = `/run/engine/bundles/${id}`;
  return StateResponse.create({ id, execId, bundle, pid: 4711, status: 2, stdout: `${bundle}/stdout`, exitStatus: 0 });
}

const ttrpc = new TtrpcServer();
ttrpc.register(TaskDefinition, { state: async (request) => answer(request) });
await ttrpc.listen(ttrpcSocket);

const { name, requestType } = TaskDefinition.methods.state;
const grpc = new Server({ 'grpc.enable_channelz': 0 });
grpc.addService(
  {
    [name]: {
      path: `/${TaskDefinition.fullName}/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: StateRequest) => encodeMessage(requestType, message),
      requestDeserialize: (bytes: Buffer) => decodeMessage(requestType, bytes),
      responseSerialize: (message: StateResponse) => encodeMessage(StateResponse, message),
      responseDeserialize: (bytes: Buffer) => decodeMessage(StateResponse, bytes),
    },
  },
  {
    [name]: (call: { readonly request: StateRequest }, callback: (err: null, response: StateResponse) => void) =>
      callback(null, answer(call.request)),
  },
);
await new Promise<void>((resolve, reject) =>
  grpc.bindAsync(`unix:${grpcSocket}`, ServerCredentials.createInsecure(), (err) =>
    err === null ? resolve() : reject(err),
  ),
);
// The end of the parent, however it comes, is the end of this.
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
