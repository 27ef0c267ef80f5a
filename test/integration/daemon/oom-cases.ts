import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineContainer } from '../../../src/daemon-core/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { until } from '../host/until.js';
import { EngineHost, SLEEP, sh } from './engine-host.js';

const CHILD = fileURLToPath(new URL('oom-child.js', import.meta.url));
const MIB = 1024 * 1024;
const EATER = ['/bin/dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1'];
const WAIT = { timeoutMs: scaledMs(20_000) };
const SHOWS_MS = scaledMs(2_000);

function isOomKilled(c: EngineContainer): boolean {
  return c.inspect().State.OOMKilled;
}

export interface OomCasesOptions {
  readonly skip?: string | false;
  /** Of a containerd that runs the containers. @default the embedded core runs them */
  readonly address?: () => string;
  /** @default the engine's own default */
  readonly runtime?: string;
  /** Only the kill of an exec and the next run. `RunOom` has tests of the rest on each cgroup version. @default false */
  readonly brief?: boolean;
}

/** What an engine says of OOM kills, on whichever cgroup version and backend. */
export function oomCases(name: string, { skip = false, address, runtime, brief = false }: OomCasesOptions = {}): void {
  const limits = { Memory: 16 * MIB, MemorySwap: 16 * MIB };
  describe(`OOMKilled: ${name}`, { skip, concurrency: false, timeout: scaledMs(60_000) }, () => {
    let host: EngineHost;
    let child: ChildProcess | undefined;
    before(async () => {
      // A keeper of outputs and shims that are started ahead cost an emulated machine seconds, and are none of this.
      const local = brief ? ({ stdio: 'plain', warmShims: 0 } as const) : {};
      const backend = address === undefined ? local : { address: address() };
      host = await EngineHost.start({ backend, defaultRuntime: runtime });
    });
    after(async () => {
      child?.kill('SIGKILL');
      await host.stop();
    });

    async function eatInExec(c: EngineContainer): Promise<void> {
      const exec = c.exec({ Cmd: EATER });
      await exec.start({ detach: true });
      assert.equal(await exec.wait(WAIT), 137);
    }

    it('is true while init runs on, after its exec was killed, and false in the next run', async () => {
      const since = new Date();
      const c = await host.running(SLEEP, limits);
      assert.equal(isOomKilled(c), false);
      await eatInExec(c);
      await until('OOMKilled shows', () => isOomKilled(c), SHOWS_MS);
      const { Status, Running } = c.inspect().State;
      assert.deepEqual([Status, Running], ['running', true]);
      assert.equal(c.inspect().OOM.kills, 1);
      await c.kill();
      assert.equal(isOomKilled(c), true, 'after the exit');
      await c.restart({ timeoutSeconds: 0 });
      assert.equal(isOomKilled(c), false, 'in the next run');
      const events: string[] = [];
      for await (const event of host.engine.events({ since, until: new Date() })) {
        if (event.Action === 'oom' && event.Actor.ID === c.id) events.push(event.Action);
      }
      assert.deepEqual(events, ['oom']);
      await c.remove({ force: true });
    });

    if (brief) return;
    it('is still true after a kill -9 of the engine, and false after the start that follows', async () => {
      await host.engine.close();
      const args = ['--enable-source-maps', CHILD, host.folder, host.rootfs, `${limits.Memory}`];
      if (address !== undefined) args.push(address());
      child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      assert.ok(child.stdout !== null);
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      host.engine = await createEngine(host.options);
      const seen = host.engine.container('seen');
      assert.equal(seen.inspect().State.Status, 'running');
      assert.equal(isOomKilled(seen), true, 'known before the kill');
      const unseen = host.engine.container('unseen');
      await until('the kill while no engine ran is found', () => isOomKilled(unseen), SHOWS_MS);
      assert.equal(unseen.inspect().State.Status, 'running');
      await seen.restart({ timeoutSeconds: 0 });
      assert.equal(isOomKilled(seen), false);
    });

    it('tells who was killed, and how often', async () => {
      const c = await host.running(SLEEP, limits);
      for (const kills of [1, 2, 3]) {
        await eatInExec(c);
        await until(`${kills} kills are counted`, () => c.inspect().OOM.kills === kills, SHOWS_MS);
      }
      const { victims } = c.inspect().OOM;
      assert.equal(victims.length, 3, JSON.stringify(victims));
      for (const { process } of victims) assert.match(process, /^exec [0-9a-f]{64}$/, JSON.stringify(victims));
      await c.remove({ force: true });
    });

    it('is true of an init that was killed, however early', async () => {
      const c = await host.create({ Cmd: EATER }, limits);
      for (let run = 0; run < 3; run++) {
        const ended = c.wait('next-exit', WAIT);
        await c.start();
        assert.equal((await ended).exitCode, 137);
        assert.equal(isOomKilled(c), true);
        assert.ok(c.inspect().OOM.victims.some(({ process }) => process === 'init'));
      }
      await c.remove();
    });

    it('is true of a child that was killed while init runs', async () => {
      const c = await host.running(sh(`${EATER.join(' ')}; sleep 1000`), limits);
      await until('OOMKilled shows', () => isOomKilled(c), scaledMs(10_000));
      assert.equal(c.inspect().State.Status, 'running');
      await c.remove({ force: true });
    });

    it('is false of a mere 137', async () => {
      const c = await host.running(SLEEP, limits);
      await c.kill();
      assert.equal(c.inspect().State.ExitCode, 137);
      assert.equal(isOomKilled(c), false);
      await c.remove();
    });
  });
}
