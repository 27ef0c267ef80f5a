import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { patternBytes } from '../../../src/libcontainerd/testsuite/index.js';
import { missing, scaled } from '../host/requirements.js';
import { collect, finish, inParallel, run, sh } from '../host/run-container.js';
import { TestHost } from '../host/test-host.js';

const skip = missing('containerd', 'runc', 'busybox');
const MIB = 1024 * 1024;
const BURST_BYTES = 64 * 1024;

describe('many short containers', { skip }, () => {
  let host: TestHost;
  let client: RemoteClient;
  before(async () => {
    host = await TestHost.start();
    client = await host.client();
  });
  after(() => host.stop());

  async function printing(id: string, bytes: number, exitCode: number): Promise<{ output: Buffer; code: number }> {
    let output: Promise<Buffer> | undefined;
    const running = await run(client, id, {
      rootfs: host.rootfs,
      args: sh(`yes 0123456789abcdef | head -c ${bytes}; exit ${exitCode}`),
      attach: ({ stdout }) => {
        if (stdout !== undefined) output = collect(stdout);
      },
    });
    const exit = await finish(running);
    return { output: (await output) ?? Buffer.alloc(0), code: exit.code };
  }

  const churn = scaled(200, 20);
  it(`gives the exit code and every byte of 1 MiB of ${churn} containers, ten at a time, and leaves nothing`, async () => {
    await printing('warm-up', MIB, 0);
    const fdsBefore = openFds();
    const expected = patternBytes(MIB);
    await inParallel(churn, 10, async (index) => {
      const { output, code } = await printing(`churn-${index}`, MIB, index % 256);
      assert.equal(code, index % 256);
      assert.ok(output.equals(expected), `container ${index}: ${output.length} bytes of ${MIB}, or other ones`);
    });
    assert.deepEqual(await host.leftovers(), []);
    assert.deepEqual(openFds(), fdsBefore);
    assert.deepEqual(await client.containers(), []);
  });

  const bursts = scaled(500, 50);
  it(`loses nothing of 64 KiB that ${bursts} containers print right before they end`, async () => {
    const expected = patternBytes(BURST_BYTES);
    await inParallel(bursts, 4, async (index) => {
      const { output } = await printing(`burst-${index}`, BURST_BYTES, 0);
      assert.ok(output.equals(expected), `container ${index}: ${output.length} bytes of ${BURST_BYTES}`);
    });
    assert.deepEqual(await host.leftovers(), []);
  });
});

/** What is open by kind; the folder being read is one of them each time. */
function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}
