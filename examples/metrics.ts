// Shows the metrics of an engine and its containers to Prometheus.
// Needs root, a shim of containerd and runc, and a folder with busybox in it: node metrics.js ROOTFS FOLDER
import { join } from 'node:path';
import { createEngine, serveEngineMetrics } from '../src/index.js';

const [rootfs, folder] = process.argv.slice(2);
if (rootfs === undefined || folder === undefined) throw new Error('usage: metrics ROOTFS FOLDER');

await using engine = await createEngine({ root: join(folder, 'root'), state: join(folder, 'state') });
const metrics = await serveEngineMetrics(engine, { address: '127.0.0.1:0' });

const { container } = await engine.create({
  config: { Cmd: ['/bin/sleep', '1000'] },
  hostConfig: { NetworkMode: 'none' },
  rootfs: { kind: 'overlay', layers: [rootfs] },
});
await container.start();

const response = await fetch(`http://${metrics.address}/metrics`);
const shown = /^(engine_containers\{state="running"\}|container_pids_current|engine_container_start\w+_count)/;
for (const line of (await response.text()).split('\n')) if (shown.test(line)) console.log(line);

await container.remove({ force: true });
await metrics.close();
