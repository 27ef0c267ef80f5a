import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { stdinCases } from '../shared/stdin-cases.js';

stdinCases('embedded', missing('containerd-shim-runc-v2', 'runc', 'busybox'), () => LocalHost.start());
