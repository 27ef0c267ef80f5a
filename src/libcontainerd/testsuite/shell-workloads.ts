import type { OciProcess } from '../../oci/runtime-spec.js';
import type { Workload } from './workload.js';

/** In the background with its own stdio closed: a left-over `sleep` must not hold the container's output open. */
const WAIT_FOR_EVER = 'echo ready; while :; do sleep 60 0<&- 1>&- 2>&- & wait $!; done';

/**
 * Workloads for a root file system with busybox applets under /bin (sh, cat, yes, head, sleep, stty, env). As pid 1 a
 * shell ignores each signal that it has no trap for, so what shall end by a signal traps it.
 */
export function shellProcess(workload: Workload): OciProcess {
  return { args: shellArgs(workload), cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
}

export function shellArgs(workload: Workload): readonly string[] {
  switch (workload.do) {
    case 'exit':
      return sh(`exit ${workload.code}`);
    case 'print':
      // As arguments: the shell then has nothing to quote.
      return [
        ...sh('printf %s "$1"; printf %s "$2" >&2; exit "$3"'),
        'sh',
        workload.stdout ?? '',
        workload.stderr ?? '',
        String(workload.exit ?? 0),
      ];
    case 'print-bytes':
      return sh(`yes 0123456789abcdef | head -c ${workload.bytes}; exit ${workload.exit ?? 0}`);
    case 'cat':
      return ['/bin/cat'];
    case 'sleep':
      return sh(trap('TERM', 143));
    case 'trap':
      return sh(trap(workload.signal.replace(/^SIG/, ''), workload.exit));
    case 'missing':
      return ['/no/such/program'];
    case 'tty-size':
      return sh(`trap 'echo size $(stty size)' WINCH; ${trap('TERM', 143)}`);
    case 'env':
      return ['/bin/env'];
  }
}

function sh(script: string): string[] {
  return ['/bin/sh', '-c', script];
}

function trap(signal: string, exit: number): string {
  return `trap 'kill $!; exit ${exit}' ${signal}; ${WAIT_FOR_EVER}`;
}
