import { describe, it } from 'node:test';
import { missing, SCALE } from '../host/requirements.js';
import { remoteConformance } from './conformance-host.js';

const skip = missing('containerd', 'runc', 'busybox');

/** The others differ from the first by their shims only: `npm test` tries these over the embedded core. */
const RUNTIMES =
  SCALE === 1
    ? ['io.containerd.runc.v2', 'io.containerd.runc.v1', 'io.containerd.runtime.v1.linux']
    : ['io.containerd.runc.v2'];

for (const runtime of RUNTIMES) {
  const name = `remote on Debian 12's containerd, ${runtime}`;
  if (skip) describe(name, () => it('conforms', { skip }, () => {}));
  else remoteConformance({ name, runtime, runtimeV1: true });
}
