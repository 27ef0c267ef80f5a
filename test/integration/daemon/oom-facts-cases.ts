import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { scaledMs, within } from '../../../src/libcontainerd/testsuite/deadline.js';
import { until } from '../host/until.js';
import { OomHarness, type Watched } from './oom-harness.js';

// In one system call: a loop of the shell takes an emulated machine seconds.
const EAT = 'exec dd if=/dev/zero of=/dev/null bs=64M count=1';
/** Eats in a child at each line of input, and says how it ended. */
const PARENT = `echo ready; while read line; do (${EAT}); echo child $line $?; done`;

export interface OomFactsOptions {
  readonly runtime: string;
  readonly skip?: string | false;
  /** So many containers of a short life too. @default 0 */
  readonly rounds?: number;
}

/** What is known of OOM kills, on whichever cgroup version the host has. */
export function oomFactsCases(name: string, { runtime, skip = false, rounds = 0 }: OomFactsOptions): void {
  describe(`OOM facts: ${name}`, { skip, concurrency: false, timeout: scaledMs(60_000) }, () => {
    let harness: OomHarness;
    before(async () => {
      harness = await OomHarness.start();
    });
    after(() => harness.stop());

    const run = (id: string, script: string) => harness.run(id, { runtime, script });
    const isKilled = (watched: Watched) => until('the kill', () => watched.oom.facts.killed, scaledMs(5_000));

    async function eatInChild({ capture }: Watched, line: string): Promise<void> {
      capture.stdin.write(`${line}\n`);
      await capture.shows(`child ${line} 137`);
    }

    it('names init when it was killed, and says so before it is deleted', async () => {
      const watched = await run('init', EAT);
      const facts = await within('the last look', watched.settled);
      assert.deepEqual([facts.killed, facts.kills, harness.victims(watched)], [true, 1, ['init']]);
      // The kernel writes every pid.
      if (harness.kernelLog !== undefined) assert.equal(facts.victims[0]?.pid, watched.task.pid);
      assert.equal((await watched.task.delete()).code, 137);

      // Its events and its counter are those of its own run.
      const again = await harness.start(watched.container);
      assert.equal(again.oom.facts.killed, false);
      await within('the last look', again.settled);
      assert.deepEqual([again.oom.facts.kills, watched.oom.facts.kills], [1, 1]);
      await again.task.delete();
      await watched.container.delete();
    });

    it('shows the kill of a child while init lives, and counts several', async () => {
      const watched = await run('child', PARENT);
      await watched.capture.shows('ready');
      assert.equal(watched.oom.facts.killed, false);
      await eatInChild(watched, 'one');
      await isKilled(watched);
      assert.equal(watched.task.state.status, 'running');
      assert.deepEqual(harness.victims(watched), ['unknown']);
      await eatInChild(watched, 'two');
      await eatInChild(watched, 'three');
      const facts = await harness.end(watched);
      assert.equal(facts.kills, 3);
      assert.equal(
        watched.added.reduce((sum, { kills }) => sum + kills, 0),
        3,
      );
      // The kernel names the cgroups of ten kills in five seconds at most: without it a child stays a guess.
      assert.ok(harness.victims(watched).includes('unknown'), JSON.stringify(facts.victims));
      assert.ok(facts.victims.every(({ pid }) => pid !== watched.task.pid));
    });

    it('names the exec that was killed, and not the one that was ended by a signal', async () => {
      const watched = await run('exec', PARENT);
      await watched.capture.shows('ready');
      assert.equal(await harness.exec(watched, 'signalled', 'kill -9 $$'), 137);
      assert.equal(watched.oom.facts.killed, false);
      assert.equal(await harness.exec(watched, 'eater', EAT), 137);
      await until('the victim', () => harness.victims(watched).includes('exec eater'), scaledMs(5_000));
      assert.equal(watched.task.state.status, 'running');
      const facts = await harness.end(watched);
      // Without the kernel's log one kill and two exits with 137 leave it to a guess.
      if (harness.kernelLog !== undefined) assert.deepEqual(harness.victims(watched), ['exec eater']);
      assert.equal(facts.kills, 1);
    });

    it('finds on a restore what happened while no engine was there', async () => {
      const watched = await run('restored', PARENT);
      await watched.capture.shows('ready');
      harness.forget(watched);
      await eatInChild(watched, 'one');
      const { cgroup, container, task, added } = watched;
      const restored = harness.runOom(container, added, { cgroup, known: watched.oom.facts });
      assert.equal((await restored.settle({ hadGap: true })).kills, 1);
      await task.forceDelete();
      await container.delete();
    });

    if (rounds === 0) return;
    it('finds every kill of an init that dies at once, from the counter alone', async (t: TestContext) => {
      let heard = 0;
      for (let round = 0; round < rounds; round++) {
        // Up to 2.2 a shim on cgroup v2 begins to watch after the start: an event may never come.
        const watched = await harness.run(`quick-${round}`, { runtime, script: 'exec tail /dev/zero', isDeaf: true });
        const facts = await within('the last look', watched.settled);
        heard += watched.events === 0 ? 0 : 1;
        assert.deepEqual([facts.killed, facts.kills, harness.victims(watched)], [true, 1, ['init']]);
        await harness.end(watched);
      }
      t.diagnostic(`${rounds} kills, of ${heard} of which an event had come by the last look`);
    });
  });
}
