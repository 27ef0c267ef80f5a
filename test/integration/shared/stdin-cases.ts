import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { patternBytes } from '../../../src/libcontainerd/testsuite/index.js';
import type { Client } from '../../../src/libcontainerd/types.js';
import { scaled } from '../host/requirements.js';
import { collect, discard, finish, run, sh } from '../host/run-container.js';
import { until } from '../host/until.js';
import type { AnyHost, StartHost } from './any-host.js';

const MIB = 1024 * 1024;
/** Kernel pipes of 64 KiB each: the container's own, the FIFO; and what our stream may hold. */
const HELD_BACK_MAX = 3 * 64 * 1024 + 128 * 1024;

/** Registers the cases over a host of their own. */
export function stdinCases(name: string, skip: string | false, start: StartHost): void {
  describe(`stdin and back pressure, ${name}`, { skip }, () => {
    let host: AnyHost;
    let client: Client;
    before(async () => {
      host = await start();
      client = await host.client();
    });
    after(() => host.stop());

    const total = scaled(100, 20) * MIB;
    it(`echoes ${total / MIB} MiB through cat, ends on half close and stays flat in memory`, async () => {
      let stdin: Writable | undefined;
      let stdout: Readable | undefined;
      const running = await run(client, 'cat', {
        rootfs: host.rootfs,
        args: ['/bin/cat'],
        stdin: true,
        attach: (streams) => {
          stdin = streams.stdin;
          stdout = streams.stdout;
        },
      });
      assert.ok(stdin !== undefined && stdout !== undefined);
      const chunk = patternBytes(MIB);
      const sent = createHash('sha256');
      const received = createHash('sha256');
      let bytes = 0;
      let peakRss = 0;
      const rssBefore = process.memoryUsage.rss();
      const reading = (async () => {
        for await (const data of stdout) {
          received.update(data);
          bytes += data.length;
          peakRss = Math.max(peakRss, process.memoryUsage.rss());
        }
      })();
      for (let written = 0; written < total; written += MIB) {
        sent.update(chunk);
        if (!stdin.write(chunk)) await new Promise((resolve) => stdin?.once('drain', resolve));
      }
      await running.task.closeStdin();
      await reading;
      const exit = await finish(running);
      assert.equal(exit.code, 0);
      assert.equal(bytes, total);
      assert.equal(received.digest('hex'), sent.digest('hex'));
      assert.ok(peakRss - rssBefore < 64 * MIB, `memory grew by ${(peakRss - rssBefore) / MIB} MiB`);
    });

    it('lets a reader that stops hold back its own container and nothing else', async () => {
      let stalled: Readable | undefined;
      const writer = await run(client, 'writer', {
        rootfs: host.rootfs,
        args: sh(`i=0; while [ $i -lt 256 ]; do head -c 16384 /dev/zero; i=$((i+1)); echo $i >/tmp/progress; done`),
        attach: ({ stdout }) => {
          stalled = stdout;
        },
      });
      const progress = async (): Promise<number> => {
        const { readFile } = await import('node:fs/promises');
        return Number((await readFile(`${host.rootfs}/tmp/progress`, 'utf8').catch(() => '0')).trim() || '0') * 16384;
      };
      let last = -1;
      let since = Date.now();
      await until('the container stops writing', async () => {
        const now = await progress();
        if (now !== last) {
          last = now;
          since = Date.now();
        }
        return now > 0 && Date.now() - since > 500;
      });
      assert.ok(last < HELD_BACK_MAX, `${last} bytes were taken from a container nobody reads`);
      assert.equal(writer.task.state.status, 'running');
      let other: Promise<Buffer> | undefined;
      const quick = await run(client, 'quick', {
        rootfs: host.rootfs,
        args: ['/bin/echo', 'hello'],
        attach: ({ stdout }) => {
          other = stdout === undefined ? undefined : collect(stdout);
        },
      });
      assert.equal((await finish(quick)).code, 0);
      assert.equal(String(await other), 'hello\n');
      assert.ok(stalled !== undefined);
      const rest = await collect(stalled);
      assert.equal(rest.length, 256 * 16384);
      assert.equal((await finish(writer)).code, 0);
    });

    it('ends a container that reads stdin when the other end is closed before it started', async () => {
      const running = await run(client, 'early', {
        rootfs: host.rootfs,
        args: ['/bin/cat'],
        stdin: true,
        attach: ({ stdin, stdout }) => {
          stdin?.end('all there is');
          stdout?.resume();
        },
      });
      assert.equal((await finish(running)).code, 0);
    });

    it('gives up output that a process in the background holds open, after a moment', async () => {
      let output = '';
      const running = await run(client, 'orphans', {
        rootfs: host.rootfs,
        // The host's pid namespace would keep it; here the kernel ends it with init, so it is an exec's child.
        args: ['/bin/sleep', '1000'],
      });
      const exec = await running.task.exec(
        'orphan',
        { args: sh('echo said; sleep 900 & exit 5'), cwd: '/', env: ['PATH=/bin'] },
        { stdio: { attach: ({ stdout }) => void stdout?.on('data', (data) => (output += String(data))) } },
      );
      await exec.start();
      assert.equal((await exec.wait({ timeoutMs: 10_000 })).code, 5);
      await exec.delete({ timeoutMs: 30_000 });
      assert.equal(output, 'said\n');
      await discard(running);
    });
  });
}
