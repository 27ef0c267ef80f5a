import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { badInputCases } from '../shared/bad-input-cases.js';

badInputCases('embedded', missing('containerd-shim-runc-v2', 'runc', 'busybox'), () => LocalHost.start());
