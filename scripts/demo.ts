// npm run demo: real containers through the library, on a containerd of the demo's own. Without root or Linux the same
// calls go to the in-memory fake, which runs no container.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  connectRemote,
  errorText,
  isInvalidArgument,
  ManagedContainerd,
  type OciProcess,
  type StdioStreams,
  type Task,
} from '../src/index.js';
import type { RemoteClient } from '../src/libcontainerd/remote/client.js';
import { missing } from '../test/integration/host/requirements.js';
import { makeRootfs } from '../test/integration/host/rootfs.js';
import { containerSpec } from '../test/integration/host/spec.js';

const MIB = 1024 * 1024;

const problem = missing('containerd', 'runc', 'busybox');
if (problem === false) await demo();
else await withoutContainers(problem);

async function demo(): Promise<void> {
  const folder = await mkdtemp('/tmp/lcd-demo-');
  const containerd = await ManagedContainerd.start({ root: join(folder, 'root'), state: join(folder, 'state') });
  const rootfs = await makeRootfs(join(folder, 'rootfs'));
  try {
    const client = await connectRemote({
      address: containerd.address,
      namespace: 'demo',
      stateDir: join(folder, 'stdio'),
      runtimeOptions: { kind: 'runc', root: join(folder, 'runc') },
    });
    const { version } = await client.version();
    title(`containerd ${version}, pid ${containerd.pid}, in ${folder}`);
    client.subscribe(({ type, containerId, processId, pid }) => {
      console.log(`  event  ${containerId} ${type}${processId === containerId ? '' : ` ${processId}`} pid ${pid}`);
    });
    await exitCodes(client, rootfs);
    await inspectStatsExec(client, rootfs);
    await mistakes(client, rootfs);
    await output(client, rootfs);
    await client.close();
  } finally {
    await containerd.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function exitCodes(client: RemoteClient, rootfs: string): Promise<void> {
  title('exit codes: 0, 42, and 137 for one that was killed');
  const script = ['exit 0', 'exit 42', 'kill -9 $$; sleep 100'];
  for (const [index, line] of script.entries()) {
    const { container, task } = await start(client, `exit-${index}`, rootfs, ['/bin/sh', '-c', line]);
    if (index === 2) await task.kill('SIGKILL');
    const { code, exitedAt } = await task.wait({ timeoutMs: 30_000 });
    console.log(`  sh -c '${line}' -> ${code} at ${exitedAt.toISOString()}`);
    await task.delete();
    await container.delete();
  }
}

async function inspectStatsExec(client: RemoteClient, rootfs: string): Promise<void> {
  title('inspect, stats, pause, exec');
  const before = total(client);
  const { container, task } = await start(client, 'web', rootfs, ['/bin/sleep', '1000'], 64 * MIB);
  console.log(
    '  inspect',
    JSON.stringify({ id: container.id, runtime: container.runtime, args: container.spec.process?.args, ...task.state }),
  );
  const sample = (await client.stats(['web'])).get('web');
  if (sample?.kind === 'cgroup1') {
    const { memory, cpu, pids } = sample.data;
    console.log(
      `  stats   memory ${memory?.usage?.usage} of ${memory?.usage?.limit} bytes, cpu ${cpu?.usage?.total} ns, ${pids?.current} pids`,
    );
  } else if (sample?.kind === 'cgroup2') {
    const { memory, cpu, pids } = sample.data;
    console.log(
      `  stats   memory ${memory?.usage} of ${memory?.usageLimit} bytes, cpu ${cpu?.usageUsec} us, ${pids?.current} pids`,
    );
  }
  await task.pause();
  console.log(`  pause   ${task.state.status}`);
  await task.resume();
  let said: Promise<string> | undefined;
  const process: OciProcess = {
    args: ['/bin/sh', '-c', 'echo "I am $(id -u) in $(hostname)"; exit 5'],
    cwd: '/',
    env: ['PATH=/bin'],
  };
  const attach = ({ stdout }: StdioStreams) => {
    said = text(stdout);
  };
  const exec = await task.exec('who', process, { stdio: { attach } });
  await exec.start();
  const { code } = await exec.wait({ timeoutMs: 30_000 });
  console.log(`  exec    "${(await said)?.trim()}", exit code ${code}`);
  await exec.delete();
  await task.forceDelete();
  await container.delete();
  console.log(`  calls   ${total(client) - before} to containerd for all of it`);
}

async function mistakes(client: RemoteClient, rootfs: string): Promise<void> {
  title('a program that is not there');
  const spec = containerSpec({ rootfs, process: { args: ['no-such-program'], cwd: '/', env: ['PATH=/bin'] } });
  const container = await client.newContainer('mistake', { spec });
  try {
    await container.newTask();
  } catch (err) {
    if (!isInvalidArgument(err)) throw err;
    console.log(`  ${err instanceof Error && 'code' in err ? err.code : ''}: ${errorText(err)}`);
  }
  await container.delete();
}

async function output(client: RemoteClient, rootfs: string): Promise<void> {
  title("a container's output");
  const script = 'echo "Hello from pid $$ in a container of $(hostname)"; ls -d /*; ps | head -3';
  let said: Promise<string> | undefined;
  const { container, task } = await start(client, 'hello', rootfs, ['/bin/sh', '-c', script], undefined, (stdout) => {
    said = text(stdout);
  });
  await task.wait({ timeoutMs: 30_000 });
  await task.delete();
  await container.delete();
  console.log(`\n${await said}`);
}

async function start(
  client: RemoteClient,
  id: string,
  rootfs: string,
  args: readonly string[],
  memoryLimit?: number,
  onStdout: (stdout: Readable | undefined) => void = (stdout) => void stdout?.resume(),
) {
  const resources = memoryLimit === undefined ? {} : { memory: { limit: memoryLimit } };
  const spec = containerSpec({ rootfs, process: { args, cwd: '/', env: ['PATH=/bin'] }, resources });
  const container = await client.newContainer(id, { spec });
  const task: Task = await container.newTask({ stdio: { attach: ({ stdout }) => onStdout(stdout) } });
  await task.start();
  return { container, task };
}

async function text(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function total(client: RemoteClient): number {
  return [...client.rpcCounts().values()].reduce((sum, count) => sum + count, 0);
}

function title(line: string): void {
  console.log(`\n${line}`);
}

async function withoutContainers(why: string): Promise<void> {
  console.log(`demo: cannot run containers here: ${why}`);
  console.log(
    'demo: the same calls on the in-memory fake, which runs a program of JavaScript in place of a container:',
  );
  const { createFakeClient } = await import('../src/libcontainerd/fake/index.js');
  const client = createFakeClient({
    programs: {
      hello: async (program) => {
        program.stdout.write('Hello from the fake\n');
        return 42;
      },
    },
  });
  const container = await client.newContainer('hello', {
    spec: { ociVersion: '1.0.2', process: { args: ['hello'], cwd: '/' }, root: { path: '/nowhere' } },
  });
  let said: Promise<string> | undefined;
  const attach = ({ stdout }: StdioStreams) => {
    said = text(stdout);
  };
  const task = await container.newTask({ stdio: { attach } });
  await task.start();
  const { code } = await task.wait({ timeoutMs: 10_000 });
  console.log(`  ${(await said)?.trim()}, exit code ${code}`);
  await task.delete();
  await container.delete();
  await client.close();
}
