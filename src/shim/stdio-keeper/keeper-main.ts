// The program of the keeper: `node keeper-main.js <socket> <idle milliseconds>`. It imports nothing but Node's own and
// the files beside it, for its memory.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { HeldFifos } from './held-fifos.js';
import { READY } from './keeper-protocol.js';
import { KeeperServer } from './keeper-server.js';

const STDOUT = 1;
/** Descriptors that it needs for itself and for connections. */
const OWN_FDS = 64;

const [socketPath = '', idleMs = ''] = process.argv.slice(2);
const fdLimit = softFdLimit();
const server = new KeeperServer({
  socketPath,
  held: new HeldFifos(Math.max(0, fdLimit - OWN_FDS)),
  fdLimit,
  idleMs: Number(idleMs),
  onIdle: () => {
    server.removeSocket();
    process.exit(0);
  },
});

// To end would lose what the FIFOs hold; there is no state here that an error could leave half done.
process.on('uncaughtException', (err) => console.error(err));
// For the socket: whoever can open it can have any FIFO held that we may read.
process.umask(0o177);
await server.listen();
writeSync(STDOUT, `${READY}\n`);
// Whoever started it waits for the end of the pipe; the number must not become a FIFO's.
closeSync(STDOUT);
openSync('/dev/null', 'w');

/** Node raises it to the hard limit as it starts. */
function softFdLimit(): number {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const soft = Number(match?.[1]);
  return Number.isSafeInteger(soft) ? soft : 1024 * 1024;
}
