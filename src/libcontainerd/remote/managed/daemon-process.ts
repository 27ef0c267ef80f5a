import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, renameSync, statSync } from 'node:fs';
import process from 'node:process';
import { identify, lives, type ProcessIdentity } from '../../../platform/process-identity.js';

/** A containerd that runs, whether it is our child or not. */
export interface DaemonProcess {
  readonly pid: number;
  /** It was started by an earlier process. */
  readonly adopted: boolean;
  readonly alive: boolean;
  /** Settles with how it ended, for a person to read. Never rejects. */
  readonly ended: Promise<string>;
  /** Nothing happens when it is gone. It alone is signalled: its shims must live on. */
  signal(signal: NodeJS.Signals): void;
  /** Stops looking at it. `ended` may then never settle. */
  unwatch(): void;
}

export interface SpawnedDaemon extends DaemonProcess {
  /** `undefined` when it has ended already. */
  readonly identity: ProcessIdentity | undefined;
  /** Where its lines in the log begin. */
  readonly logOffset: number;
}

export interface SpawnOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** stdout and stderr are added to it. */
  readonly logPath: string;
}

const LOG_MAX_BYTES = 16 * 1024 * 1024;
const POLL_MS = 200;

/**
 * Starts it in a session of its own with its output in a file, so that neither our end nor ^C ends it: a pipe would
 * kill it with SIGPIPE at its first line after us.
 */
export async function spawnDaemon(options: SpawnOptions): Promise<SpawnedDaemon> {
  rotate(options.logPath);
  const log = openSync(options.logPath, 'a', 0o640);
  const logOffset = fstatSync(log).size;
  let child: ChildProcess;
  try {
    child = spawn(options.binary, options.args, {
      cwd: '/',
      detached: true,
      env: options.env,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  child.unref();
  const { pid } = child;
  if (pid === undefined) {
    throw await new Promise<Error>((resolve) => child.once('error', resolve));
  }
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exited with code ${code}` : `killed by ${signal}`));
  });
  // Of a failed kill; there is nothing to do about it here.
  child.on('error', () => {});
  return {
    pid,
    identity: identify(pid),
    logOffset,
    adopted: false,
    ended,
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    signal: (signal) => {
      child.kill(signal);
    },
    unwatch: () => {},
  };
}

/** Only between two runs: containerd holds the file open. */
function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_MAX_BYTES) renameSync(path, `${path}.1`);
}

/** A handle of a process that is not our child: its end is found by looking. */
export function watchDaemon(identity: ProcessIdentity): DaemonProcess {
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<string>((resolve) => {
    timer = setInterval(() => {
      if (lives(identity)) return;
      clearInterval(timer);
      resolve('ended');
    }, POLL_MS);
    timer.unref();
  });
  return {
    pid: identity.pid,
    adopted: true,
    ended,
    get alive() {
      return lives(identity);
    },
    signal: (signal) => {
      if (!lives(identity)) return;
      try {
        process.kill(identity.pid, signal);
      } catch {
        // ESRCH: it ended just now.
      }
    },
    unwatch: () => clearInterval(timer),
  };
}
