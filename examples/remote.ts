// The ten lines over a containerd that runs already: only `connect` differs. Needs root: node remote.js ROOTFS [ADDRESS]
import { connect } from '../src/index.js';

const [rootfs, address = '/run/containerd/containerd.sock'] = process.argv.slice(2);
if (rootfs === undefined) throw new Error('usage: remote ROOTFS [ADDRESS]');

const client = await connect({ address });
const container = await client.newContainer('remote-example', {
  spec: {
    ociVersion: '1.0.2',
    root: { path: rootfs },
    process: { args: ['/bin/echo', 'hello from a container'], cwd: '/' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    ],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] },
  },
});
const task = await container.newTask({
  stdio: {
    attach: ({ stdout, stderr }) => {
      stdout?.pipe(process.stdout);
      stderr?.pipe(process.stderr);
    },
  },
});
await task.start();
const { code } = await task.wait();
await task.delete();
await container.delete();
await client.close();
process.exitCode = code;
