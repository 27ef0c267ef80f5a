import { describe, it } from 'node:test';
import { missing } from '../host/requirements.js';
import { remoteConformance } from './conformance-host.js';

const skip = missing('containerd', 'runc', 'busybox');

for (const runtime of ['io.containerd.runc.v2', 'io.containerd.runc.v1', 'io.containerd.runtime.v1.linux']) {
  const name = `remote on Debian 12's containerd, ${runtime}`;
  if (skip) describe(name, () => it('conforms', { skip }, () => {}));
  else remoteConformance({ name, runtime, runtimeV1: true });
}
