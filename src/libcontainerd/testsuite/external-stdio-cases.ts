import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { FifoStdio } from '../../cio/fifo-stdio.js';
import type { ExternalOutput } from '../types.js';
import { Capture } from './capture.js';
import { within } from './deadline.js';
import { rejectsBecauseOf } from './expect-error.js';
import type { DefineCase } from './suite-run.js';
import { patternBytes } from './workload.js';

const MIB = 1024 * 1024;

/** Plays the process that reads: the FIFOs are opened by path, by nothing of the client's. */
class ElsewhereReader {
  readonly capture = new Capture();
  output: ExternalOutput | undefined;
  #stdio: FifoStdio | undefined;

  readonly external = async (output: ExternalOutput): Promise<void> => {
    this.output = output;
    const { stdout, stderr, terminal } = output;
    this.#stdio = await FifoStdio.openExisting({ stdin: '', stdout, stderr, terminal });
    await this.capture.attach(this.#stdio.streams);
  };

  /** All that was printed until the process ended. */
  async all(): Promise<Buffer> {
    this.#stdio?.processExited();
    await this.capture.ended();
    return this.capture.stdout;
  }

  /** As a reader that dies: what it has not read stays for the next one. */
  async leave(): Promise<void> {
    await this.#stdio?.close({ removeFiles: false });
  }
}

/** Output that another process reads. */
export function externalStdioCases(define: DefineCase): void {
  define('hands the FIFOs out before the first byte, and removes them with the task', async (c) => {
    const reader = new ElsewhereReader();
    const container = await c.container({ do: 'print', stdout: 'to out', stderr: 'to err', exit: 3 });
    const task = await c.newTask(container, { stdio: reader });
    const { stdout = '', stderr = '', terminal, stdin } = reader.output ?? {};
    assert.ok(existsSync(stdout) && existsSync(stderr));
    assert.deepEqual([terminal, stdin], [false, undefined]);
    await within('start', task.start());
    assert.equal((await within('exit', task.wait())).code, 3);
    assert.equal((await reader.all()).toString(), 'to out');
    assert.equal(reader.capture.stderr.toString(), 'to err');
    await within('delete', task.delete());
    assert.deepEqual([existsSync(stdout), existsSync(stderr)], [false, false]);
    await reader.leave();
  });

  define('loses no byte of a process that prints and ends at once', async (c) => {
    for (const bytes of [1, MIB]) {
      const reader = new ElsewhereReader();
      const task = await c.newTask(await c.container({ do: 'print-bytes', bytes }), { stdio: reader });
      await within('start', task.start());
      await within('exit', task.wait());
      assert.ok((await reader.all()).equals(patternBytes(bytes)));
      await within('delete', task.delete());
      await reader.leave();
    }
  });

  define('keeps stdin, and gives one FIFO with a terminal', async (c) => {
    const reader = new ElsewhereReader();
    const container = await c.container({ do: 'cat' });
    const task = await c.newTask(container, { stdio: { external: reader.external, stdin: true } });
    reader.output?.stdin?.end('through stdin');
    await within('start', task.start());
    assert.equal((await within('exit', task.wait())).code, 0);
    assert.equal((await reader.all()).toString(), 'through stdin');
    await within('delete', task.delete());
    await reader.leave();

    const second = new ElsewhereReader();
    const withTerminal = await c.container({ do: 'print', stdout: 'one\n' }, { terminal: true });
    const other = await c.newTask(withTerminal, { stdio: second });
    assert.deepEqual([second.output?.stderr, second.output?.terminal], ['', true]);
    await within('start', other.start());
    await within('exit', other.wait());
    assert.equal((await second.all()).toString(), 'one\r\n');
    await within('delete', other.delete());
    await second.leave();
  });

  define('makes no task when the reader cannot be had', async (c) => {
    const reason = new Error('no reader');
    let paths: readonly string[] = [];
    const container = await c.container({ do: 'exit', code: 0 });
    const refused = container.newTask({
      stdio: {
        external: ({ stdout, stderr }) => {
          paths = [stdout, stderr];
          throw reason;
        },
      },
    });
    await rejectsBecauseOf(refused, reason);
    assert.deepEqual(
      paths.filter((path) => existsSync(path)),
      [],
    );
  });

  define(
    'goes on without its client, and gives the next one the same FIFOs',
    async (c) => {
      const before = await c.newClient();
      const reader = new ElsewhereReader();
      const container = await c.container({ do: 'sleep' }, { client: before });
      const task = await c.newTask(container, { stdio: reader });
      await within('start', task.start());
      await reader.capture.shows('ready');
      await within('close', before.close());

      const after = await c.newClient();
      let again: ExternalOutput | undefined;
      const attach = {
        external: (output: ExternalOutput) => {
          again = output;
        },
      };
      const restored = await within(
        'restore',
        after.restore({ attach: ({ id }) => (id === container.id ? attach : undefined) }),
      );
      const found = restored.find((each) => each.container.id === container.id);
      assert.ok(found?.task !== undefined, String(found?.error));
      assert.deepEqual([again?.stdout, again?.stderr], [reader.output?.stdout, reader.output?.stderr]);
      await within('kill', found.task.kill('SIGTERM'));
      assert.equal((await within('exit', found.task.wait())).code, 143);
      assert.equal((await reader.all()).toString(), 'ready\n');
      await within('delete', found.task.delete());
      await within('delete container', found.container.delete());
      await reader.leave();
    },
    { capability: 'liveAttach' },
  );
}
