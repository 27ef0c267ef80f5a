import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineContainer } from '../../../src/daemon-core/index.js';
import { isAlive } from '../../../src/platform/process.js';
import { missing, SCALE, scaled } from '../host/requirements.js';
import { until } from '../host/until.js';
import { EngineHost, logOf, SLEEP, sh } from './engine-host.js';

/** On each side of the kill; 16 MB in all in the full run. The shim has a write for each few of them, so 50 MB take two minutes. */
const LINES = SCALE < 1 ? 60_000 : 1_000_000;
const CONTAINERS = scaled(50, 10);
const CHILD = fileURLToPath(new URL('./log-keeper-child.js', import.meta.url));
const WAIT = { timeoutMs: 120_000 };
const GATE = 'until [ -e /gate/go ]; do sleep 0.05; done';
/** What a keeper may have in memory: the writer's queue, and a read of each output. */
const MEMORY_BYTES = 2 * 1024 * 1024;

describe('the log keeper', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  let gate: string;
  before(async () => {
    host = await EngineHost.start({ logWriter: 'keeper', backend: { warmShims: 0 } });
    gate = join(host.folder, 'gate');
    await mkdir(gate);
  });
  after(async () => {
    await host.stop();
    await until('the keeper has ended', async () => (await keepersOf(host.folder)).length === 0);
  });

  it('loses nothing of those that print, and end, while the engine is dead', async () => {
    await host.engine.close();
    const printing = `seq 1 ${LINES}; ${GATE}; seq ${LINES + 1} ${2 * LINES}; exec sleep 1000`;
    const ending = `echo first; ${GATE}; seq 1 20000; printf "the last words"; exit 7`;
    const child = spawn(process.execPath, [CHILD, host.folder, host.rootfs, printing, ending], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until('both run', () => said.split('\n').length === 3, WAIT.timeoutMs);
    child.kill('SIGKILL');
    await once(child, 'close');
    const [first = '', second = ''] = said.split('\n');
    await writeFile(join(gate, 'go'), '');
    await until('all is on disk', () => endsWith(host, first, `${2 * LINES}\n`), 60_000);
    await until('the other one has ended', () => endsWith(host, second, 'the last words'));

    await host.reopen();
    const again = host.engine.container(first);
    assert.equal(again.inspect().State.Status, 'running');
    assertSame(await logOf(again), numbers(1, 2 * LINES));
    const ended = host.engine.container(second);
    assert.deepEqual([ended.inspect().State.Status, ended.inspect().State.ExitCode], ['exited', 7]);
    assertSame(await logOf(ended), `first\n${numbers(1, 20_000)}the last words`);
    await rm(join(gate, 'go'));
    await host.removeAll();
  });

  it('is started again when it is killed, and nothing that was written or is in the pipe is lost', async () => {
    const c = await gated(host, gate, `seq 1 1000; ${GATE}; seq 1001 40000`);
    await until('the first are written', async () => (await logOf(c)) === numbers(1, 1000));
    const [pid = 0] = await keepersOf(host.folder);
    process.kill(pid, 'SIGKILL');
    const exit = c.wait('not-running', WAIT);
    await writeFile(join(gate, 'go'), '');
    assert.equal((await exit).exitCode, 0);
    assertSame(await logOf(c), numbers(1, 40_000));
    assert.notEqual((await keepersOf(host.folder))[0], pid);
    await rm(join(gate, 'go'));
    await c.remove();
  });

  it('loses no more than it had in memory when it is killed in the middle of much output', async () => {
    const c = await gated(host, gate, `seq 1 ${LINES}`);
    await until('it writes', async () => (await stat(c.inspect().LogPath)).size > 0);
    const [pid = 0] = await keepersOf(host.folder);
    process.kill(pid, 'SIGKILL');
    assert.equal((await c.wait('not-running', WAIT)).exitCode, 0);
    const all = numbers(1, LINES);
    const got = await logOf(c);
    let same = 0;
    while (same < got.length && got[same] === all[same]) same += 1;
    assert.ok(all.endsWith(got.slice(same)), 'what comes after the gap is whole');
    assert.ok(all.length - got.length <= MEMORY_BYTES, `${all.length - got.length} bytes were lost`);
    await c.remove();
  });

  it('gives an attachment all from the first byte, and a follow all to the end', async () => {
    const c = await host.create(sh('echo out; echo err >&2; seq 1 5000; printf end'));
    const attached = c.attach({ stdout: true, stderr: true });
    const out = textOf(attached.stdout);
    const err = textOf(attached.stderr);
    await c.start();
    const followed: Buffer[] = [];
    for await (const { stream, line } of c.logs({ follow: true })) if (stream === 'stdout') followed.push(line);
    assert.equal(await attached.done, 'ended');
    assertSame(await out, `out\n${numbers(1, 5000)}end`);
    assert.equal(await err, 'err\n');
    assertSame(Buffer.concat(followed).toString(), `out\n${numbers(1, 5000)}end`);
    // A second run: only what comes after the attach.
    const second = c.attach({ stdout: true });
    const again = textOf(second.stdout);
    await c.start();
    assertSame(await again, `out\n${numbers(1, 5000)}end`);
    await c.remove({ force: true });
  });

  it('follows its log over rotations', async () => {
    const options = { 'max-size': '64k', 'max-file': '100', compress: 'true' };
    const c = await host.create(sh('seq 1 30000'), { LogConfig: { Type: 'json-file', Config: options } });
    const attached = c.attach({ stdout: true });
    const out = textOf(attached.stdout);
    await c.start();
    assertSame(await out, numbers(1, 30_000));
    await c.wait('not-running', WAIT);
    assertSame(await logOf(c), numbers(1, 30_000));
    assert.ok((await readdir(join(c.inspect().LogPath, '..'))).length > 10);
    await c.remove();
  });

  it(`writes for ${CONTAINERS} containers at once, being one process`, async () => {
    const all = await Promise.all(
      Array.from({ length: CONTAINERS }, async (_, i) => {
        const c = await host.create(sh(`seq ${i} ${i + 2000}; exit ${i}`));
        const ended = c.wait('next-exit', WAIT);
        await c.start();
        return { c, ended };
      }),
    );
    for (const [i, { c, ended }] of all.entries()) {
      assert.equal((await ended).exitCode, i);
      assertSame(await logOf(c), numbers(i, i + 2000));
    }
    assert.equal((await keepersOf(host.folder)).length, 1);
    await host.removeAll();
  });

  it('gives way to an engine that writes by itself', async () => {
    const c = await gated(host, gate, `seq 1 1000; ${GATE}; seq 1001 2000`);
    await host.engine.close();
    const [pid = 0] = await keepersOf(host.folder);
    host.engine = await createEngine({ ...host.options, logWriter: 'engine' });
    await until('the keeper has ended', () => !isAlive(pid));
    await writeFile(join(gate, 'go'), '');
    const again = host.engine.container(c.id);
    await again.wait('not-running', WAIT);
    assertSame(await logOf(again), numbers(1, 2000));
    await rm(join(gate, 'go'));
    await host.removeAll();
    await host.reopen();
  });

  it('leaves those to the engine whose bytes somebody wants as they are', async () => {
    const c = await host.create({ ...sh('printf "\\377prompt: "'), AttachStdout: true });
    const attached = c.attach({ stdout: true });
    const chunks: Buffer[] = [];
    attached.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    await c.start();
    assert.equal(await attached.done, 'ended');
    assert.equal(Buffer.concat(chunks).toString('latin1'), '\u00ffprompt: ');
    await c.wait('not-running', WAIT);
    await c.remove();
  });

  it('can be opened by nobody but its user', async () => {
    const socket = join(host.folder, 'state/engine/log-keeper.sock');
    assert.equal((await stat(socket)).mode & 0o777, 0o600);
    const c = await host.running(SLEEP);
    assert.equal((await stat(c.inspect().LogPath)).mode & 0o777, 0o640 & ~process.umask());
    await c.remove({ force: true });
  });
});

