import { connectRemote, ManagedContainerd } from '../src/index.js';
import type { DemoFolder } from './demo-folder.js';
import { exitCodes, inspectStatsExec, outOfMemory, output, printEvents, title, wrongProgram } from './demo-scenes.js';

/** The same scenes over a containerd that the demo starts and stops. */
export async function remoteDemo(folder: DemoFolder): Promise<void> {
  const { rootfs } = folder;
  await using containerd = await ManagedContainerd.start({
    root: folder.at('root'),
    state: folder.at('state'),
    stopOnClose: true,
  });
  await using client = await connectRemote({
    address: containerd.address,
    namespace: 'demo',
    stateDir: folder.at('stdio'),
    runtimeOptions: { kind: 'runc', root: folder.at('runc') },
  });
  const { version } = await client.version();
  title(`containerd ${version}, pid ${containerd.pid}, in ${folder.path}`);
  printEvents(client);
  await exitCodes(client, rootfs);
  const total = () => [...client.rpcCounts().values()].reduce((sum, count) => sum + count, 0);
  const before = total();
  await inspectStatsExec(client, rootfs);
  console.log(`  calls   ${total() - before} to containerd for all of it`);
  await wrongProgram(client, rootfs);
  await outOfMemory(client, rootfs);
  await output(client, rootfs);
}
