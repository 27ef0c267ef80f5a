// Run as a child process: an engine with two containers. In one an exec has been OOM-killed when it says so; in the other one
// its init eats memory in a child of its own as soon as this process is gone. Arguments: folder, rootfs, bytes
// of memory, and the address of a containerd when one runs them.
import process from 'node:process';
import { createEngine, type HostConfig } from '../../../src/daemon-core/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { until } from '../host/until.js';
import { engineOptions, SLEEP, sh } from './engine-host.js';

const [, , folder = '', rootfs = '', memory, address] = process.argv;
const MEMORY = Number(memory);
const hostConfig: HostConfig = { NetworkMode: 'none', Memory: MEMORY, MemorySwap: MEMORY };
const eater = 'x=x; while :; do x=$x$x; done';

const engine = await createEngine(
  engineOptions(folder, { backend: address === undefined ? { warmShims: 0 } : { address } }),
);
const layers = { kind: 'overlay', layers: [rootfs] } as const;
const { container: seen } = await engine.create({ name: 'seen', config: SLEEP, hostConfig, rootfs: layers });
await seen.start();
const exec = seen.exec({ Cmd: ['/bin/sh', '-c', eater] });
await exec.start({ detach: true });
await exec.wait({ timeoutMs: scaledMs(20_000) });
await until('the kill is seen', () => seen.inspect().State.OOMKilled, scaledMs(10_000));
const config = sh(`while [ -e /engine/${process.pid}/cmdline ]; do sleep 0.01; done; sh -c '${eater}'; sleep 1000`);
const { container: unseen } = await engine.create({
  name: 'unseen',
  config,
  hostConfig: { ...hostConfig, Binds: ['/proc:/engine:ro'] },
  rootfs: layers,
});
await unseen.start();
console.log('ready');
setInterval(() => {}, 60_000);
