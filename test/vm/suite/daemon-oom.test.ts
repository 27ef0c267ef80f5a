import { oomCases } from '../../integration/daemon/oom-cases.js';

// With 16 MiB runc 1.1.15 is killed itself: its copy in memory is charged to the container, 17 MiB with a seccomp profile.
oomCases('embedded core, cgroup v2', { memoryMib: 24, brief: true });
