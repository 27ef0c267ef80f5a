import { describe, it } from 'node:test';
import { missing, SCALE } from '../host/requirements.js';
import { remoteConformance } from './conformance-host.js';

const skip = missing('containerd', 'runc', 'busybox');

/** The middle one differs from the first by its shim's program only: in `npm test` it is tried over the embedded core. */
const RUNTIMES = ['io.containerd.runc.v2', 'io.containerd.runc.v1', 'io.containerd.runtime.v1.linux'].filter(
  (runtime) => SCALE === 1 || runtime !== 'io.containerd.runc.v1',
);

for (const runtime of RUNTIMES) {
  const name = `remote on Debian 12's containerd, ${runtime}`;
  if (skip) describe(name, () => it('conforms', { skip }, () => {}));
  else remoteConformance({ name, runtime, runtimeV1: true });
}
