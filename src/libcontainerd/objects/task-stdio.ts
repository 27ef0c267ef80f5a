import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FifoStdio } from '../../cio/fifo-stdio.js';
import { fileStdio, type Stdio, type StdioConfig } from '../../cio/stdio.js';
import { CanceledError, PermissionDeniedError } from '../../errdefs/index.js';
import { makeFolder } from '../../platform/make-folder.js';
import { withDefault, withinCall } from '../deadline.js';
import { makeOutputFiles } from '../output-files.js';
import type { AttachStdio, CallOptions, ExternalStdio, NewTaskOptions } from '../types.js';
import type { Lifetime, ObjectContext, OutputHold } from './context.js';
import { heldStdio } from './held-stdio.js';
import { TIMEOUTS } from './timeouts.js';

export interface OpenStdio {
  /** Holds the FIFOs. */
  readonly dir: string;
  readonly processId: string;
  readonly terminal: boolean;
  readonly options: NewTaskOptions['stdio'];
  readonly call: CallOptions;
  readonly lifetime: Lifetime;
  readonly hold: OutputHold | undefined;
}

/**
 * Opens our ends and hands them to the caller, before the process exists. Nothing is left when the caller refuses. Files that
 * the shim is to write are made, and stay.
 * @returns `undefined` when no stdio was asked for
 */
export async function openStdio(open: OpenStdio): Promise<Stdio | undefined> {
  const { dir, terminal, options, call, lifetime, hold } = open;
  if (options === undefined) return undefined;
  if ('files' in options) {
    // With one stream in a file shims take no empty path for the other.
    const { stdout, stderr = '/dev/null' } = options.files;
    const making = makeOutputFiles(`create stdio of ${open.processId}`, options, terminal);
    await withinCall('make output files', making, withDefault(call, TIMEOUTS.stdio));
    return fileStdio(stdout, stderr);
  }
  makeBundleDir(dir);
  const processId = freeName(dir, open.processId);
  const external = 'external' in options;
  const made = await FifoStdio.create({ dir, processId, stdin: options.stdin ?? false, terminal, external });
  const stdio = heldStdio(made, hold);
  try {
    await hold?.hold(stdio.config, call);
  } catch (err) {
    await stdio.close({ removeFiles: true });
    throw err;
  }
  const attach = external ? options : options.attach;
  return handOver(stdio, attach, { removeFiles: true, call, lifetime });
}

/**
 * Upstream's name, unless FIFOs of that name are there: they may be those of a process that lives, and a second reader
 * would take its output. containerd tells the paths to whoever attaches, so the name need not be known.
 */
function freeName(dir: string, processId: string): string {
  const isTaken = ['stdin', 'stdout', 'stderr'].some((end) => existsSync(join(dir, `${processId}-${end}`)));
  return isTaken ? `${processId}.${randomBytes(4).toString('hex')}` : processId;
}

/** Opens the FIFOs of a process that another life of this program left running. */
export async function reopenStdio(
  config: StdioConfig,
  attach: AttachStdio | ExternalStdio,
  call: CallOptions,
  { lifetime, holdOutput }: Pick<ObjectContext, 'lifetime' | 'holdOutput'>,
): Promise<Stdio> {
  const stdio = heldStdio(await FifoStdio.openExisting(config, { external: 'external' in attach }), holdOutput);
  return handOver(stdio, attach, { removeFiles: false, call, lifetime });
}

interface HandOver {
  readonly removeFiles: boolean;
  readonly call: CallOptions;
  readonly lifetime: Lifetime;
}

/** The callback is the caller's: one that never settles must hold up neither the call nor the client's end. */
async function handOver(
  stdio: Stdio,
  attach: AttachStdio | ExternalStdio,
  { removeFiles, call, lifetime }: HandOver,
): Promise<Stdio> {
  let stopListening = () => {};
  const ended = new Promise<never>((_, reject) => {
    stopListening = lifetime.onEnd((cause) =>
      reject(new CanceledError('attach stdio: the client is closed', { code: 'ERR_CLIENT_CLOSED', cause })),
    );
  });
  try {
    const attached = (async () => {
      if (!('external' in attach)) return attach(stdio.streams);
      const { stdout, stderr, terminal } = stdio.config;
      return attach.external({ stdout, stderr, terminal, stdin: stdio.streams.stdin });
    })();
    await withinCall('attach stdio', Promise.race([attached, ended]), withDefault(call, TIMEOUTS.stdio));
    return stdio;
  } catch (err) {
    await stdio.close({ removeFiles });
    throw err;
  } finally {
    stopListening();
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
