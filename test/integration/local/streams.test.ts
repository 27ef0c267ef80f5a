import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogStream, LogWriter } from '../../../src/daemon-core/logs/log-driver.js';
import { StreamHub } from '../../../src/daemon-core/streams/stream-hub.js';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { createLogger } from '../../../src/log/logger.js';
import { LocalHost } from '../host/local-host.js';
import { missing, scaled } from '../host/requirements.js';
import { discard, finish, run, sh } from '../host/run-container.js';
import { until } from '../host/until.js';

const MIB = 2 ** 20;
const LINE = 'all work and no play makes jack a dull boy\n';
const GROWTH_MAX = 64 * MIB;
const log = createLogger();

/** A log that only sums up, so that what is measured is the way to it. */
class HashLog implements LogWriter {
  readonly error = undefined;
  readonly droppedBytes = 0;
  readonly #hash = createHash('sha256');
  bytes = 0;

  write(_stream: LogStream, chunk: Buffer): boolean {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    return true;
  }

  async ready(): Promise<void> {}
  async close(): Promise<void> {}
  digest = () => this.#hash.digest('hex');
}

async function digestOf(stream: Readable | undefined): Promise<{ bytes: number; digest: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream ?? []) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest('hex') };
}

function patternDigest(bytes: number): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(LINE.length * 16_384, LINE);
  for (let left = bytes; left > 0; left -= block.length) hash.update(block.subarray(0, Math.min(left, block.length)));
  return hash.digest('hex');
}

describe('output of containers on its way to a log and readers', {
  skip: missing('containerd-shim-runc-v2', 'runc', 'busybox'),
}, () => {
  let host: LocalHost;
  let client: LocalClient;
  let spillFolder: string;
  before(async () => {
    host = await LocalHost.start();
    client = await host.client();
    spillFolder = join(host.folder, 'spill');
    await mkdir(spillFolder);
  });
  after(() => host.stop());

  it('is whole for a log, a fast reader and one that reads only at the end, in little memory', async () => {
    const bytes = scaled(200, 20) * MIB;
    const hub = new StreamHub({ terminal: false, spillFolder, log });
    const [slow, fast] = [hub.attach({ stdout: true }), hub.attach({ stdout: true, stderr: true })];
    const writer = new HashLog();
    fast.stderr?.resume();
    const read = digestOf(fast.stdout);
    const before = process.memoryUsage.rss();
    let peak = 0;
    fast.stdout?.on('data', () => {
      peak = Math.max(peak, process.memoryUsage.rss() - before);
    });
    const args = sh(`yes "$1" | head -c ${bytes}`);
    const running = await run(client, 'much', {
      rootfs: host.rootfs,
      args: [...args, 'sh', LINE.trimEnd()],
      task: { stdio: hub.stdio({ stdin: false, writer }) },
    });
    assert.equal((await running.task.wait({ timeoutMs: 120_000 })).code, 0);
    await until('all of it in the log', () => writer.bytes === bytes, 60_000);
    // Nobody waits for the reader that does not read.
    await hub.end({ signal: AbortSignal.abort() });
    const expected = patternDigest(bytes);
    assert.equal(writer.digest(), expected);
    assert.deepEqual(await read, { bytes, digest: expected });
    assert.ok(peak < GROWTH_MAX, `grew by ${peak / MIB} MiB`);
    assert.deepEqual(readdirSync(spillFolder), []);
    await finish(running);
    assert.equal(hub.attachments, 1);
    assert.deepEqual(await digestOf(slow.stdout), { bytes, digest: expected });
    assert.equal(await slow.done, 'ended');
  });

  it('that never stops leaves time for everything else', async () => {
    const count = 4;
    const running = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const hub = new StreamHub({ terminal: false, spillFolder, log });
        const writer = new HashLog();
        const args = sh('exec yes');
        const stdio = hub.stdio({ stdin: false, writer });
        return {
          hub,
          writer,
          ...(await run(client, `noisy-${index}`, { rootfs: host.rootfs, args, task: { stdio } })),
        };
      }),
    );
    const wanted = scaled(64, 8) * MIB;
    const laps: number[] = [];
    while (running.some(({ writer }) => writer.bytes < wanted)) {
      const before = performance.now();
      await turn();
      laps.push(performance.now() - before);
    }
    laps.sort((a, b) => a - b);
    const p99 = laps[Math.floor(laps.length * 0.99)] ?? Number.NaN;
    assert.ok(p99 < 50, `p99 of a turn of the event loop: ${p99} ms`);
    const amounts = running.map(({ writer }) => writer.bytes);
    assert.ok(Math.min(...amounts) * 20 > Math.max(...amounts), `one got much less than the others: ${amounts}`);
    for (const { hub, ...rest } of running) {
      await rest.task.kill('SIGKILL');
      await rest.task.wait({ timeoutMs: 30_000 });
      await hub.end();
      await discard(rest);
    }
  });
});
