// Run as a child process by the demo: an engine with two containers that is killed. Arguments: root, state, rootfs, folder
// of its logs. Writes what each container prints into a file, and a JSON line when both run.
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { connectLocal } from '../src/index.js';
import { run, sh } from '../test/integration/host/run-container.js';

const [, , root = '', state = '', rootfs = '', logs = ''] = process.argv;
const SCRIPTS = {
  'last-words': ': </tmp/gate; yes 0123456789abcdefghi | head -c 20000; exit 7',
  // Quiet when the engine is killed: what an engine has read and not yet written anywhere is lost with it.
  'goes-on':
    'i=0; while :; do i=$((i+1)); echo tick $i; usleep 50000; while [ $i = 3 ] && [ -e /tmp/gate ]; do usleep 50000; done; done',
};

const client = await connectLocal({ root, state, stdio: 'lossless' });
const pids: Record<string, number> = {};
for (const [id, script] of Object.entries(SCRIPTS)) {
  const log = openSync(join(logs, `${id}.log`), 'a');
  const { task } = await run(client, id, {
    rootfs,
    args: sh(script),
    attach: ({ stdout }) => {
      stdout?.on('data', (chunk: Buffer) => writeSync(log, chunk));
    },
  });
  pids[id] = task.pid;
}
console.log(JSON.stringify(pids));
setInterval(() => {}, 60_000);
