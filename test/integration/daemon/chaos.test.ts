import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineContainer } from '../../../src/daemon-core/index.js';
import { shimsOf } from '../host/leftovers.js';
import { missing, SCALE, scaled } from '../host/requirements.js';
import { until } from '../host/until.js';
import { SEED, seededRandom } from '../local/random.js';
import { EngineHost } from './engine-host.js';

const CHILD = fileURLToPath(new URL('chaos-child.js', import.meta.url));
/** Each takes seconds: at a reduced count there are even fewer. */
const ROUNDS = scaled(100 * SCALE, 3);
const SPAN_MS = 1_200;
/** Kept ready by the engine. */
const WARM = 2;

/** What the killed engine has said, over all rounds. */
class Told {
  readonly created = new Set<string>();
  readonly removing = new Set<string>();
  readonly failures: string[] = [];

  take(line: string): void {
    const [what, id = ''] = line.split(' ');
    if (what === 'created') this.created.add(id);
    else if (what === 'removing') this.removing.add(id);
    else if (what === 'failed') this.failures.push(line);
  }
}

describe(`an engine killed while twenty callers use it, seed ${SEED}`, {
  skip: missing('containerd-shim-runc-v2', 'runc', 'busybox'),
}, () => {
  const random = seededRandom(SEED);
  const told = new Told();
  let host: EngineHost;
  let child: ChildProcess | undefined;

  before(async () => {
    host = await EngineHost.start();
    await host.engine.close();
  });
  after(async () => {
    child?.kill('SIGKILL');
    host.engine = await createEngine(host.options);
    await host.stop();
  });

  async function killEngineAfter(ms: number, seed: number): Promise<void> {
    const args = ['--enable-source-maps', CHILD, host.folder, host.rootfs, String(seed)];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(child.stdout !== null);
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => told.take(line));
    const ended = Promise.all([once(lines, 'close'), once(child, 'exit')]);
    await once(lines, 'line');
    await delay(ms);
    child.kill('SIGKILL');
    await ended;
  }

  /** Running means: its init lives, under a shim and with its mount. Anything else means: nothing of it lives. */
  async function assertTrue(c: EngineContainer): Promise<void> {
    const { Status, Pid } = c.inspect().State;
    assert.ok(['created', 'running', 'paused', 'exited', 'restarting'].includes(Status), `${c.id} is ${Status}`);
    const bundle = join(host.folder, 'state', 'bundles', 'docker', c.id);
    if (Status === 'running' || Status === 'paused') {
      assert.ok(readFileSync(`/proc/${Pid}/cgroup`, 'utf8').includes(c.id), `${c.id}: ${Pid} is another process`);
      assert.ok(existsSync(bundle), `${c.id} runs and has no bundle`);
    } else {
      assert.equal(Pid, 0);
      assert.ok(!existsSync(bundle), `${c.id} is ${Status} and has a bundle`);
      assert.deepEqual(processesOf(c.id), [], `${c.id} is ${Status}`);
    }
  }

  function processesOf(id: string): string[] {
    const folder = `/sys/fs/cgroup/pids/libcontainerd-test/${id}`;
    const file = existsSync(folder) ? `${folder}/cgroup.procs` : `/sys/fs/cgroup/libcontainerd-test/${id}/cgroup.procs`;
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }

  async function assertNothingElse(): Promise<void> {
    const running = host.engine.list().filter((c) => c.task !== undefined);
    const shims = await shimsOf(host.folder);
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${host.folder}/`));
    const bundles = await readdir(join(host.folder, 'state', 'bundles', 'docker')).catch(() => []);
    const known = new Set(running.map(({ id }) => id));
    assert.deepEqual(
      bundles.filter((id) => !known.has(id) && !id.startsWith('warm-')),
      [],
      'bundles without a record',
    );
    assert.deepEqual(
      mounts.filter((line) => ![...known].some((id) => line.includes(id))),
      [],
      'mounts without a record',
    );
    assert.equal(mounts.length, known.size, 'each has its mount');
    assert.ok(shims.length <= known.size + WARM, `${shims.length} shims for ${known.size} containers`);
  }

  /** Short ones go on ending while they are looked at. */
  async function becomesConsistent(round: number): Promise<void> {
    let seen: unknown;
    const isConsistent = async () => {
      try {
        for (const c of host.engine.list()) await assertTrue(c);
        await assertNothingElse();
        return true;
      } catch (err) {
        seen = err;
        return false;
      }
    };
    await until(`round ${round} is consistent`, isConsistent).catch(() => {
      throw seen;
    });
  }

  it(`has every container in a true state in its next life, ${ROUNDS} times`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await killEngineAfter(random() * SPAN_MS, SEED + round);
      assert.deepEqual(told.failures, [], `round ${round}`);
      host.engine = await createEngine(host.options);
      assert.deepEqual(host.engine.damaged, []);
      const ids = new Set(host.engine.list().map(({ id }) => id));
      for (const id of told.created) {
        assert.ok(ids.has(id) || told.removing.has(id), `round ${round}: ${id} is lost`);
      }
      await becomesConsistent(round);
      await host.engine.close();
    }
    assert.ok(told.created.size >= ROUNDS, `only ${told.created.size} containers in ${ROUNDS} rounds`);
  });
});
