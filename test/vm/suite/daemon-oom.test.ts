import { oomCases } from '../../integration/daemon/oom-cases.js';

oomCases('embedded core, cgroup v2', { runtime: 'crun', brief: true });
