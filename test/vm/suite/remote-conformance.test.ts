import { remoteConformance } from '../../integration/remote/conformance-host.js';

remoteConformance({
  name: "remote on trixie's containerd, cgroup v2",
  runtime: 'io.containerd.runc.v2',
  runtimeV1: true,
  metrics: 'cgroup2',
  areas: ['stats'],
});
