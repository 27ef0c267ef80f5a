import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CanceledError, DeadlineExceededError, UnavailableError } from '../../errdefs/index.js';
import { createFakeHost, type FakeHost, type FakePrograms } from '../../libcontainerd/fake/index.js';
import type { Task } from '../../libcontainerd/types.js';
import { type ExecProbeOptions, execProbe, type ProbeEvent } from './exec-probe.js';

const never = () => new Promise<number>(() => {});

const PROGRAMS: FakePrograms = {
  sleep: never,
  print: ({ args, stdout, stderr }) => {
    stdout.write(args[1] ?? '');
    stderr.write(args[2] ?? '');
    return Number(args[3]);
  },
  'print-and-hang': ({ stdout }) => {
    stdout.write('so far');
    return never();
  },
};

interface Bench {
  readonly host: FakeHost;
  readonly task: Task;
  readonly events: ProbeEvent[];
  probe(args: readonly string[], options?: Partial<ExecProbeOptions>): ReturnType<typeof execProbe>;
}

async function bench(): Promise<Bench> {
  const host = createFakeHost({ programs: PROGRAMS });
  const process = { args: ['sleep'], cwd: '/' };
  const spec = { ociVersion: '1.0.2', process, root: { path: '/rootfs' } };
  const task = await (await host.client().newContainer('web', { spec })).newTask();
  await task.start();
  const events: ProbeEvent[] = [];
  return {
    host,
    task,
    events,
    probe: (args, options = {}) =>
      execProbe(task, {
        args,
        timeoutMs: 30_000,
        maxOutputBytes: 4_096,
        signal: new AbortController().signal,
        processOf: async (given) => ({ args: given, cwd: '/' }),
        on: (event) => events.push(event),
        ...options,
      }),
  };
}

/** Only the init is left, and every exec that was made was deleted. */
async function assertNothingLeft({ host, task }: Bench): Promise<void> {
  assert.deepEqual(await task.pids(), [task.pid]);
  const calls = host.calls();
  assert.equal(calls.get('Tasks/DeleteProcess') ?? 0, calls.get('Tasks/Exec') ?? 0);
}

describe('execProbe', () => {
  it('gives code and output, and deletes the exec', async () => {
    const b = await bench();
    assert.deepEqual(await b.probe(['print', 'out', 'err', '3']), { exitCode: 3, output: 'outerr' });
    assert.deepEqual(b.events, [{ type: 'create' }, { type: 'start' }, { type: 'die', exitCode: 3 }]);
    await assertNothingLeft(b);
    assert.deepEqual(await b.probe(['print', '', '', '0']), { exitCode: 0, output: '' });
  });

  it('cuts the output', async () => {
    const b = await bench();
    const { output } = await b.probe(['print', 'x'.repeat(10_000), '', '0']);
    assert.equal(output, `${'x'.repeat(4_093)}...`);
  });

  it('kills what exceeds its time', async () => {
    const b = await bench();
    assert.deepEqual(await b.probe(['sleep'], { timeoutMs: 20 }), {
      exitCode: -1,
      output: 'Health check exceeded timeout (20ms)',
    });
    assert.deepEqual(b.events.at(-1), { type: 'die', exitCode: 137 });
    await assertNothingLeft(b);
    assert.deepEqual(await b.probe(['print-and-hang'], { timeoutMs: 20 }), {
      exitCode: -1,
      output: 'Health check exceeded timeout (20ms): so far',
    });
    await assertNothingLeft(b);
  });

  it('kills what nobody waits for any more, and says so only then', async () => {
    const b = await bench();
    const abort = new AbortController();
    const probing = b.probe(['sleep'], {
      signal: abort.signal,
      on: ({ type }) => {
        if (type === 'start') abort.abort();
      },
    });
    await assert.rejects(probing, CanceledError);
    await assertNothingLeft(b);
    await assert.rejects(b.probe(['sleep'], { signal: AbortSignal.abort() }), CanceledError);
    await assertNothingLeft(b);
  });

  it('has a time of its own for the start', async () => {
    const b = await bench();
    const slow = b.probe(['sleep'], { startTimeoutMs: 20, processOf: () => new Promise(() => {}) });
    await assert.rejects(slow, (err: unknown) => {
      return (
        err instanceof DeadlineExceededError && err.message === 'timed out starting health check for container web'
      );
    });
    assert.deepEqual(b.events, []);
    await assertNothingLeft(b);
  });

  it('leaves nothing of a command that is not there', async () => {
    const b = await bench();
    const nothing = () => b.probe(['nothing'], { execId: 'again' });
    await assert.rejects(nothing(), { code: 'ERR_COMMAND_NOT_FOUND' });
    assert.deepEqual(b.events, [{ type: 'create' }]);
    await assert.rejects(nothing(), { code: 'ERR_COMMAND_NOT_FOUND' });
    assert.deepEqual(await b.task.pids(), [b.task.pid]);
  });

  it('tries again where the exec cannot be killed or deleted at once', async () => {
    const b = await bench();
    const fail = (method: 'Tasks/Kill' | 'Tasks/DeleteProcess') =>
      b.host.failNext(method, new UnavailableError('away'));
    fail('Tasks/Kill');
    fail('Tasks/DeleteProcess');
    assert.equal((await b.probe(['sleep'], { timeoutMs: 20 })).exitCode, -1);
    assert.deepEqual(await b.task.pids(), [b.task.pid]);
    fail('Tasks/DeleteProcess');
    assert.equal((await b.probe(['print', '', '', '0'])).exitCode, 0);
    const before = b.host.calls().get('Tasks/Exec');
    assert.equal(before, 2);
    await assert.rejects(
      (async () => {
        for (let i = 0; i < 3; i++) fail('Tasks/Kill');
        await b.probe(['sleep'], { timeoutMs: 20 });
      })(),
      UnavailableError,
    );
  });

  it('ends with the container', async () => {
    const b = await bench();
    const probing = b.probe(['sleep'], {
      on: ({ type }) => {
        if (type === 'start') void b.task.kill('SIGKILL');
      },
    });
    assert.equal((await probing).exitCode, 137);
  });

  it('uses another id each time, or the one given', async () => {
    const b = await bench();
    await b.probe(['print', '', '', '0'], { execId: 'mine' });
    await b.probe(['print', '', '', '0'], { execId: 'mine' });
    await Promise.all(Array.from({ length: 5 }, () => b.probe(['print', '', '', '0'])));
    await assertNothingLeft(b);
  });
});
