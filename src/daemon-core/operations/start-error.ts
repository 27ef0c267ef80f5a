import { type EngineError, toEngineError } from '../../errdefs/index.js';

const COMMAND_NOT_FOUND = 127;
const COMMAND_NOT_EXECUTABLE = 126;
const START_FAILED = 128;

/**
 * The exit code that a failed start leaves, as Docker gives it: 127 for a command that is not there, 126 for one that
 * cannot be executed, else 128. (125 is the CLI's own, for any error of the daemon's.) Upstream: moby `daemon/errors.go`.
 */
export function exitCodeOfStart(err: unknown): number {
  const { code, message } = toEngineError(err);
  if (code === 'ERR_COMMAND_NOT_FOUND') return COMMAND_NOT_FOUND;
  if (code === 'ERR_COMMAND_NOT_EXECUTABLE') return COMMAND_NOT_EXECUTABLE;
  // runc names the working directory and other paths with the errno's text.
  if (/not a directory/i.test(message)) return COMMAND_NOT_FOUND;
  if (/permission denied|is a directory/i.test(message)) return COMMAND_NOT_EXECUTABLE;
  return START_FAILED;
}

/** For an exec: what is not said to be missing could not be executed. */
export function exitCodeOfExec(err: unknown): number {
  const code = exitCodeOfStart(err);
  return code === START_FAILED ? COMMAND_NOT_EXECUTABLE : code;
}

/** What a record keeps of it. */
export function textOfStart(err: EngineError): string {
  return /is a directory$/.test(err.message) ? `${err.message}: permission denied` : err.message;
}
