import { typeNameOf } from '../../protocol/any.js';
import { ProcessDetails as RuncDetails } from '../../protocol/gen/containerd/options/runc.js';
import { ProcessDetails as RunhcsDetails } from '../../protocol/gen/containerd/options/runhcs.js';
import type { ProcessInfo } from '../../protocol/gen/containerd/types/task.js';
import { decodeMessage } from '../../protocol/wire/index.js';
import type { ProcessSummary } from '../types.js';

/** What a shim tells of one process beside its pid, by the type of the detail; unknown details are left out. */
export function summaryOf(info: ProcessInfo): ProcessSummary {
  if (info.info === undefined) return { pid: info.pid };
  switch (typeNameOf(info.info)) {
    case 'containerd.runc.v1.ProcessDetails': {
      const { execId } = decodeMessage(RuncDetails, info.info.value);
      return execId === '' ? { pid: info.pid } : { pid: info.pid, execId };
    }
    case 'containerd.runhcs.v1.ProcessDetails':
      return windowsSummary(info.pid, decodeMessage(RunhcsDetails, info.info.value));
    default:
      return { pid: info.pid };
  }
}

const NS_PER_TICK = 100n;

function windowsSummary(pid: number, details: RunhcsDetails): ProcessSummary {
  return {
    pid: details.processId === 0 ? pid : details.processId,
    ...(details.execId === '' ? {} : { execId: details.execId }),
    imageName: details.imageName,
    ...(details.createdAt === undefined ? {} : { createdAt: details.createdAt }),
    kernelTimeNs: details.kernelTime100Ns * NS_PER_TICK,
    userTimeNs: details.userTime100Ns * NS_PER_TICK,
    privateWorkingSetBytes: details.memoryWorkingSetPrivateBytes,
  };
}
