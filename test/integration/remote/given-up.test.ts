import { missing } from '../host/requirements.js';
import { TestHost } from '../host/test-host.js';
import { givenUpCases } from '../shared/given-up-cases.js';

givenUpCases('over containerd', missing('containerd', 'runc', 'busybox'), () => TestHost.start(), false);
