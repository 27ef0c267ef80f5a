import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, EmbeddedCore } from '../src/index.js';
import { discard, finish, inParallel, type Running, run } from '../test/integration/host/run-container.js';
import { until } from '../test/integration/host/until.js';
import { coreDemo } from './demo-core.js';
import { killedEngine, killedShim } from './demo-faults.js';
import { containerds, type DemoFolder } from './demo-folder.js';
import { exitCodes, inspectStatsExec, outOfMemory, output, printEvents, title, wrongProgram } from './demo-scenes.js';

const STARTS = 5;

/** The embedded core: shims and an OCI runtime, and no containerd. */
export async function localDemo(folder: DemoFolder): Promise<void> {
  const { rootfs } = folder;
  await using core = await EmbeddedCore.open({ root: folder.at('root'), state: folder.at('state') });
  {
    await using client = core.client({ namespace: 'demo' });
    const { name, version } = await client.version();
    title(`${name} ${version} in process ${process.pid}; files in ${folder.path}`);
    console.log(`  runtimes here: ${(await core.runtimes()).join(', ')}`);
    printEvents(client);
    await output(client, rootfs);
    await exitCodes(client, rootfs);
    await inspectStatsExec(client, rootfs);
    await wrongProgram(client, rootfs);
    await outOfMemory(client, rootfs);
    await killedShim(client, folder);
  }
  await whoRuns(core, folder);
  await core.close();
  await coreDemo(folder);
  await killedEngine(folder);
  await warmStarts(folder);
}

async function whoRuns(core: EmbeddedCore, folder: DemoFolder): Promise<void> {
  title('which processes there are while three containers run');
  await using client = core.client({ namespace: 'demo' });
  const running: Running[] = [];
  await inParallel(3, 3, async (index) => {
    running.push(await run(client, `idle-${index}`, { rootfs: folder.rootfs, args: ['/bin/sleep', '1000'] }));
  });
  for (const { pid, command } of await folder.processes()) {
    console.log(`  ${pid}  ${command.replaceAll(`${folder.path}/`, '')}`);
  }
  const others = containerds();
  console.log(`  pidof containerd: ${others === '' ? '(none)' : `${others}, not the demo's`}`);
  await Promise.all(running.map(discard));
}

/** From `newContainer` to the answer of `start`, one after another, with the same runtime. */
async function warmStarts(folder: DemoFolder): Promise<void> {
  title(`warm shims: ${STARTS} starts each, from newContainer to running, in ms as seen here`);
  for (const warmShims of [0, 2]) {
    const state = folder.at(warmShims === 0 ? 'cold' : 'warm');
    await using core = await EmbeddedCore.open({ root: `${state}-root`, state, warmShims });
    await using client = core.client({ namespace: 'demo' });
    const times: number[] = [];
    for (let index = 0; index < STARTS; index++) {
      await until('the warm shims to be ready', async () => (await readyShims(state)) >= warmShims);
      times.push(await timeToRun(client, `start-${index}`, folder.rootfs));
    }
    console.log(`  ${warmShims === 0 ? 'cold' : 'warm'}   ${times.map((ms) => ms.toFixed(0).padStart(4)).join(' ')}`);
  }
}

async function timeToRun(client: Client, id: string, rootfs: string): Promise<number> {
  const startedAt = performance.now();
  const started = await run(client, id, { rootfs, args: ['/bin/true'] });
  const tookMs = performance.now() - startedAt;
  await finish(started);
  return tookMs;
}

/** A warm shim that can be taken has written down where it listens. */
async function readyShims(state: string): Promise<number> {
  const folder = join(state, 'warm', 'demo');
  const names = await readdir(folder).catch(() => []);
  const ready = await Promise.all(
    names.map((name) =>
      access(join(folder, name, 'bootstrap.json')).then(
        () => true,
        () => false,
      ),
    ),
  );
  return ready.filter(Boolean).length;
}
