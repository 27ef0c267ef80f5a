import { it } from 'node:test';
import { crunRefuses, missing } from '../host/requirements.js';
import { localConformance } from './conformance-host.js';

localConformance({ name: 'embedded core, runc', runtime: 'runc' });
localConformance({ name: 'embedded core, warm shims', runtime: 'io.containerd.runc.v2', core: { warmShims: 2 } });
localConformance({ name: 'embedded core, lossless stdio', runtime: 'runc', core: { stdio: 'lossless' } });
localConformance({ name: 'embedded core, io.containerd.runc.v1', runtime: 'io.containerd.runc.v1' });
localConformance({ name: 'embedded core, shim v1', runtime: 'io.containerd.runtime.v1.linux' });

const skip = missing('crun') || crunRefuses();
if (skip === false) localConformance({ name: 'embedded core, crun', runtime: 'crun' });
else it('embedded core, crun', { skip }, () => {});
