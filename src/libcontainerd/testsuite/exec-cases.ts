import assert from 'node:assert/strict';
import type { Process, Task } from '../types.js';
import { Capture } from './capture.js';
import type { CaseContext } from './case-context.js';
import { within } from './deadline.js';
import { rejectsBecauseOf, rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';
import type { Workload } from './workload.js';

interface StartedExec {
  readonly process: Process;
  readonly capture: Capture;
}

interface ExecCaseOptions {
  readonly stdin?: boolean;
  readonly terminal?: boolean;
}

export function execCases(define: DefineCase): void {
  define('runs a process beside init, with its own stdio, pid and exit code', async (c) => {
    const { container, task, capture } = await c.ready({ do: 'sleep' });
    const exec = await startExec(c, task, 'web', { do: 'print', stdout: 'exec out', stderr: 'exec err', exit: 12 });
    assert.equal(exec.process.id, 'web');
    assert.equal(exec.process.containerId, container.id);
    assert.ok(exec.process.pid > 0);
    assert.notEqual(exec.process.pid, task.pid);
    const exit = await within('exec exit', exec.process.wait());
    assert.equal(exit.code, 12);
    assert.equal(exit.exitUnknown, false);
    assert.equal((await within('delete exec', exec.process.delete())).code, 12);
    await exec.capture.ended();
    assert.equal(exec.capture.stdout.toString(), 'exec out');
    assert.equal(exec.capture.stderr.toString(), 'exec err');
    assert.equal(capture.stdout.toString(), 'ready\n');
    assert.equal((await within('status', task.status())).status, 'running');
    await rejectsWith(exec.process.delete(), 'not-found');
  });

  define('goes from created to running to stopped', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const capture = new Capture();
    const exec = await addExec(c, task, 'web', { do: 'sleep' }, capture);
    assert.equal(exec.state.status, 'created');
    const waited = exec.wait();
    await within('start exec', exec.start());
    assert.equal(exec.state.status, 'running');
    await rejectsWith(exec.start(), 'failed-precondition');
    await capture.shows('ready');
    assert.deepEqual(await within('status', exec.status()), { status: 'running', pid: exec.pid });
    await rejectsWith(exec.delete(), 'failed-precondition');
    await within('kill', exec.kill('SIGTERM'));
    assert.equal((await within('exec exit', waited)).code, 143);
    assert.equal(exec.state.status, 'stopped');
    assert.equal((await within('status', exec.status())).exit?.code, 143);
    assert.equal(task.state.status, 'running');
  });

  define('kills the exec and not init', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const exec = await startExec(c, task, 'web', { do: 'sleep' });
    await exec.capture.shows('ready');
    await within('kill', exec.process.kill('SIGKILL'));
    assert.equal((await within('exec exit', exec.process.wait())).code, 137);
    await rejectsWith(exec.process.kill('SIGKILL'), 'not-found');
    assert.equal((await within('status', task.status())).status, 'running');
    await within('delete exec', exec.process.delete());
  });

  define('gives the exec its environment, its stdin and EOF', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const base = c.env.process({ do: 'env' });
    const capture = new Capture();
    const withEnv = { ...base, env: [...(base.env ?? []), 'GREETING=hallo welt'] };
    const env = await within('exec', task.exec('env', withEnv, { stdio: { attach: capture.attach } }));
    await within('start exec', env.start());
    assert.equal((await within('exec exit', env.wait())).code, 0);
    await within('delete exec', env.delete());
    await capture.ended();
    assert.match(capture.stdout.toString(), /^GREETING=hallo welt$/m);

    const cat = await startExec(c, task, 'cat', { do: 'cat' }, { stdin: true });
    cat.capture.stdin.write('echo me');
    await within('close stdin', cat.process.closeStdin());
    assert.equal((await within('exec exit', cat.process.wait())).code, 0);
    await within('delete exec', cat.process.delete());
    await cat.capture.ended();
    assert.equal(cat.capture.stdout.toString(), 'echo me');
  });

  define('refuses an exec id in use, and takes it again after the delete', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const first = await startExec(c, task, 'web', { do: 'exit', code: 1 });
    await rejectsWith(task.exec('web', c.env.process({ do: 'exit', code: 2 })), 'conflict', 'ERR_EXEC_EXISTS');
    assert.equal((await within('exec exit', first.process.wait())).code, 1);
    await rejectsWith(task.exec('web', c.env.process({ do: 'exit', code: 2 })), 'conflict', 'ERR_EXEC_EXISTS');
    await within('delete exec', first.process.delete());
    const second = await startExec(c, task, 'web', { do: 'exit', code: 2 });
    assert.equal((await within('exec exit', second.process.wait())).code, 2);
    assert.equal(first.process.state.exit?.code, 1);
    await within('delete exec', second.process.delete());
  });

  define('refuses an exec id in use by a process without stdio, and the id of init', async (c) => {
    const { container, task } = await c.ready({ do: 'sleep' });
    const bare = await within('exec', task.exec('web', c.env.process({ do: 'exit', code: 6 })));
    await rejectsWith(task.exec('web', c.env.process({ do: 'exit', code: 2 })), 'conflict', 'ERR_EXEC_EXISTS');
    await rejectsWith(task.exec(container.id, c.env.process({ do: 'exit', code: 2 })), 'conflict', 'ERR_EXEC_EXISTS');
    await within('start exec', bare.start());
    assert.equal((await within('exec exit', bare.wait())).code, 6);
    await within('delete exec', bare.delete());
  });

  define('refuses an illegal exec id and a process that cannot be run', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const good = c.env.process({ do: 'exit', code: 0 });
    for (const id of ['', '../x', 'a b']) {
      await rejectsWith(task.exec(id, good), 'invalid-argument', 'ERR_ID_INVALID');
    }
    await rejectsWith(task.exec('web', { ...good, args: [] }), 'invalid-argument', 'ERR_SPEC_INVALID');
    await rejectsWith(task.exec('web', { ...good, cwd: 'relative' }), 'invalid-argument', 'ERR_SPEC_INVALID');
  });

  define('leaves nothing of an exec whose program is missing', async (c) => {
    const log = c.eventLog();
    const { container, task } = await c.ready({ do: 'sleep' });
    const broken = await addExec(c, task, 'web', { do: 'missing' });
    await rejectsWith(broken.start(), 'invalid-argument', 'ERR_COMMAND_NOT_FOUND');
    await rejectsWith(broken.delete(), 'not-found');
    const again = await startExec(c, task, 'web', { do: 'exit', code: 8 });
    assert.equal((await within('exec exit', again.process.wait())).code, 8);
    await within('delete exec', again.process.delete());
    await log.exitOf(container.id, 'web');
    assert.equal((await within('status', task.status())).status, 'running');
  });

  define('leaves nothing of an exec whose attach rejects', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const reason = new Error('no reader');
    const process = c.env.process({ do: 'exit', code: 0 });
    await rejectsBecauseOf(task.exec('web', process, { stdio: { attach: () => Promise.reject(reason) } }), reason);
    const again = await startExec(c, task, 'web', { do: 'exit', code: 8 });
    assert.equal((await within('exec exit', again.process.wait())).code, 8);
    await within('delete exec', again.process.delete());
  });

  define('removes an exec that was never started', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const unstarted = await addExec(c, task, 'web', { do: 'exit', code: 1 });
    await within('delete exec', unstarted.delete());
    const again = await startExec(c, task, 'web', { do: 'exit', code: 8 });
    assert.equal((await within('exec exit', again.process.wait())).code, 8);
    await within('delete exec', again.process.delete());
  });

  define('ends outstanding execs when init ends', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const exec = await startExec(c, task, 'web', { do: 'sleep' });
    await exec.capture.shows('ready');
    await within('kill', task.kill('SIGKILL'));
    const [initExit, execExit] = await within('both exits', Promise.all([task.wait(), exec.process.wait()]));
    assert.equal(initExit.code, 137);
    assert.ok(execExit.code === 137 || execExit.exitUnknown, `exec ended with ${execExit.code}`);
    await within('delete', task.delete());
  });

  define('runs ten execs side by side', async (c) => {
    const { task } = await c.ready({ do: 'sleep' });
    const codes = Array.from({ length: 10 }, (_, n) => n + 30);
    const started = await Promise.all(
      codes.map((code) => startExec(c, task, `e${code}`, { do: 'print', stdout: `I am ${code}`, exit: code })),
    );
    for (const [n, { process, capture }] of started.entries()) {
      assert.equal((await within('exec exit', process.wait())).code, codes[n]);
      await within('delete exec', process.delete());
      await capture.ended();
      assert.equal(capture.stdout.toString(), `I am ${codes[n]}`);
    }
  });
}

async function addExec(
  c: CaseContext,
  task: Task,
  id: string,
  workload: Workload,
  capture = new Capture(),
  options: ExecCaseOptions = {},
): Promise<Process> {
  const process = { ...c.env.process(workload), terminal: options.terminal ?? false };
  const stdio = { attach: capture.attach, stdin: options.stdin ?? false };
  return await within('exec', task.exec(id, process, { stdio }));
}

export async function startExec(
  c: CaseContext,
  task: Task,
  id: string,
  workload: Workload,
  options: ExecCaseOptions = {},
): Promise<StartedExec> {
  const capture = new Capture();
  const process = await addExec(c, task, id, workload, capture, options);
  await within('start exec', process.start());
  return { process, capture };
}
