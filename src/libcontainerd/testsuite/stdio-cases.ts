import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AttachStdio, StdioStreams } from '../types.js';
import { Capture } from './capture.js';
import type { CaseContext, StartedTask } from './case-context.js';
import { SCALE, within } from './deadline.js';
import { rejectsBecauseOf, rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';
import { patternBytes } from './workload.js';

const PIPE_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

export function stdioCases(define: DefineCase): void {
  define('keeps stdout and stderr apart and complete', async (c) => {
    const { task, capture } = await c.started({ do: 'print', stdout: 'to out\n', stderr: 'to err\n', exit: 3 });
    assert.equal(await finish({ task, capture }), 3);
    assert.equal(capture.stdout.toString(), 'to out\n');
    assert.equal(capture.stderr.toString(), 'to err\n');
    assert.equal(capture.streams?.terminal, false);
    assert.equal(capture.streams?.stdin, undefined);
  });

  define('delivers 1 MiB byte for byte', async (c) => {
    await printsExactly(c, MIB);
  });

  define('loses nothing of a process that prints 64 KiB and ends at once', async (c) => {
    for (let round = 0; round < 20 * SCALE; round++) await printsExactly(c, PIPE_BYTES);
  });

  define('delivers the output of a process nobody waits for before it is deleted', async (c) => {
    const log = c.eventLog();
    const { container, task, capture } = await c.started({ do: 'print-bytes', bytes: 3 * PIPE_BYTES });
    await log.exitOf(container.id);
    await within('delete', task.delete());
    await capture.ended();
    assert.ok(capture.stdout.equals(patternBytes(3 * PIPE_BYTES)));
  });

  define('delivers all to a reader that begins only when the process is being deleted', async (c) => {
    const capture = new Capture({ held: true });
    const { task } = await c.started({ do: 'print-bytes', bytes: PIPE_BYTES }, { capture });
    await within('exit', task.wait());
    const deleted = task.delete();
    capture.read();
    await within('delete', deleted);
    await capture.ended();
    assert.ok(capture.stdout.equals(patternBytes(PIPE_BYTES)), `${capture.stdout.length} bytes of ${PIPE_BYTES}`);
  });

  define('gives an output to who consumes it, each chunk for the time of a call', async (c) => {
    const bytes = MIB + 1;
    const taken: Buffer[] = [];
    let ends = 0;
    const errors = new Capture();
    const container = await c.container({ do: 'print-bytes', bytes });
    const attach: AttachStdio = ({ stdout, stderr, ...rest }) => {
      assert.ok(stdout?.consume !== undefined, 'the backend has no streams that can be consumed');
      const flow = stdout.consume({
        write(chunk) {
          taken.push(Buffer.from(chunk));
          // Held back now and then; going on from within the call would not be heard.
          if (taken.length % 3 !== 0) return true;
          setImmediate(() => flow.resume());
          return false;
        },
        end() {
          ends++;
        },
      });
      return errors.attach({ stdout: undefined, stderr, ...rest });
    };
    const task = await c.newTask(container, { stdio: { attach } });
    await within('start', task.start());
    assert.equal(await finish({ task, capture: errors }), 0);
    assert.ok(Buffer.concat(taken).equals(patternBytes(bytes)));
    assert.equal(ends, 1);
  });

  define('hands stdin to the process, and EOF after what was written', async (c) => {
    const { task, capture } = await c.started({ do: 'cat' }, { stdin: true });
    capture.stdin.write('first ');
    await capture.shows('first ');
    capture.stdin.write('second');
    await within('close stdin', task.closeStdin());
    assert.equal(await finish({ task, capture }), 0);
    assert.equal(capture.stdout.toString(), 'first second');
  });

  define('closes stdin any number of times, also where there is none', async (c) => {
    const { task, capture } = await c.started({ do: 'cat' }, { stdin: true });
    await within('close stdin', Promise.all([task.closeStdin(), task.closeStdin()]));
    await within('close stdin', task.closeStdin());
    assert.equal(await finish({ task, capture }), 0);
    const without = await c.ready({ do: 'sleep' });
    await within('close stdin', without.task.closeStdin());
  });

  define('carries 1 MiB through stdin and back', async (c) => {
    const { task, capture } = await c.started({ do: 'cat' }, { stdin: true });
    const bytes = patternBytes(MIB);
    await within('write', new Promise((resolve) => capture.stdin.write(bytes, resolve)));
    await within('close stdin', task.closeStdin());
    assert.equal(await finish({ task, capture }), 0);
    assert.ok(capture.stdout.equals(bytes), `${capture.stdout.length} bytes of ${bytes.length}`);
  });

  define('gives EOF to a process that was given no stdin', async (c) => {
    const { task, capture } = await c.started({ do: 'cat' });
    assert.equal(await finish({ task, capture }), 0);
    assert.equal(capture.stdout.length, 0);
  });

  define('runs a process with no stdio at all', async (c) => {
    const container = await c.container({ do: 'print-bytes', bytes: 4 * PIPE_BYTES, exit: 6 });
    const task = await c.newTask(container);
    await within('start', task.start());
    assert.equal((await within('exit', task.wait())).code, 6);
    await within('delete', task.delete());
  });

  define('gives a terminal one raw stream', async (c) => {
    const { task, capture } = await c.started(
      { do: 'print', stdout: 'one\n', stderr: 'two\n', exit: 4 },
      { terminal: true },
    );
    assert.equal(await finish({ task, capture }), 4);
    assert.equal(capture.streams?.terminal, true);
    assert.equal(capture.streams?.stderr, undefined);
    assert.equal(capture.stdout.toString().replaceAll('\r\n', '\n'), 'one\ntwo\n');
  });

  define('attaches before create returns, and before any output', async (c) => {
    const steps: string[] = [];
    const container = await c.container({ do: 'print', stdout: 'early' });
    const capture = new Capture();
    const task = await c.newTask(container, {
      stdio: {
        attach: async (streams) => {
          await new Promise((resolve) => setImmediate(resolve));
          steps.push('attached');
          await capture.attach(streams);
        },
      },
    });
    steps.push('created');
    assert.deepEqual(steps, ['attached', 'created']);
    await within('start', task.start());
    assert.equal(await finish({ task, capture }), 0);
    assert.equal(capture.stdout.toString(), 'early');
  });

  define('fails the create when attach rejects, and leaves nothing of the task', async (c) => {
    const container = await c.container({ do: 'exit', code: 0 });
    const reason = new Error('no log driver');
    const opened: StdioStreams[] = [];
    const attach: AttachStdio = (streams) => {
      opened.push(streams);
      return Promise.reject(reason);
    };
    await rejectsBecauseOf(c.newTask(container, { stdio: { attach, stdin: true } }), reason);
    for (const stream of opened.flatMap(({ stdin, stdout, stderr }) => [stdin, stdout, stderr])) {
      if (stream?.destroyed === false) await within('end of an unused stream', once(stream, 'close'));
    }
    await rejectsWith(container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
    const capture = new Capture();
    const task = await c.newTask(container, { stdio: { attach: capture.attach } });
    await within('start', task.start());
    assert.equal(await finish({ task, capture }), 0);
  });

  define('holds back only the container whose output nobody reads', async (c) => {
    const slow = await c.started({ do: 'print-bytes', bytes: MIB }, { capture: new Capture({ held: true }) });
    await printsExactly(c, MIB);
    assert.equal((await within('status', slow.task.status())).status, 'running');
    slow.capture.read();
    assert.equal(await finish(slow), 0);
    assert.ok(slow.capture.stdout.equals(patternBytes(MIB)));
  });
}

async function printsExactly(c: CaseContext, bytes: number): Promise<void> {
  const { container, task, capture } = await c.started({ do: 'print-bytes', bytes });
  assert.equal(await finish({ task, capture }), 0);
  assert.ok(capture.stdout.equals(patternBytes(bytes)), `${capture.stdout.length} bytes of ${bytes}`);
  await within('delete container', container.delete());
}

/** Waits, deletes and reads to the end; gives the exit code. */
async function finish({ task, capture }: Pick<StartedTask, 'task' | 'capture'>): Promise<number> {
  const exit = await within('exit', task.wait(), 60_000);
  await within('delete', task.delete(), 30_000);
  await capture.ended();
  return exit.code;
}
