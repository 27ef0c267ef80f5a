// Run as a child process: an engine on an embedded core that does everything all the time, to be killed in the middle.
// Arguments: root, state, runtime, warm shims, rootfs. Prints a line when it begins.
import { connectLocal } from '../../../src/libcontainerd/local/linux/connect.js';
import { run } from '../host/run-container.js';

const [, , root = '', state = '', runtime = '', warm = '', rootfs = ''] = process.argv;
const client = await connectLocal({ root, state, runtime, warmShims: Number(warm) });
const SLEEP = ['/bin/sleep', '1000'];

async function live(id: string): Promise<never> {
  for (;;) {
    const { container, task } = await run(client, id, {
      rootfs,
      args: SLEEP,
      attach: ({ stdout }) => void stdout?.resume(),
    });
    const exec = await task.exec('e', { args: SLEEP, cwd: '/' });
    await exec.start();
    await task.kill('SIGKILL');
    await task.wait();
    await task.delete();
    await container.delete();
  }
}

console.log('begin');
await Promise.all([live('busy-0'), live('busy-1')]);
