import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { toEngineError } from '../errdefs/index.js';

export interface DetachedProgram {
  /** What it is, for messages: `the stdio keeper`. */
  readonly what: string;
  /** Path of the script that our own Node runs. */
  readonly script: string;
  readonly nodeFlags: readonly string[];
  readonly args: readonly string[];
  /** Its stderr is added to this file; to /dev/null when absent. */
  readonly logPath: string | undefined;
}

/**
 * Starts a program that outlives us, in a session of its own, so that no signal to our group reaches it, with `/` as its
 * folder and none of our environment but PATH. Waits until it closes its stdout, or ends. It is looked after by itself: when
 * nobody comes to it, it has to end.
 *
 * @returns all that it wrote to its stdout
 * @throws the system's error when it cannot be started; an EngineError by the errno when the log file cannot be opened
 */
export async function startDetached(program: DetachedProgram): Promise<string> {
  const { what, script, nodeFlags, args, logPath } = program;
  let log: number | undefined;
  let child: ChildProcess;
  try {
    if (logPath !== undefined) log = openSync(logPath, 'a', 0o640);
    child = spawn(process.execPath, [...nodeFlags, script, ...args], {
      cwd: '/',
      detached: true,
      // Not ours: a NODE_OPTIONS with a debugger or a loader would go into it as well.
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'pipe', log ?? 'ignore'],
    });
  } catch (err) {
    throw toEngineError(err, `start ${what}`);
  } finally {
    if (log !== undefined) closeSync(log);
  }
  child.unref();
  return await firstWords(child);
}

/** All that it writes until it closes its stdout. */
function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    child.stdout?.once('close', () => resolve(text));
  });
}
