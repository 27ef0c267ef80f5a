import { describe, it } from 'node:test';
import { otherContainerd } from '../host/other-containerd.js';
import { SCALE } from '../host/requirements.js';
import { remoteConformance } from './conformance-host.js';

const versions = [
  { suite: 'trixie', cache: 'containerd-1.7', name: 'remote on containerd 1.7', runtimeV1: true },
  { suite: 'sid', cache: 'containerd-2', name: 'remote on containerd 2', runtimeV1: false },
] as const;

for (const { suite, cache, name, runtimeV1 } of versions) {
  const containerd = SCALE < 1 ? 'runs in npm run test:full' : otherContainerd(suite, cache);
  if (typeof containerd === 'string') describe(name, () => it('conforms', { skip: containerd }, () => {}));
  else remoteConformance({ name, runtime: 'io.containerd.runc.v2', runtimeV1, containerd });
}
