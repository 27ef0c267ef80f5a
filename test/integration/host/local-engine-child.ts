// Run as a child process: an engine on an embedded core that starts containers and is killed by its test. Arguments: root,
// state, stdio mode, rootfs, folder of its logs, number of containers, number of those that end when the gate opens.
// Writes what each prints into a file at once, as an engine's log driver would; prints a JSON line when all run.
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { connectLocal } from '../../../src/libcontainerd/local/linux/connect.js';
import { inParallel, run, sh } from './run-container.js';

const [, , root = '', state = '', stdio = '', rootfs = '', logs = '', count = '', ending = ''] = process.argv;
const client = await connectLocal({ root, state, stdio: stdio === 'lossless' ? 'lossless' : 'plain' });

const pids: Record<string, number> = {};
await inParallel(Number(count), 4, async (index) => {
  const id = `crash-${index}`;
  const log = openSync(join(logs, id), 'a');
  const args =
    index < Number(ending)
      ? sh(`echo begin; : </tmp/gate; yes 0123456789abcde | head -c 40000; exit ${10 + index}`)
      : sh(`trap 'exit 21' TERM; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.3; done`);
  const { task } = await run(client, id, {
    rootfs,
    args,
    attach: ({ stdout }) => {
      stdout?.on('data', (chunk: Buffer) => writeSync(log, chunk));
    },
  });
  pids[id] = task.pid;
});
console.log(JSON.stringify(pids));
setInterval(() => {}, 60_000);
