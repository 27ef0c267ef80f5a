import { type ChildProcess, execFile } from 'node:child_process';
import { cancellation, DeadlineExceededError, ResourceExhaustedError, toEngineError } from '../errdefs/index.js';

const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

export interface RunProgramOptions {
  /** Past it the program is killed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Of stdout, and of stderr. Past it the program is killed. @default 16 MiB */
  readonly maxOutputBytes?: number | undefined;
}

export interface ProgramResult {
  /** `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs a short program of the host to its end, with no stdin, and collects what it prints. A code other than 0 is no error
 * here. However it ends, the program is gone.
 * @param program name on PATH, or path
 * @throws NotFoundError when there is no such program; DeadlineExceededError past the time; CanceledError by the signal;
 * ResourceExhaustedError when it prints too much; the classes of system errors otherwise
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunProgramOptions,
): Promise<ProgramResult> {
  const { timeoutMs, signal, maxOutputBytes = OUTPUT_MAX_BYTES } = options;
  const what = `run ${program}`;
  if (signal?.aborted) return Promise.reject(cancellation(what, signal.reason));
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    try {
      child = execFile(
        program,
        [...args],
        { encoding: 'buffer', maxBuffer: maxOutputBytes, killSignal: 'SIGKILL', windowsHide: true, signal },
        (err, stdout, stderr) => {
          clearTimeout(timer);
          if (signal?.aborted) return reject(cancellation(what, signal.reason));
          if (err === null) return resolve({ code: 0, stdout, stderr });
          if (err.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
            return reject(new ResourceExhaustedError(`${what}: it printed more than ${maxOutputBytes} bytes`));
          }
          if (typeof err.code === 'number') return resolve({ code: err.code, stdout, stderr });
          if (typeof err.signal === 'string') return resolve({ code: undefined, stdout, stderr });
          return reject(toEngineError(err, what));
        },
      );
    } catch (err) {
      // Some failures of spawn come at once: too many arguments, or a zero byte in one.
      reject(toEngineError(err, what));
      return;
    }
    // Not execFile's own: what it gives at the timeout cannot be told from a kill by somebody else.
    const timer = setTimeout(() => {
      reject(new DeadlineExceededError(`${what}: not done within ${timeoutMs} ms`));
      child.kill('SIGKILL');
      // A process that it has started may hold them open.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeoutMs);
    child.stdin?.end();
  });
}
