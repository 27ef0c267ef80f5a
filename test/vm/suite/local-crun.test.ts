import { localConformance } from '../../integration/local/conformance-host.js';

const areas = ['task', 'stdio', 'stats'];

localConformance({
  name: 'embedded core, crun, cgroup v2',
  runtime: 'crun',
  runtimeV1: false,
  metrics: 'cgroup2',
  areas,
});
