import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { OciProcess } from '../../oci/runtime-spec.js';
import { Capture } from '../testsuite/capture.js';
import type { Task } from '../types.js';
import { createFakeClient } from './host.js';
import type { FakeProgram } from './program.js';

interface Started {
  readonly task: Task;
  readonly capture: Capture;
}

/** Runs one program as init. */
async function start(
  program: FakeProgram,
  process: Partial<OciProcess> = {},
  capture = new Capture(),
): Promise<Started> {
  const client = createFakeClient({ programs: { it: program } });
  const spec = { ociVersion: '1.0.2', process: { args: ['it'], cwd: '/', ...process }, root: { path: '/' } };
  const container = await client.newContainer('web', { spec });
  const task = await container.newTask({ stdio: { attach: capture.attach, stdin: true } });
  await task.start();
  return { task, capture };
}

async function finish({ task, capture }: Started): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code } = await task.wait();
  await task.delete();
  await capture.ended();
  return { code, stdout: capture.stdout.toString(), stderr: capture.stderr.toString() };
}

const forEver = () => new Promise<never>(() => {});

/** Longer than any chain of promises between a program and its reader. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a program of the fake', () => {
  it('knows what it is and where', async () => {
    const started = await start(
      ({ id, containerId, pid, args, env, cwd, terminal, size, stdout, restoredFrom }) => {
        stdout.write(JSON.stringify({ id, containerId, pid, args, env, cwd, terminal, size, restoredFrom }));
        return 0;
      },
      { args: ['it', 'now'], env: ['A=b'], cwd: '/tmp' },
    );
    assert.deepEqual(JSON.parse((await finish(started)).stdout), {
      id: 'web',
      containerId: 'web',
      pid: started.task.pid,
      args: ['it', 'now'],
      env: ['A=b'],
      cwd: '/tmp',
      terminal: false,
      size: { width: 0, height: 0 },
    });
  });

  it('that throws ends with 1 and says why on stderr', async () => {
    const started = await start(async () => {
      throw new Error('it broke', { cause: new Error('a wheel came off') });
    });
    const { code, stderr } = await finish(started);
    assert.equal(code, 1);
    assert.equal(stderr, 'it broke: a wheel came off\n');
  });

  it('ends with the low byte of its code', async () => {
    assert.equal((await finish(await start(() => 256 + 7))).code, 7);
  });

  it('may end from anywhere, and what it writes then is lost', async () => {
    const started = await start(async ({ stdout, exit }) => {
      stdout.write('before');
      exit(4);
      stdout.write('after');
      await settled();
      stdout.write('long after');
      return 5;
    });
    assert.deepEqual(await finish(started), { code: 4, stdout: 'before', stderr: '' });
  });

  it('waits while nobody reads, and ends when somebody does', async () => {
    let written = 0;
    const program: FakeProgram = async ({ stdout }) => {
      for (; written < 100; written++) {
        await new Promise<void>((resolve) => stdout.write(Buffer.alloc(8192, 'x'), () => resolve()));
      }
      return 0;
    };
    const started = await start(program, {}, new Capture({ held: true }));
    await settled();
    // 64 KiB of the pipe, and what the unread stream takes for its first read.
    assert.ok(written >= 8 && written <= 24, `${written} blocks`);
    started.capture.read();
    assert.equal((await finish(started)).stdout.length, 100 * 8192);
  });

  it('ends after what it wrote last, however much and whoever waits for it', async () => {
    const started = await start(({ stdout, stderr }) => {
      for (let n = 0; n < 4; n++) {
        stdout.write(Buffer.alloc(50_000, 'x'));
        stderr.write(Buffer.alloc(50_000, 'y'));
      }
      return 2;
    });
    const { code, stdout, stderr } = await finish(started);
    assert.deepEqual([code, stdout.length, stderr.length], [2, 200_000, 200_000]);
  });

  it('hears signals by name and number, all but SIGKILL', async () => {
    const started = await start((process) => {
      process.onSignal((name, number) => process.stdout.write(`${name} ${number};`));
      return forEver();
    });
    await started.task.kill('SIGHUP');
    await started.task.kill(10);
    await started.capture.shows('SIGHUP 1;SIGUSR1 10;');
    await started.task.kill('SIGKILL');
    assert.equal((await finish(started)).code, 137);
  });

  it('without a handler is ended by a signal, unless that is harmless', async () => {
    const started = await start(forEver);
    await started.task.kill('SIGWINCH');
    await started.task.kill('SIGCHLD');
    assert.equal((await started.task.status()).status, 'running');
    await started.task.kill('SIGHUP');
    assert.equal((await finish(started)).code, 129);
  });

  it('is told when it was killed', async () => {
    let isTold = false;
    const started = await start(({ ended }) => {
      ended.addEventListener('abort', () => {
        isTold = true;
      });
      return forEver();
    });
    await settled();
    await started.task.kill('SIGKILL');
    await finish(started);
    assert.equal(isTold, true);
  });

  it('that reads stdin when it is killed fails nothing', async () => {
    const started = await start(async ({ stdin }) => {
      for await (const _ of stdin);
      return 0;
    });
    started.capture.stdin.write('some');
    await settled();
    await started.task.kill('SIGKILL');
    assert.equal((await finish(started)).code, 137);
    assert.equal(started.capture.stdin.destroyed, true);
  });

  it('has one stream and a size when it has a terminal', async () => {
    const started = await start(
      (process) => {
        process.stderr.write('to err\n');
        process.onResize(({ width, height }) => {
          process.stdout.write(`${width}x${height} ${process.size.width}\n`);
          process.exit(0);
        });
        return forEver();
      },
      { terminal: true },
    );
    await started.capture.shows('err');
    await started.task.resize(80, 24);
    assert.equal((await finish(started)).stdout, 'to err\r\n80x24 80\r\n');
  });

  it('does nothing while it is paused, not even end', async () => {
    let resume = () => {};
    const gate = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const started = await start(async ({ stdout }) => {
      stdout.write('early ');
      await gate;
      stdout.write('late');
      return 3;
    });
    await started.capture.shows('early');
    await started.task.pause();
    resume();
    await settled();
    assert.equal((await started.task.status()).status, 'paused');
    assert.equal(started.capture.stdout.toString(), 'early ');
    await started.task.resume();
    assert.deepEqual(await finish(started), { code: 3, stdout: 'early late', stderr: '' });
  });
});

describe('a checkpoint of the fake', () => {
  it('is what a later task starts from', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'fake-checkpoint-'));
    try {
      const client = createFakeClient({
        capabilities: { checkpoint: true },
        programs: { it: ({ restoredFrom }) => (restoredFrom === dir ? 9 : forEver()) },
      });
      const spec = { ociVersion: '1.0.2', process: { args: ['it'], cwd: '/' }, root: { path: '/' } };
      const container = await client.newContainer('web', { spec });
      await assert.rejects(container.newTask({ checkpointDir: dir }), { code: 'ERR_CHECKPOINT_FAILED' });
      const types: string[] = [];
      client.subscribe(({ type, run }) => void types.push(run === undefined ? `foreign ${type}` : type));
      const task = await container.newTask();
      await task.start();
      await task.checkpoint(dir);
      assert.equal((await task.status()).status, 'running');
      await task.checkpoint(dir, { exit: true });
      assert.equal((await task.wait()).code, 137);
      await task.delete();
      const restored = await container.newTask({ checkpointDir: dir });
      await restored.start();
      assert.equal((await restored.wait()).code, 9);
      await client.close();
      assert.deepEqual(types, ['create', 'start', 'checkpointed', 'checkpointed', 'exit', 'create', 'start', 'exit']);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
