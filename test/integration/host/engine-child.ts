// Run as a child process: an engine that starts containers and is killed by its test. Arguments: address, namespace,
// state folder, rootfs, runc root. Prints a JSON line for each container that runs.
import { connectRemote } from '../../../src/libcontainerd/remote/connect.js';
import { run, sh } from './run-container.js';

const [, , address = '', namespace = '', stateDir = '', rootfs = '', runcRoot = ''] = process.argv;
const runtimeOptions = { kind: 'runc', root: runcRoot } as const;
const client = await connectRemote({ address, namespace, stateDir, runtimeOptions });

const counter = await run(client, 'counter', {
  rootfs,
  args: sh("trap 'exit 21' TERM; i=0; while :; do i=$((i+1)); echo line $i; usleep 20000; done"),
  attach: ({ stdout }) => void stdout?.resume(),
});
const cat = await run(client, 'cat', {
  rootfs,
  args: ['/bin/cat'],
  stdin: true,
  attach: ({ stdout }) => void stdout?.resume(),
});
const short = await run(client, 'short', { rootfs, args: sh('read x </tmp/gate; exit 33'), attach: () => {} });
console.log(JSON.stringify({ counter: counter.task.pid, cat: cat.task.pid, short: short.task.pid }));
setInterval(() => {}, 60_000);
