import { join } from 'node:path';
import { describe } from 'node:test';
import { otherContainerd } from '../host/other-containerd.js';
import { SCALE } from '../host/requirements.js';
import { describeShim } from './v2-cases.js';

const OTHERS = [
  { suite: 'trixie', cache: 'containerd-1.7', title: 'the shim of containerd 1.7', apiVersion: 2 },
  { suite: 'sid', cache: 'containerd-2', title: 'the shim of containerd 2.1', apiVersion: 3 },
] as const;

for (const { suite, cache, title, apiVersion } of OTHERS) {
  const found = SCALE < 1 ? 'only in full runs (npm run test:full)' : otherContainerd(suite, cache);
  const binary = typeof found === 'string' ? '' : join(found.binary, '../containerd-shim-runc-v2');
  describe(title, { skip: typeof found === 'string' ? found : false }, () => {
    describeShim({ binary, apiVersion, readsSpec: true });
  });
}
