import type { Readable } from 'node:stream';
import { type Client, errorText, isInvalidArgument, type OciProcess, type StdioStreams } from '../src/index.js';
import { collect, finish, run, sh } from '../test/integration/host/run-container.js';
import { until } from '../test/integration/host/until.js';

const MIB = 1024 * 1024;
const WAIT = { timeoutMs: 20_000 };

/** Doubles a string until the kernel ends the shell. */
const EAT = 'x=x; while :; do x=$x$x; done';

export function title(line: string): void {
  console.log(`\n${line}`);
}

/** Prints each event as it comes. */
export function printEvents(client: Client): void {
  client.subscribe((event) => {
    const { type, containerId, processId, pid } = event;
    const exec = processId === containerId ? '' : ` ${processId}`;
    const code = event.type === 'exit' ? ` code ${event.exit.code}` : '';
    console.log(`  event   ${containerId} ${type}${exec}${pid === 0 ? '' : ` pid ${pid}`}${code}`);
  });
}

/** For `attach`: keeps all that is printed. */
export function hear(): { attach: (streams: StdioStreams) => void; said: () => Promise<string> } {
  let output: Promise<Buffer> | undefined;
  return {
    attach: ({ stdout }: { stdout: Readable | undefined }) => {
      if (stdout !== undefined) output = collect(stdout);
    },
    said: async () => String((await output) ?? ''),
  };
}

export async function output(client: Client, rootfs: string): Promise<void> {
  title("a container's output");
  const { attach, said } = hear();
  const args = sh('echo "Hello from pid $$ in a container of $(hostname)"; ls -d /*; ps | head -3');
  await finish(await run(client, 'hello', { rootfs, args, attach }));
  console.log((await said()).replaceAll(/^/gm, '  | '));
}

export async function exitCodes(client: Client, rootfs: string): Promise<void> {
  title('exit codes: 0, 42, and 137 for one that was killed');
  for (const script of ['exit 0', 'exit 42', 'sleep 100']) {
    const started = await run(client, `exit-${script.split(' ')[1]}`, { rootfs, args: sh(script) });
    if (script.startsWith('sleep')) await started.task.kill('SIGKILL', { all: true });
    const { code, exitedAt } = await finish(started);
    console.log(`  sh -c '${script}' -> ${code} at ${exitedAt.toISOString()}`);
  }
}

export async function inspectStatsExec(client: Client, rootfs: string): Promise<void> {
  title('inspect, stats, pause, exec');
  const resources = { memory: { limit: 64 * MIB } };
  const { container, task } = await run(client, 'web', { rootfs, args: ['/bin/sleep', '1000'], resources });
  const { id, runtime, spec } = container;
  console.log('  inspect', JSON.stringify({ id, runtime, args: spec.process?.args, ...task.state }));
  console.log(`  stats   ${await sampleOf(client, 'web')}`);
  await task.pause();
  console.log(`  pause   ${task.state.status}`);
  await task.resume();
  const process: OciProcess = { args: sh('echo "I am $(id -u) in $(hostname)"; exit 5'), cwd: '/', env: ['PATH=/bin'] };
  const { attach, said } = hear();
  const exec = await task.exec('who', process, { stdio: { attach } });
  await exec.start();
  const { code } = await exec.wait(WAIT);
  console.log(`  exec    "${(await said()).trim()}", exit code ${code}`);
  await exec.delete();
  await task.forceDelete();
  await container.delete();
}

async function sampleOf(client: Client, id: string): Promise<string> {
  const sample = (await client.stats([id])).get(id);
  if (sample?.kind === 'cgroup1') {
    const { memory, cpu, pids } = sample.data;
    return `memory ${memory?.usage?.usage} of ${memory?.usage?.limit} bytes, cpu ${cpu?.usage?.total} ns, ${pids?.current} pids`;
  }
  if (sample?.kind === 'cgroup2') {
    const { memory, cpu, pids } = sample.data;
    return `memory ${memory?.usage} of ${memory?.usageLimit} bytes, cpu ${cpu?.usageUsec} us, ${pids?.current} pids`;
  }
  return 'none';
}

export async function wrongProgram(client: Client, rootfs: string): Promise<void> {
  title('a program that is not there');
  try {
    await run(client, 'mistake', { rootfs, args: ['no-such-program'] });
  } catch (err) {
    if (!isInvalidArgument(err)) throw err;
    console.log(`  ${err instanceof Error && 'code' in err ? err.code : ''}: ${errorText(err)}`);
  }
  await (await client.loadContainer('mistake')).delete();
}

/** The init waits for its stdin to end, so that there is time to look between the kill and the exit. */
export async function outOfMemory(client: Client, rootfs: string): Promise<void> {
  title('an OOM kill in a container of 16 MiB');
  const { attach: hearOutput, said } = hear();
  let stdin: StdioStreams['stdin'];
  const attach = (streams: StdioStreams) => {
    stdin = streams.stdin;
    hearOutput(streams);
  };
  const args = sh(`sh -c '${EAT}'; code=$?; echo "a child of mine ended with $code"; cat; exit $code`);
  const resources = { memory: { limit: 16 * MIB, swap: 16 * MIB } };
  const started = await run(client, 'greedy', { rootfs, args, resources, stdin: true, attach });
  const { task } = started;
  await until('the OOM kill to be heard of', () => task.state.oomKilled, WAIT.timeoutMs);
  const { status, oomKilled, oomKills } = task.state;
  console.log(`  state   ${JSON.stringify({ status, oomKilled, oomKills })}`);
  stdin?.end();
  const { code } = await finish(started);
  console.log(`  exit    ${code}, oomKilled ${task.state.oomKilled}; it said: "${(await said()).trim()}"`);
}
