import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Client, EmbeddedCore, type StdioStreams } from '../src/index.js';
import { identify } from '../src/platform/process-identity.js';
import { leftovers, shimsOf } from '../test/integration/host/leftovers.js';
import { run } from '../test/integration/host/run-container.js';
import { until } from '../test/integration/host/until.js';
import type { DemoFolder } from './demo-folder.js';
import { title } from './demo-scenes.js';

const ENGINE = fileURLToPath(new URL('./demo-engine.js', import.meta.url));
const WAIT = { timeoutMs: 10_000 };

/** With a mounted rootfs, so that there is something to unmount. */
export async function killedShim(client: Client, folder: DemoFolder): Promise<void> {
  title('kill -9 of a shim');
  const rootfs = [{ type: 'bind', source: folder.rootfs, options: ['rbind', 'ro'] }];
  const args = ['/bin/sleep', '1000'];
  const { container, task } = await run(client, 'orphan', { rootfs: 'rootfs', args, task: { rootfs } });
  const shims = await shimsOf(folder.path);
  const shim = shims.find(({ command }) => command.includes(' -id orphan '));
  if (shim === undefined) throw new Error('the shim of the container is not there');
  console.log(`  shim ${shim.pid}, container ${task.pid}, ${await mountsIn(folder)} mount(s) of ours`);
  const killedAt = performance.now();
  process.kill(shim.pid, 'SIGKILL');
  const { code } = await task.wait(WAIT);
  console.log(`  exit ${code} after ${(performance.now() - killedAt).toFixed(0)} ms`);
  await task.delete();
  await container.delete();
  const state = hasEnded(task.pid) ? 'gone' : 'alive';
  console.log(`  the container's process is ${state}, ${await mountsIn(folder)} mount(s) of ours`);
}

/** A zombie has: who inherits the process of a dead shim may be slow to reap it. */
function hasEnded(pid: number): boolean {
  return identify(pid) === undefined;
}

async function mountsIn(folder: DemoFolder): Promise<number> {
  return (await leftovers(folder.path)).filter((each) => each.startsWith('mount ')).length;
}

/** An engine of its own dies, one of its containers ends meanwhile, and the next engine finds both. */
export async function killedEngine(folder: DemoFolder): Promise<void> {
  title('kill -9 of an engine, with lossless stdio');
  const [root, state] = [folder.at('engine-root'), folder.at('engine')];
  const gate = join(folder.rootfs, 'tmp/gate');
  spawnSync('mkfifo', [gate]);
  const child = spawn(process.execPath, [ENGINE, root, state, folder.rootfs, folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pids = await firstLine(child);
  const ticks = () => readFileSync(folder.at('goes-on.log'), 'utf8');
  await until('three ticks', () => ticks().includes('tick 3\n'), WAIT.timeoutMs);
  console.log(`  engine ${child.pid} runs ${JSON.stringify(pids)}; killing it`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  writeFileSync(gate, '');
  rmSync(gate);
  await until('the container to end', () => hasEnded(pids['last-words'] ?? 0), WAIT.timeoutMs);
  console.log('  while no engine runs, last-words prints 20000 bytes and ends with 7; goes-on goes on');

  const startedAt = performance.now();
  await using core = await EmbeddedCore.open({ root, state, stdio: 'lossless' });
  await using client = core.client();
  const attach =
    ({ id }: { readonly id: string }) =>
    ({ stdout }: StdioStreams) => {
      stdout?.on('data', (chunk: Buffer) => appendFileSync(folder.at(`${id}.log`), chunk));
    };
  const found = await client.restore({ attach });
  console.log(`  the next engine has them after ${(performance.now() - startedAt).toFixed(0)} ms:`);
  await until('ten ticks', () => ticks().includes('tick 10\n'), WAIT.timeoutMs);
  for (const { container, task, error } of found) {
    if (task === undefined) throw error ?? new Error(`${container.id} has no task`);
    const { status, pid, exit } = task.state;
    if (exit === undefined) await task.kill('SIGKILL');
    await task.wait(WAIT);
    await task.delete();
    await container.delete();
    const printed = readFileSync(folder.at(`${container.id}.log`), 'utf8');
    const what =
      exit === undefined ? `${status}, pid ${pid}` : `ended with ${exit.code} at ${exit.exitedAt.toISOString()}`;
    console.log(`  ${container.id.padEnd(10)}  ${what}; ${summary(printed)}`);
  }
}

function summary(printed: string): string {
  const lines = printed.trimEnd().split('\n');
  const ticks = lines.filter((line) => line.startsWith('tick'));
  if (ticks.length === 0) return `${printed.length} bytes of output`;
  return `ticks 1 to ${ticks.length}, ${ticks.every((line, i) => line === `tick ${i + 1}`) ? 'none is missing' : 'with gaps'}`;
}

async function firstLine({ stdout }: ChildProcess): Promise<Record<string, number>> {
  if (stdout !== null) for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  throw new Error('the engine ended before its containers ran');
}
