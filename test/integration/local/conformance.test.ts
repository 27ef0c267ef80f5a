import { it } from 'node:test';
import { crunRefuses, missing, SCALE } from '../host/requirements.js';
import { localConformance } from './conformance-host.js';

localConformance({ name: 'embedded core, runc', runtime: 'runc' });
if (SCALE === 1) {
  localConformance({ name: 'embedded core, warm shims', runtime: 'io.containerd.runc.v2', core: { warmShims: 2 } });
  localConformance({ name: 'embedded core, lossless stdio', runtime: 'runc', core: { stdio: 'lossless' } });
}
// As an engine has it by default; `npm test` leaves it at that.
localConformance({
  name: 'embedded core, warm and lossless',
  runtime: 'runc',
  core: { warmShims: 2, stdio: 'lossless' },
});
localConformance({ name: 'embedded core, io.containerd.runc.v1', runtime: 'io.containerd.runc.v1' });
localConformance({ name: 'embedded core, shim v1', runtime: 'io.containerd.runtime.v1.linux' });

const skip = missing('crun') || crunRefuses();
if (skip === false) localConformance({ name: 'embedded core, crun', runtime: 'crun' });
else it('embedded core, crun', { skip }, () => {});
