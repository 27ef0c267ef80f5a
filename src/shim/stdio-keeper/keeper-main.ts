// The program of the keeper: `node keeper-main.js <socket> <idle milliseconds>`. It imports nothing but Node's own, the files
// beside it, and those of detached-peer/ that do so too, for its memory.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { announceReady } from '../../platform/detached-peer/announce-ready.js';
import { HeldFifos } from './held-fifos.js';
import { KeeperServer } from './keeper-server.js';

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
await server.listen();
announceReady();

/** Node raises it to the hard limit as it starts. */
function softFdLimit(): number {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const soft = Number(match?.[1]);
  return Number.isSafeInteger(soft) ? soft : 1024 * 1024;
}
