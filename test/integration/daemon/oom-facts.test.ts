import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { scaledMs, within } from '../../../src/libcontainerd/testsuite/deadline.js';
import { crunRefuses, missing, scaled } from '../host/requirements.js';
import { until } from '../host/until.js';
import { oomFactsCases } from './oom-facts-cases.js';
import { OomHarness } from './oom-harness.js';

const SHIM_V2 = 'containerd-shim-runc-v2';
const isCgroup1 = existsSync('/sys/fs/cgroup/memory/memory.oom_control');
const notHere = isCgroup1 ? false : 'needs the memory controller on cgroup v1';

oomFactsCases('runc, shim API v2', { runtime: 'runc', skip: missing('runc', SHIM_V2), rounds: scaled(50, 5) });
oomFactsCases('crun, shim API v2', { runtime: 'crun', skip: missing('crun', SHIM_V2) || crunRefuses() });
oomFactsCases('runc, shim API v1', {
  runtime: 'io.containerd.runtime.v1.linux',
  skip: missing('runc', 'containerd-shim') || notHere,
});

const skip = missing('runc', SHIM_V2) || notHere;

describe('OOM facts: a lack of memory that kills nobody', { skip, timeout: scaledMs(30_000) }, () => {
  let harness: OomHarness;
  before(async () => {
    harness = await OomHarness.start();
  });
  after(() => harness.stop());

  it('is no kill, although the shim tells of it', async () => {
    // In its own code: a system call would fail in place of waiting.
    const script = 'x=x; while :; do x=$x$x; done';
    const watched = await harness.run('frozen', { runtime: 'runc', script, memory: { disableOOMKiller: true } });
    await until('the event', () => watched.events > 0, scaledMs(10_000));
    await watched.task.kill('SIGKILL');
    const facts = await within('the last look', watched.settled);
    assert.deepEqual(facts, { killed: false, kills: 0, victims: [] });
    await harness.end(watched);
  });
});
