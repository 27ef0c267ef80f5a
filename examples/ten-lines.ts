import { connect } from '../src/index.js';

const [rootfs, folder = '/run/ten-lines'] = process.argv.slice(2);
if (rootfs === undefined) throw new Error('usage: ten-lines ROOTFS [FOLDER]');

const client = await connect({ root: `${folder}/root`, state: `${folder}/state` });
const container = await client.newContainer('ten-lines', {
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
