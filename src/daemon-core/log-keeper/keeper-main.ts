// The program of the log keeper: `node keeper-main.js <socket> <idle milliseconds>`.
import process from 'node:process';
import { createLogger } from '../../log/logger.js';
import { announceReady } from '../../platform/detached-peer/announce-ready.js';
import { KeeperServer } from './keeper-server.js';
import { KeptRuns } from './kept-runs.js';

const [socketPath = '', idleMs = ''] = process.argv.slice(2);
const log = createLogger({ level: 'warn', destination: 'stderr' });
const server = new KeeperServer({
  socketPath,
  runs: new KeptRuns(log),
  idleMs: Number(idleMs),
  log,
  onIdle: () => {
    server.removeSocket();
    process.exit(0);
  },
});

// To end would lose what is on its way into all the other logs.
process.on('uncaughtException', (err) => log.error({ err }, 'a fault of the log keeper'));
await server.listen();
announceReady();
