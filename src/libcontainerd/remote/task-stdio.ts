import { FifoStdio } from '../../cio/fifo-stdio.js';
import type { Stdio, StdioConfig } from '../../cio/stdio.js';
import { PermissionDeniedError } from '../../errdefs/index.js';
import { makeFolder } from '../../platform/make-folder.js';
import { withinCall } from '../deadline.js';
import type { AttachStdio, CallOptions, StdioOptions } from '../types.js';
import { TIMEOUTS } from './timeouts.js';

/**
 * Opens our ends and hands them to the caller, before the process exists. Nothing is left when the caller refuses.
 * @returns `undefined` when no stdio was asked for
 */
export async function openStdio(
  dir: string,
  processId: string,
  terminal: boolean,
  options: StdioOptions | undefined,
  call: CallOptions,
): Promise<Stdio | undefined> {
  if (options === undefined) return undefined;
  makeBundleDir(dir);
  const stdio = await FifoStdio.create({ dir, processId, stdin: options.stdin ?? false, terminal });
  return handOver(stdio, options.attach, true, call);
}

/** Opens the FIFOs of a process that another life of this program left running. */
export async function reopenStdio(config: StdioConfig, attach: AttachStdio, call: CallOptions): Promise<Stdio> {
  return handOver(await FifoStdio.openExisting(config), attach, false, call);
}

/** The callback is the caller's: one that never settles must not hold the call for ever. */
async function handOver(stdio: Stdio, attach: AttachStdio, removeFiles: boolean, call: CallOptions): Promise<Stdio> {
  try {
    const attached = Promise.resolve(attach(stdio.streams));
    await withinCall('attach stdio', attached, { timeoutMs: TIMEOUTS.stdio, ...call });
    return stdio;
  } catch (err) {
    await stdio.close({ removeFiles });
    throw err;
  }
}

function makeBundleDir(dir: string): void {
  try {
    makeFolder(dir, 0o755);
  } catch (cause) {
    throw new PermissionDeniedError(`make folder ${dir} for stdio`, {
      code: 'ERR_STATE_DIR',
      cause,
      fields: { path: dir },
    });
  }
}
