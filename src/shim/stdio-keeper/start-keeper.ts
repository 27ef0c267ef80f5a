import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { toEngineError, UnavailableError } from '../../errdefs/index.js';
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
 * Starts a keeper in a session of its own, so that no signal to our group reaches it, and waits until it listens.
 * It lives on when the signal fires first: with nobody connected it ends by itself.
 *
 * @throws UnavailableError `ERR_STDIO_KEEPER`; by the errno when the log file cannot be opened
 */
export async function startKeeper(options: KeeperProcessOptions): Promise<void> {
  const { socketPath, idleMs, logPath } = options;
  let log: number | undefined;
  let child: ChildProcess;
  try {
    if (logPath !== undefined) log = openSync(logPath, 'a', 0o640);
    child = spawn(process.execPath, [...NODE_FLAGS, PROGRAM, socketPath, String(idleMs)], {
      cwd: '/',
      detached: true,
      // Not ours: a NODE_OPTIONS with a debugger or a loader would go into it as well.
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'pipe', log ?? 'ignore'],
    });
  } catch (err) {
    throw toEngineError(err, 'start the stdio keeper');
  } finally {
    if (log !== undefined) closeSync(log);
  }
  child.unref();
  const said = await firstWords(child);
  if (said === `${READY}\n`) return;
  throw new UnavailableError(
    `start the stdio keeper: it ended at once; ${logPath === undefined ? 'give it a log file to see why' : `see ${logPath}`}`,
    { code: 'ERR_STDIO_KEEPER', fields: { path: socketPath } },
  );
}

/** All that it writes until it closes its stdout. */
function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', (cause) => {
      reject(new UnavailableError('start the stdio keeper', { code: 'ERR_STDIO_KEEPER', cause }));
    });
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    child.stdout?.once('close', () => resolve(text));
  });
}
