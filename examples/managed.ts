// Starts a containerd of its own, runs a container in it, runs a second process in that container, stops everything.
// Needs root, containerd and runc, and a folder with busybox in it: node managed.js ROOTFS
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, ManagedContainerd, type StdioStreams } from '../src/index.js';

const [rootfs] = process.argv.slice(2);
if (rootfs === undefined) throw new Error('usage: managed ROOTFS');

// A short name: the path of a socket ends at 107 bytes.
const folder = await mkdtemp('/tmp/managed-example-');
try {
  await run(rootfs, folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(rootfs: string, folder: string): Promise<void> {
  // Disposed of in reverse order: first the client, then containerd, which `stopOnClose` ends.
  await using containerd = await ManagedContainerd.start({
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    stopOnClose: true,
  });
  await using client = await connect({
    address: containerd.address,
    namespace: 'example',
    stateDir: join(folder, 'stdio'),
    // runc's own default folder is shared by all containerds of the machine.
    runtimeOptions: { kind: 'runc', root: join(folder, 'runc') },
  });
  const { version } = await client.version();
  console.log(`containerd ${version} runs as process ${containerd.pid}`);
  client.subscribe((event) => console.log(`event: ${event.type} ${event.processId}`));

  const container = await client.newContainer('web', {
    spec: {
      ociVersion: '1.0.2',
      root: { path: rootfs },
      process: { args: ['/bin/sleep', '1000'], cwd: '/' },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ],
      linux: {
        namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }, { type: 'network' }],
      },
    },
  });
  const task = await container.newTask();
  await task.start();

  const ps = await task.exec('ps', { args: ['/bin/busybox', 'ps'], cwd: '/' }, { stdio: { attach: print } });
  await ps.start();
  const { code } = await ps.wait({ timeoutMs: 10_000 });
  await ps.delete();
  console.log(`ps exited with ${code}`);

  await task.kill('SIGKILL');
  const exit = await task.wait({ timeoutMs: 10_000 });
  await task.delete();
  await container.delete();
  console.log(`sleep exited with ${exit.code}`);
}

function print({ stdout, stderr }: StdioStreams): void {
  stdout?.pipe(process.stdout);
  stderr?.pipe(process.stderr);
}
