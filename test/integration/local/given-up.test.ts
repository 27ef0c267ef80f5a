import { LocalHost } from '../host/local-host.js';
import { missing } from '../host/requirements.js';
import { givenUpCases } from '../shared/given-up-cases.js';

givenUpCases('embedded', missing('containerd-shim-runc-v2', 'runc', 'busybox'), () => LocalHost.start(), true);
