import { missing } from '../host/requirements.js';
import { oomCases } from './oom-cases.js';

oomCases('embedded core', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') });
