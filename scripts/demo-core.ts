import { createEngine, type Engine, type HostConfig, serveEngineMetrics } from '../src/index.js';
import { until } from '../test/integration/host/until.js';
import type { DemoFolder } from './demo-folder.js';
import { title } from './demo-scenes.js';

const MEMORY = 16 * 1024 * 1024;
const EAT = 'x=x; while :; do x=$x$x; done';
const MS = 1_000_000;
const WAIT = { timeoutMs: 20_000 };

/** The daemon core: containers with a life, over a restart of the engine too. */
export async function coreDemo(folder: DemoFolder): Promise<void> {
  title('an engine: containers with names, logs, health and restarts');
  const options = { root: folder.at('engine'), state: folder.at('engine-state') };
  const engine = await createEngine(options);
  await oneLife(engine, folder.rootfs);
  await outOfMemory(engine, folder.rootfs);
  await restarts(engine, folder.rootfs);
  await healthy(engine, folder.rootfs);
  await statsAndMetrics(engine);
  await engine.close();
  console.log('  the engine is closed; the container "web" goes on');
  await using again = await createEngine(options);
  const web = again.container('web');
  console.log(`  the next engine finds it ${web.inspect().State.Status}, pid ${web.inspect().State.Pid}`);
  for (const container of again.list()) await container.remove({ force: true });
}

async function make(engine: Engine, rootfs: string, name: string, script: string, hostConfig: HostConfig = {}) {
  const { container } = await engine.create({
    name,
    config: { Cmd: ['/bin/sh', '-c', script] },
    hostConfig: { NetworkMode: 'none', ...hostConfig },
    rootfs: { kind: 'overlay', layers: [rootfs] },
  });
  return container;
}

async function oneLife(engine: Engine, rootfs: string): Promise<void> {
  const c = await make(engine, rootfs, 'hello', 'echo "hello from $(hostname)"; exit 3');
  const ended = c.wait('next-exit', WAIT);
  await c.start();
  console.log(`  hello exited with ${(await ended).exitCode}; its log has:`);
  for await (const { stream, line } of c.logs()) process.stdout.write(`  | ${stream}: ${line}`);
  const { container } = await engine.create({
    name: 'wrong',
    config: { Cmd: ['/none'] },
    hostConfig: { NetworkMode: 'none' },
    rootfs,
  });
  await container.start().catch(() => {});
  console.log(`  /none: exit code ${container.inspect().State.ExitCode}`);
}

async function outOfMemory(engine: Engine, rootfs: string): Promise<void> {
  const c = await make(engine, rootfs, 'hungry', 'sleep 1000', { Memory: MEMORY, MemorySwap: MEMORY });
  await c.start();
  const exec = c.exec({ Cmd: ['/bin/sh', '-c', EAT] });
  await exec.start({ detach: true });
  const code = await exec.wait(WAIT);
  await until('OOMKilled shows', () => c.inspect().State.OOMKilled);
  const { Status, OOMKilled } = c.inspect().State;
  console.log(`  hungry: an exec ended with ${code}; ${Status}, OOMKilled ${OOMKilled}, ${c.inspect().OOM.kills} kill`);
  await c.restart({ timeoutSeconds: 0 });
  console.log(`  hungry, started again: OOMKilled ${c.inspect().State.OOMKilled}`);
}

async function restarts(engine: Engine, rootfs: string): Promise<void> {
  const c = await make(engine, rootfs, 'flaky', 'exit 1', {
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
  });
  await c.start();
  await until('it has given up', () => c.inspect().State.Status === 'exited');
  console.log(`  flaky: ${c.inspect().RestartCount} restarts, then exited with ${c.inspect().State.ExitCode}`);
}

async function healthy(engine: Engine, rootfs: string): Promise<void> {
  const { container } = await engine.create({
    name: 'web',
    config: { Cmd: ['/bin/sleep', '1000'], Healthcheck: { Test: ['CMD', '/bin/true'], Interval: 50 * MS } },
    hostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
    rootfs: { kind: 'overlay', layers: [rootfs] },
  });
  await container.start();
  await until('it is healthy', () => container.inspect().State.Health?.Status === 'healthy');
  console.log(`  web is ${container.inspect().State.Status} and ${container.inspect().State.Health?.Status}`);
}

/** What `docker stats` and Prometheus read. */
async function statsAndMetrics(engine: Engine): Promise<void> {
  for await (const sample of engine.container('web').stats({ stream: false }, WAIT)) {
    const { memory_stats: memory, pids_stats: pids, cpu_stats: cpu, precpu_stats: before } = sample;
    const used = (cpu.cpu_usage.total_usage ?? 0n) - (before.cpu_usage.total_usage ?? 0n);
    console.log(
      `  web: ${memory.usage} bytes of ${memory.limit}, ${pids.current} pid, ${used} ns of CPU since the last sample`,
    );
    console.log(`  this platform cannot report: ${sample.unsupported_fields?.join(', ') || 'nothing'}`);
  }
  const metrics = await serveEngineMetrics(engine, { address: '127.0.0.1:0' });
  const text = await (await fetch(`http://${metrics.address}/metrics`)).text();
  await metrics.close();
  const series = text.split('\n').filter((line) => line.startsWith('container_'));
  console.log(`  /metrics has ${series.length} series of containers, such as`);
  for (const line of series.filter((line) => /^container_memory_(usage_)?usage_bytes/.test(line)))
    console.log(`  | ${line}`);
}
