// Embeds an engine: containers that have a life, logs, health and restarts, and that outlive this process.
// Needs root, a shim of containerd and runc, and a folder with busybox in it: node engine.js ROOTFS FOLDER
import { join } from 'node:path';
import { createEngine } from '../src/index.js';

const [rootfs, folder] = process.argv.slice(2);
if (rootfs === undefined || folder === undefined) throw new Error('usage: engine ROOTFS FOLDER');

await using engine = await createEngine({ root: join(folder, 'root'), state: join(folder, 'state') });

const { container } = await engine.create({
  name: 'web',
  config: {
    Cmd: ['/bin/sh', '-c', 'echo ready; sleep 1000'],
    Healthcheck: { Test: ['CMD', '/bin/true'], Interval: 100_000_000 },
  },
  hostConfig: { Memory: 64 * 1024 * 1024, NetworkMode: 'none', RestartPolicy: { Name: 'on-failure' } },
  rootfs: { kind: 'overlay', layers: [rootfs] },
});
await container.start();
console.log(`${container.name} is ${container.inspect().State.Status}, pid ${container.task?.pid}`);

const exec = container.exec({ Cmd: ['/bin/sh', '-c', 'hostname; exit 3'], AttachStdout: true });
exec.attach({ stdout: true }).stdout?.pipe(process.stdout);
await exec.start();
console.log(`exec ended with ${await exec.wait()}`);

await container.stop({ timeoutSeconds: 0 });
for await (const { line } of container.logs({ tail: 1 })) process.stdout.write(line);
console.log(`stopped with ${container.inspect().State.ExitCode}`);
await container.remove();
