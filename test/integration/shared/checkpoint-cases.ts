import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EngineError } from '../../../src/errdefs/index.js';
import { missing } from '../host/requirements.js';
import { discard, finish, run, sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import type { AnyHost, StartHost } from './any-host.js';

// This file runs as dist-test/test/integration/shared/checkpoint-cases.js.
const FETCH_CRIU = fileURLToPath(new URL('../../../../scripts/fetch-criu.sh', import.meta.url));
const COUNT = sh("trap 'exit 7' TERM; i=0; while :; do i=$((i+1)); echo $i; usleep 50000; done");

/** Registers the cases over hosts of their own. @param binaries what the backend needs beside runc and CRIU */
export function checkpointCases(name: string, binaries: readonly string[], start: StartHost): void {
  const unmet = missing(...binaries, 'runc', 'busybox', 'criu');
  const criuFolder = unmet ? '' : spawnSync('bash', [FETCH_CRIU], { encoding: 'utf8' }).stdout.trim();
  const skip =
    unmet || (criuFolder === '' && 'needs a criu that works on this kernel: scripts/fetch-criu.sh found none');
  const systemCriuFails = !unmet && spawnSync('criu', ['check']).status !== 0;

  for (const runtime of ['io.containerd.runc.v2', 'io.containerd.runtime.v1.linux']) {
    describe(`checkpoint with ${runtime}, ${name}`, { skip }, () => {
      let host: AnyHost;
      before(async () => {
        host = await start({ ...process.env, PATH: `${criuFolder}:${process.env.PATH}` });
      });
      after(() => host.stop());

      it('writes a running container into a folder and goes on from there in a new run', async () => {
        const client = await host.client({ runtime });
        const image = join(host.folder, 'image');
        const seen: number[] = [];
        const running = await run(client, 'counter', {
          rootfs: host.rootfs,
          args: COUNT,
          attach: ({ stdout }) => {
            if (stdout !== undefined) createInterface({ input: stdout }).on('line', (line) => seen.push(Number(line)));
          },
        });
        await until('five lines', () => seen.length >= 5);
        await running.task.checkpoint(image, { exit: true });
        const exit = await running.task.wait({ timeoutMs: 10_000 });
        assert.equal(exit.exitUnknown, false);
        await running.task.delete();
        assert.ok(readdirSync(image).includes('inventory.img'), readdirSync(image).join(' '));

        const resumed: number[] = [];
        const task = await running.container.newTask({
          checkpointDir: image,
          stdio: {
            attach: ({ stdout }) => {
              if (stdout === undefined) return;
              createInterface({ input: stdout }).on('line', (line) => resumed.push(Number(line)));
            },
          },
        });
        await task.start();
        await until('five more lines', () => resumed.length >= 5);
        assert.ok((resumed[0] ?? 0) > (seen.at(-1) ?? 0), `went on with ${resumed[0]} after ${seen.at(-1)}`);
        await task.kill('SIGTERM');
        assert.equal((await finish({ container: running.container, task })).code, 7);
        rmSync(image, { recursive: true });
      });
    });
  }

  describe(`checkpoint without a working CRIU, ${name}`, {
    skip: unmet || (!systemCriuFails && 'the criu on PATH works here'),
  }, () => {
    let host: AnyHost;
    before(async () => {
      host = await start();
    });
    after(() => host.stop());

    it('says what CRIU said, and leaves the container running', async () => {
      const client = await host.client();
      const running = await run(client, 'c', { rootfs: host.rootfs, args: ['/bin/sleep', '1000'] });
      await assert.rejects(running.task.checkpoint(join(host.folder, 'image'), { exit: true }), (err: unknown) => {
        assert.ok(err instanceof EngineError);
        assert.equal(err.code, 'ERR_CHECKPOINT_FAILED');
        assert.match(err.message, /vdso/i);
        return true;
      });
      assert.equal((await running.task.status()).status, 'running');
      await discard(running);
    });
  });
}
