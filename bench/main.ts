// npm run bench [-- --rounds N] [--json FILE]
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { missing } from '../test/integration/host/requirements.js';
import { lifeTable, remoteLife } from './remote-life.js';
import { rpcTable, ttrpcBesideGrpc } from './ttrpc.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'string', default: '.cache/bench.json' } },
});
const rounds = Number(values.rounds);
const problem = missing('containerd', 'ctr', 'runc', 'busybox');
if (problem !== false || !Number.isInteger(rounds) || rounds < 1) {
  console.error(problem === false ? '--rounds must be a whole number above 0' : `bench: ${problem}`);
  process.exit(2);
}

const rpc = await ttrpcBesideGrpc(rounds);
console.log(`One call, ttrpc beside grpc-js, client and server in two processes\n\n${rpcTable(rpc)}\n`);
const lives = await remoteLife(rounds);
const machine = { node: process.version, kernel: release(), cpus: cpus().length };
mkdirSync(dirname(values.json), { recursive: true });
writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), machine, rpc, lives }, undefined, 2)}\n`);
console.log(`Life of a container (/bin/true) over remote, beside ctr run --rm on the same containerd\n`);
for (const result of lives) console.log(`${lifeTable(result)}\n`);
console.log(`as JSON: ${values.json}`);
