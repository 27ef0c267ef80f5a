// Pins package names, field numbers and wire types of the messages everything depends on, independent of the .proto files.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as events from './gen/containerd/events/events.js';
import * as linuxRunc from './gen/containerd/options/linux_runc.js';
import * as runc from './gen/containerd/options/runc.js';
import * as containers from './gen/containerd/services/containers.js';
import * as tasks from './gen/containerd/services/tasks.js';
import * as bootstrap from './gen/containerd/shim/bootstrap.js';
import * as shimV1 from './gen/containerd/shim/shim_v1.js';
import * as taskV2 from './gen/containerd/shim/task_v2.js';
import { Process, Status } from './gen/containerd/types/task.js';
import { Envelope } from './gen/containerd/types/types.js';
import * as ttrpc from './gen/ttrpc/ttrpc.js';
import { encodeMessage, type MessageCodec } from './wire/index.js';

type FieldBytes = [number: number, value: string | Buffer | bigint];

/** An unsigned 64-bit varint, written the slow and obvious way. */
function varint(value: bigint): number[] {
  const rest = BigInt.asUintN(64, value);
  return rest < 0x80n ? [Number(rest)] : [Number(rest & 0x7fn) | 0x80, ...varint(rest >> 7n)];
}

/** The bytes of a message: text and nested bytes with a length, integers as varints. */
function fields(...list: FieldBytes[]): Buffer {
  const bytes = list.flatMap(([number, value]) => {
    if (typeof value === 'bigint') return [...varint(BigInt(number << 3)), ...varint(value)];
    const body = Buffer.from(value);
    return [...varint(BigInt((number << 3) | 2)), ...varint(BigInt(body.length)), ...body];
  });
  return Buffer.from(bytes);
}

interface Creatable<T> extends MessageCodec<T> {
  create(base?: object): T;
}

function pin<T>(codec: Creatable<T>, value: object, ...expected: FieldBytes[]): void {
  assert.equal(encodeMessage(codec, codec.create(value)).toString('hex'), fields(...expected).toString('hex'));
}

const packed = { typeUrl: 'u', value: Buffer.from('v') };
const anyBytes = fields([1, 'u'], [2, 'v']);
const when = new Date(1_700_000_000_123);
const whenBytes = fields([1, 1_700_000_000n], [2, 123_000_000n]);

