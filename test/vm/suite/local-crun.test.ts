import { localConformance } from '../../integration/local/conformance-host.js';
import { CGROUP_CASES } from '../cases/cgroup-cases.js';

localConformance({
  name: 'embedded core, crun, cgroup v2',
  runtime: 'crun',
  runtimeV1: false,
  metrics: 'cgroup2',
  areas: ['task', 'exec', 'control', 'stats'],
  cases: [
    ...CGROUP_CASES,
    // Cgroups made in one parent at a time.
    'task: runs ten containers side by side',
    // An engine does these with runc: daemon-life.test.ts.
    'control: holds a paused task still until it is resumed',
    'control: force-deletes a paused task',
    'control: changes limits of a running task, one at a time',
  ],
});