async function gated(host: EngineHost, gate: string, script: string): Promise<EngineContainer> {
  assert.equal(existsSync(join(gate, 'go')), false);
  return host.running(sh(script), { Binds: [`${gate}:/gate`] });
}

/** Whether the last entry on disk is this one. */
async function endsWith(host: EngineHost, id: string, log: string): Promise<boolean> {
  const file = await open(join(host.folder, 'root/engine/containers', id, `${id}-json.log`));
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, Math.max(0, size - 512));
    const last = buffer.toString('latin1', 0, bytesRead).trimEnd().split('\n').at(-1) ?? '';
    return last.startsWith(`{"log":${JSON.stringify(log)},`);
  } finally {
    await file.close();
  }
}

function numbers(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join('');
}

/** A diff of megabytes helps nobody. */
function assertSame(got: string, expected: string): void {
  if (got === expected) return;
  let at = 0;
  while (got[at] === expected[at]) at += 1;
  assert.fail(
    `${got.length} characters for ${expected.length}; from ${at} on ${JSON.stringify(got.slice(at, at + 60))} ` +
      `for ${JSON.stringify(expected.slice(at, at + 60))}`,
  );
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** The pids of the log keepers of this folder. */
async function keepersOf(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command.split('\0').includes(join(folder, 'state/engine/log-keeper.sock')) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
