import { familiesCases } from '../../integration/metrics/families-cases.js';

familiesCases({
  name: "families of trixie's containerd, cgroup v2",
  runtimes: ['io.containerd.runc.v2'],
  moved: [
    'container_cpu_usage_usec_microseconds',
    'container_cpu_user_usec_microseconds',
    'container_cpu_system_usec_microseconds',
    'container_cpu_nr_periods_total',
    'container_cpu_nr_throttled_total',
    'container_cpu_throttled_usec_microseconds',
    'container_memory_usage_bytes',
    'container_memory_usage_limit_bytes',
    'container_memory_anon_bytes',
    'container_memory_pgfault_bytes',
    'container_io_rbytes_bytes',
    'container_io_wbytes_bytes',
    'container_io_rios_total',
    'container_io_wios_total',
    'container_pids_current',
    'container_pids_limit',
  ],
  spins: 2_000,
  isEmbeddedToo: true,
});
