import { localConformance } from '../../integration/local/conformance-host.js';

const areas = ['task', 'exec', 'stats'];

localConformance({
  name: 'embedded core, runc, cgroup v2',
  runtime: 'runc',
  runtimeV1: false,
  metrics: 'cgroup2',
  areas,
});
