// Run as a child process: an engine that is to be killed. Arguments: folder, rootfs, and a script for each container. Says
// "ID" of each on stdout once all run.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../../../src/daemon-core/index.js';
import { engineOptions, sh } from './engine-host.js';

const [, , folder = '', rootfs = '', ...scripts] = process.argv;
const engine = await createEngine(engineOptions(folder, { logWriter: 'keeper', backend: { warmShims: 0 } }));
const ids: string[] = [];
for (const script of scripts) {
  const { container } = await engine.create({
    config: sh(script),
    hostConfig: { NetworkMode: 'none', Binds: [`${join(folder, 'gate')}:/gate`] },
    rootfs: { kind: 'overlay', layers: [rootfs] },
  });
  await container.start();
  ids.push(container.id);
}
writeSync(1, ids.map((id) => `${id}\n`).join(''));
