import { localConformance } from '../../integration/local/conformance-host.js';
import { CGROUP_CASES } from '../cases/cgroup-cases.js';

localConformance({
  name: 'embedded core, runc, cgroup v2',
  runtime: 'runc',
  runtimeV1: false,
  metrics: 'cgroup2',
  areas: ['task', 'exec', 'stats'],
  cases: CGROUP_CASES,
});