describe('field numbers', () => {
  it('of shim requests', () => {
    const rootfs = [{ type: 't', source: 's', target: 'g', options: ['a', 'b'] }];
    const mount = fields([1, 't'], [2, 's'], [3, 'g'], [4, 'a'], [4, 'b']);
    const io = { terminal: true, stdin: 'i', stdout: 'o', stderr: 'e', checkpoint: 'c', parentCheckpoint: 'p' };
    pin(
      taskV2.CreateTaskRequest,
      { id: 'x', bundle: '/b', rootfs, ...io, options: packed },
      [1, 'x'],
      [2, '/b'],
      [3, mount],
      [4, 1n],
      [5, 'i'],
      [6, 'o'],
      [7, 'e'],
      [8, 'c'],
      [9, 'p'],
      [10, anyBytes],
    );
    pin(
      shimV1.CreateTaskRequest,
      { id: 'x', bundle: '/b', runtime: 'runc', rootfs, ...io, options: packed },
      [1, 'x'],
      [2, '/b'],
      [3, 'runc'],
      [4, mount],
      [5, 1n],
      [6, 'i'],
      [7, 'o'],
      [8, 'e'],
      [9, 'c'],
      [10, 'p'],
      [11, anyBytes],
    );
    const exec = { id: 'x', execId: 'y', terminal: true, stdin: 'i', stdout: 'o', stderr: 'e', spec: packed };
    const execBytes: FieldBytes[] = [
      [3, 1n],
      [4, 'i'],
      [5, 'o'],
      [6, 'e'],
      [7, anyBytes],
    ];
    pin(taskV2.ExecProcessRequest, exec, [1, 'x'], [2, 'y'], ...execBytes);
    pin(taskV2.KillRequest, { id: 'x', execId: 'y', signal: 9, all: true }, [1, 'x'], [2, 'y'], [3, 9n], [4, 1n]);
    pin(taskV2.DeleteResponse, { pid: 7, exitStatus: 137, exitedAt: when }, [1, 7n], [2, 137n], [3, whenBytes]);
    pin(taskV2.ConnectResponse, { shimPid: 1, taskPid: 2, version: '3' }, [1, 1n], [2, 2n], [3, '3']);
  });

  it('of gRPC task requests', () => {
    pin(
      tasks.CreateTaskRequest,
      { containerId: 'x', stdin: 'i', stdout: 'o', stderr: 'e', terminal: true, options: packed, runtimePath: 'r' },
      [1, 'x'],
      [4, 'i'],
      [5, 'o'],
      [6, 'e'],
      [7, 1n],
      [9, anyBytes],
      [10, 'r'],
    );
    const descriptor = { mediaType: 'm', digest: 'd', size: 5n, annotations: { k: 'v' } };
    const descriptorBytes = fields([1, 'm'], [2, 'd'], [3, 5n], [5, fields([1, 'k'], [2, 'v'])]);
    pin(tasks.CreateTaskRequest, { checkpoint: descriptor }, [8, descriptorBytes]);
    pin(tasks.ExecProcessRequest, { spec: packed, execId: 'y' }, [6, anyBytes], [7, 'y']);
  });

  it('of processes and their status', () => {
    pin(
      Process,
      {
        containerId: 'x',
        id: 'y',
        pid: 42,
        status: Status.PAUSED,
        stdin: 'i',
        stdout: 'o',
        stderr: 'e',
        terminal: true,
        exitStatus: 1,
        exitedAt: when,
      },
      [1, 'x'],
      [2, 'y'],
      [3, 42n],
      [4, 4n],
      [5, 'i'],
      [6, 'o'],
      [7, 'e'],
      [8, 1n],
      [9, 1n],
      [10, whenBytes],
    );
    const { UNKNOWN, CREATED, RUNNING, STOPPED, PAUSED, PAUSING } = Status;
    assert.deepEqual([UNKNOWN, CREATED, RUNNING, STOPPED, PAUSED, PAUSING], [0, 1, 2, 3, 4, 5]);
  });

  it('of events', () => {
    const exit = { containerId: 'x', id: 'y', pid: 42, exitStatus: 137, exitedAt: when };
    pin(events.TaskExit, exit, [1, 'x'], [2, 'y'], [3, 42n], [4, 137n], [5, whenBytes]);
    pin(events.TaskDelete, exit, [1, 'x'], [2, 42n], [3, 137n], [4, whenBytes], [5, 'y']);
    pin(events.TaskExecStarted, { containerId: 'x', execId: 'y', pid: 42 }, [1, 'x'], [2, 'y'], [3, 42n]);
    const envelope = { timestamp: when, namespace: 'moby', topic: '/tasks/exit', event: packed };
    pin(Envelope, envelope, [1, whenBytes], [2, 'moby'], [3, '/tasks/exit'], [4, anyBytes]);
    // The zero time of Go, which containerd 1.6 sends where later versions leave the field out.
    const zero = { exitedAt: new Date('0001-01-01T00:00:00Z') };
    pin(events.TaskExit, zero, [5, fields([1, -62_135_596_800n])]);
  });

  it('of containers', () => {
    pin(
      containers.Container,
      {
        id: 'x',
        labels: { k: 'v' },
        image: 'i',
        runtime: { name: 'n', options: packed },
        spec: packed,
        snapshotter: 's',
        snapshotKey: 'key',
        createdAt: when,
        updatedAt: when,
        extensions: { e: packed },
        sandbox: 'b',
      },
      [1, 'x'],
      [2, fields([1, 'k'], [2, 'v'])],
      [3, 'i'],
      [4, fields([1, 'n'], [2, anyBytes])],
      [5, anyBytes],
      [6, 's'],
      [7, 'key'],
      [8, whenBytes],
      [9, whenBytes],
      [10, fields([1, 'e'], [2, anyBytes])],
      [11, 'b'],
    );
    const update = { updateMask: ['labels', 'spec'] };
    pin(containers.UpdateContainerRequest, update, [2, fields([1, 'labels'], [1, 'spec'])]);
  });

  it('of the shim bootstrap', () => {
    const names =
      'instanceId namespace - containerdVersion containerdTtrpcAddress containerdGrpcAddress containerdBinary';
    for (const [i, name] of names.split(' ').entries()) {
      if (name !== '-') pin(bootstrap.BootstrapParams, { [name]: name }, [i + 1, name]);
    }
    pin(bootstrap.BootstrapParams, { logLevel: bootstrap.LogLevel.LOG_LEVEL_DEBUG }, [3, -4n]);
    pin(bootstrap.BootstrapParams, { logLevel: bootstrap.LogLevel.LOG_LEVEL_TRACE }, [3, -8n]);
    pin(bootstrap.BootstrapParams, { extensions: [{ value: packed }] }, [8, fields([1, anyBytes])]);
    pin(bootstrap.BootstrapParams, { socketDir: '' }, [9, '']);
    const result = { version: 3, address: 'a', protocol: 'ttrpc', metadata: { k: 'v' } };
    const metadata = fields([1, 'k'], [2, 'v']);
    pin(bootstrap.BootstrapResult, result, [1, 3n], [2, 'a'], [3, 'ttrpc'], [5, metadata]);
  });

  it('of runtime options', () => {
    const texts = { shimCgroup: 3, binaryName: 6, root: 7, criuPath: 8, criuImagePath: 10, criuWorkPath: 11 };
    for (const [name, number] of Object.entries(texts)) pin(runc.Options, { [name]: 'x' }, [number, 'x']);
    const numbers = { noPivotRoot: 1, noNewKeyring: 2, systemdCgroup: 9 };
    for (const [name, number] of Object.entries(numbers)) pin(runc.Options, { [name]: true }, [number, 1n]);
    pin(runc.Options, { ioUid: 1000, ioGid: 1001 }, [4, 1000n], [5, 1001n]);
    pin(runc.CheckpointOptions, { exit: true, imagePath: 'i', workPath: 'w' }, [1, 1n], [8, 'i'], [9, 'w']);
    pin(linuxRunc.CheckpointOptions, { exit: true, imagePath: 'i', workPath: 'w' }, [1, 1n], [8, 'w'], [9, 'i']);
    pin(linuxRunc.RuncOptions, { runtimeRoot: 'r', systemdCgroup: true }, [2, 'r'], [4, 1n]);
  });

  it('of ttrpc frames', () => {
    const request = {
      service: 's',
      method: 'm',
      payload: Buffer.from('p'),
      timeoutNano: 5n,
      metadata: [{ key: 'k', value: 'v' }],
    };
    pin(ttrpc.Request, request, [1, 's'], [2, 'm'], [3, 'p'], [4, 5n], [5, fields([1, 'k'], [2, 'v'])]);
    const status = { code: 5, message: 'gone', details: [packed] };
    const statusBytes = fields([1, 5n], [2, 'gone'], [3, anyBytes]);
    pin(ttrpc.Response, { status, payload: Buffer.from('p') }, [1, statusBytes], [2, 'p']);
  });
});
