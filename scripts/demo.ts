// npm run demo: real containers through the library, on the embedded core, with no containerd. `--remote` has them on a
// containerd of the demo's own. Without root or Linux the same calls go to the in-memory fake, which runs no container.
import { missing } from '../test/integration/host/requirements.js';
import { DemoFolder } from './demo-folder.js';

/** A demo that hangs must not stay; nor what it started. */
const LIMIT_MS = 55_000;

const isRemote = process.argv.includes('--remote');
const problem = missing(...(isRemote ? ['containerd'] : []), 'containerd-shim-runc-v2', 'runc', 'busybox');
if (problem === false) await withContainers();
else {
  console.log(`demo: cannot run containers here: ${problem}`);
  const { fakeDemo } = await import('./demo-fake.js');
  await fakeDemo();
}

async function withContainers(): Promise<void> {
  const folder = await DemoFolder.make();
  const giveUp = async (why: string, exitCode: number) => {
    console.error(`\ndemo: ${why}`);
    await folder.clear();
    process.exit(exitCode);
  };
  const timer = setTimeout(() => void giveUp(`not done after ${LIMIT_MS / 1000} s`, 1), LIMIT_MS);
  process.once('SIGINT', () => void giveUp('interrupted', 130));
  process.once('SIGTERM', () => void giveUp('terminated', 143));
  try {
    const { remoteDemo } = await import('./demo-remote.js');
    const { localDemo } = await import('./demo-local.js');
    await (isRemote ? remoteDemo(folder) : localDemo(folder));
  } finally {
    const left = await folder.clear();
    console.log(`\nleft behind: ${left.length === 0 ? 'nothing' : left.join('; ')}`);
    if (left.length > 0) process.exitCode = 1;
    clearTimeout(timer);
  }
}
