import process from 'node:process';
import { InternalError, InvalidArgumentError, isNotFound, NotImplementedError } from '../../errdefs/index.js';
import { remaining, withDefault } from '../../libcontainerd/deadline.js';
import type { CallOptions, Task } from '../../libcontainerd/types.js';
import { type ProgramResult, runProgram } from '../../platform/run-program.js';
import { procTable } from './proc-table.js';
import { fieldsOf, type ProcessTable, parsePsOutput, validatePsArgs } from './ps-output.js';
import { windowsTable } from './windows-table.js';

export type { ProcessTable } from './ps-output.js';

const DEFAULT_ARGS = '-ef';
const TOP_MS = 30_000;
/** Linux takes 128 KiB in one argument. */
const ARGUMENT_MAX = 100_000;

export interface ProcessTableOptions extends CallOptions {
  /** What the containers are of. @default the host's */
  readonly platform?: NodeJS.Platform | undefined;
  /** The program that lists the host's processes. @default 'ps' */
  readonly ps?: string | undefined;
}

/**
 * The processes of a task as the host's `ps` shows them (moby daemon/top_unix.go), or on Windows as the backend tells them.
 * Where there is no `ps`, the columns of `ps -ef` are made here.
 * @param args of ps, parted by blanks. @default `-ef`
 * @throws InvalidArgumentError for arguments on Windows, and for such as give another column the title PID;
 * InternalError when ps fails, or prints no column PID; NotImplementedError for arguments where there is no ps
 */
export async function processTable(
  task: Pick<Task, 'pids' | 'summary'>,
  args: string | undefined,
  options: ProcessTableOptions = {},
): Promise<ProcessTable> {
  const { platform = process.platform, ps = 'ps', signal, timeoutMs } = options;
  const rest = remaining(withDefault({ signal, timeoutMs }, TOP_MS));
  const given = args === undefined || args.trim() === '' ? undefined : args;
  if (platform === 'win32') {
    if (given !== undefined) throw new InvalidArgumentError('Windows does not support arguments to top');
    return windowsTable(await task.summary(rest()));
  }
  validatePsArgs(` ${given ?? DEFAULT_ARGS}`);
  const pids = await task.pids(rest());
  try {
    return parsePsOutput(await runPs(ps, fieldsOf(given ?? DEFAULT_ARGS), pids, rest), pids);
  } catch (err) {
    if (!isNotFound(err)) throw err;
    if (given === undefined) return procTable(pids);
    throw new NotImplementedError('ps: it is not installed on this host, which knows only the columns of ps -ef', {
      cause: err,
    });
  }
}

/** Of those pids only, then of all processes: with some options, such as `f`, ps takes no `-q`. */
async function runPs(
  ps: string,
  args: readonly string[],
  pids: readonly number[],
  rest: () => CallOptions,
): Promise<string> {
  const run = (more: readonly string[]): Promise<ProgramResult> => {
    const { signal, timeoutMs = TOP_MS } = rest();
    return runProgram(ps, [...args, ...more], { signal, timeoutMs });
  };
  const only = `-q${pids.join(',')}`;
  if (only.length <= ARGUMENT_MAX) {
    const few = await run([only]);
    if (few.code === 0) return few.stdout.toString();
  }
  const all = await run([]);
  if (all.code === 0) return all.stdout.toString();
  const [why = ''] = all.stderr.toString().split('\n');
  throw new InternalError(`ps: ${why === '' ? `it ended with ${all.code ?? 'a signal'}` : why}`);
}
