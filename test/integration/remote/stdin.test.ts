import { missing } from '../host/requirements.js';
import { TestHost } from '../host/test-host.js';
import { stdinCases } from '../shared/stdin-cases.js';

stdinCases('over containerd', missing('containerd', 'runc', 'busybox'), () => TestHost.start());
