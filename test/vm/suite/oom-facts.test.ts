import { oomFactsCases } from '../../integration/daemon/oom-facts-cases.js';

oomFactsCases('runc, cgroup v2', { runtime: 'runc', rounds: 2 });
oomFactsCases('crun, cgroup v2', { runtime: 'crun' });
