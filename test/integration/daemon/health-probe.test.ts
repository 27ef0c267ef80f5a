import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { execProbe, type ProbeEvent } from '../../../src/daemon-core/health/exec-probe.js';
import { HealthMonitor } from '../../../src/daemon-core/health/health-monitor.js';
import type { Client, Task } from '../../../src/libcontainerd/types.js';
import { createLogger } from '../../../src/log/logger.js';
import { leftovers } from '../host/leftovers.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { discard, inParallel, type Running, run, sh } from '../host/run-container.js';
import { until } from '../host/until.js';

const PROBES = scaled(1000, 20);
const CONTAINERS = 4;
const TIMEOUT_MS = 100;
const HANGS = 'exceeded timeout (100ms)';

describe('a health check', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: LocalHost;
  let client: Client;
  const running: Running[] = [];
  /** The containers have some too. */
  let fifosBefore: string[];

  const fifos = async () => (await leftovers(host.folder)).filter((left) => left.startsWith('fifo')).sort();

  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
    await inParallel(CONTAINERS, CONTAINERS, async (index) => {
      running.push(await run(client, `health-${index}`, { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] }));
    });
    fifosBefore = await fifos();
  });

  after(async () => {
    for (const container of running) await discard(container);
    await host.stop();
  });

  const taskOf = (index: number): Task => {
    const found = running[index % running.length];
    assert.ok(found !== undefined);
    return found.task;
  };

  const probe = (task: Task, args: readonly string[], timeoutMs: number, on?: (event: ProbeEvent) => void) =>
    execProbe(task, {
      args,
      timeoutMs,
      maxOutputBytes: 4_096,
      signal: new AbortController().signal,
      processOf: async (given) => ({ args: given, cwd: '/', env: ['PATH=/bin'] }),
      ...(on === undefined ? {} : { on }),
    });

  async function assertOnlyInits(): Promise<void> {
    for (const { task } of running) {
      assert.deepEqual(await task.pids(), [task.pid]);
    }
    assert.deepEqual(await fifos(), fifosBefore);
  }

  it('gives code and output', async () => {
    const result = await probe(taskOf(0), sh('echo out; echo err >&2; exit 7'), 10_000);
    assert.equal(result.exitCode, 7);
    assert.deepEqual(result.output.split('\n').sort(), ['', 'err', 'out']);
    await assert.rejects(probe(taskOf(0), ['/bin/nothing'], 10_000), { code: 'ERR_COMMAND_NOT_FOUND' });
    await assertOnlyInits();
  });

  it(`that hangs is killed with all that it started, ${PROBES} times, and leaves nothing`, async () => {
    const fdsBefore = openFds();
    await inParallel(PROBES, CONTAINERS * 2, async (index) => {
      const args = index % 2 === 0 ? ['/bin/sleep', '1000'] : sh('echo begun; sleep 1000 & sleep 1000; true');
      const events: string[] = [];
      const result = await probe(taskOf(index), args, TIMEOUT_MS, ({ type }) => events.push(type));
      assert.equal(result.exitCode, -1);
      assert.ok(result.output.includes(HANGS), result.output);
      assert.deepEqual(events, ['create', 'start', 'die']);
    });
    // What was killed is gone as soon as init or the shim has taken it away.
    await until('the killed processes are gone', async () => {
      const pids = await Promise.all(running.map(({ task }) => task.pids()));
      return pids.every((list) => list.length === 1);
    });
    await assertOnlyInits();
    assert.ok(openFds() <= fdsBefore + 1, `${openFds()} open files, ${fdsBefore} before`);
  });

  it('that is under way ends with its monitor', async () => {
    const task = taskOf(0);
    let started = (): void => {};
    const hasStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const monitor = new HealthMonitor({
      config: { Healthcheck: { Test: ['CMD-SHELL', 'sleep 1000; true'], Interval: 10_000_000 } },
      probe: (request) =>
        execProbe(task, {
          ...request,
          processOf: async (args) => ({ args, cwd: '/', env: ['PATH=/bin'] }),
          on: ({ type }) => type === 'start' && started(),
        }),
      onChange: () => assert.fail('nothing is told after a stop'),
      log: createLogger({ level: 'silent' }),
    });
    monitor.start();
    await hasStarted;
    await monitor.stop();
    await until('the killed processes are gone', async () => (await task.pids()).length === 1);
    await assertOnlyInits();
  });

  it('makes a container healthy, then unhealthy', async () => {
    const task = taskOf(1);
    const seen: string[] = [];
    const monitor = new HealthMonitor({
      config: { Healthcheck: { Test: ['CMD-SHELL', 'test ! -e /tmp/sick'], Interval: 10_000_000, Retries: 2 } },
      probe: (request) =>
        execProbe(task, { ...request, processOf: async (args) => ({ args, cwd: '/', env: ['PATH=/bin'] }) }),
      onChange: ({ Status }) => {
        if (seen.at(-1) !== Status) seen.push(Status);
      },
      log: createLogger({ level: 'silent' }),
    });
    monitor.start();
    await until('it is healthy', () => monitor.state.Status === 'healthy');
    assert.equal((await probe(task, sh(': >/tmp/sick'), 10_000)).exitCode, 0);
    await until('it is unhealthy', () => monitor.state.Status === 'unhealthy');
    await monitor.stop();
    assert.deepEqual(seen, ['healthy', 'unhealthy']);
    assert.ok(monitor.state.FailingStreak >= 2);
  });
});

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}
