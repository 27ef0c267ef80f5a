import { fileURLToPath } from 'node:url';
import { EngineError, UnavailableError } from '../../errdefs/index.js';
import { startDetached } from '../../platform/detached-program.js';
import { READY } from './keeper-protocol.js';

const PROGRAM = fileURLToPath(new URL('./keeper-main.js', import.meta.url));
/** It has a table and a socket; four threads that collect garbage would be more than it. */
const NODE_FLAGS = ['--max-old-space-size=16', '--max-semi-space-size=1', '--v8-pool-size=0'];

export interface KeeperProcessOptions {
  readonly socketPath: string;
  readonly idleMs: number;
  /** Its errors are added to this file; to /dev/null when absent. */
  readonly logPath: string | undefined;
}

/**
 * Starts a keeper and waits until it listens. It lives on when the signal fires first: with nobody connected it ends by itself.
 *
 * @throws UnavailableError `ERR_STDIO_KEEPER`; by the errno when the log file cannot be opened
 */
export async function startKeeper(options: KeeperProcessOptions): Promise<void> {
  const { socketPath, idleMs, logPath } = options;
  const started = startDetached({
    what: 'the stdio keeper',
    script: PROGRAM,
    nodeFlags: NODE_FLAGS,
    args: [socketPath, String(idleMs)],
    logPath,
  });
  const said = await started.catch((cause: unknown): never => {
    if (cause instanceof EngineError) throw cause;
    throw new UnavailableError('start the stdio keeper', { code: 'ERR_STDIO_KEEPER', cause });
  });
  if (said === `${READY}\n`) return;
  throw new UnavailableError(
    `start the stdio keeper: it ended at once; ${logPath === undefined ? 'give it a log file to see why' : `see ${logPath}`}`,
    { code: 'ERR_STDIO_KEEPER', fields: { path: socketPath } },
  );
}
