import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CreateOptions } from '../../protocol/gen/containerd/options/linux_runc.js';
import { Options } from '../../protocol/gen/containerd/options/runc.js';
import type { RuncOptions } from '../types.js';
import { containerOptions, parseOptions, RUNTIME_V1_LINUX, taskOptions } from './runtime-options.js';

const RUNC = 'io.containerd.runc.v2';
const ALL: RuncOptions = {
  kind: 'runc',
  binaryName: 'crun',
  root: '/run/own',
  shimCgroup: '/shims',
  ioUid: 1000,
  ioGid: 1001,
  criuImagePath: '/images/one',
  criuWorkPath: '/work',
  systemdCgroup: true,
  noPivotRoot: true,
  noNewKeyring: true,
};
const TASK = { ioUid: 7, ioGid: 8 };

describe('options of a runtime', () => {
  it('are the same when they are read back', () => {
    assert.deepEqual(parseOptions(containerOptions(RUNC, ALL)), ALL);
    const flags = { systemdCgroup: false, noPivotRoot: false, noNewKeyring: false };
    assert.deepEqual(parseOptions(containerOptions(RUNC, { kind: 'runc' })), { kind: 'runc', ...flags });
  });

  it('give the owner of the pipes to a task, before that of the container root', () => {
    const kept = containerOptions(RUNC, ALL);
    const own = Options.decode(taskOptions(RUNC, kept, ALL, TASK)?.value ?? new Uint8Array());
    assert.deepEqual([own.ioUid, own.ioGid, own.criuImagePath, own.criuWorkPath], [1000, 1001, '/images/one', '/work']);
    const root = Options.decode(taskOptions(RUNC, undefined, { kind: 'runc' }, TASK)?.value ?? new Uint8Array());
    assert.deepEqual([root.ioUid, root.ioGid, root.criuImagePath], [7, 8, '']);
  });

  it('take the folder of a task before that of its container', () => {
    const values = { ...TASK, criuImagePath: '/images/two', criuWorkPath: '/work/two' };
    const task = Options.decode(taskOptions(RUNC, containerOptions(RUNC, ALL), ALL, values)?.value ?? new Uint8Array());
    assert.deepEqual([task.criuImagePath, task.criuWorkPath], ['/images/two', '/work/two']);
  });

  it('go with the task where the shim speaks API v1', () => {
    const packed = taskOptions(RUNTIME_V1_LINUX, undefined, ALL, TASK);
    const task = CreateOptions.decode(packed?.value ?? new Uint8Array());
    assert.deepEqual(
      [task.ioUid, task.ioGid, task.criuImagePath, task.criuWorkPath, task.shimCgroup],
      [1000, 1001, '/images/one', '/work', '/shims'],
    );
  });
});
