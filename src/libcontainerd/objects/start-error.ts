import {
  type EngineError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  NotImplementedError,
  UnknownError,
} from '../../errdefs/index.js';

interface Pattern {
  readonly text: RegExp;
  readonly make: (message: string, cause: EngineError) => EngineError;
}

/**
 * containerd passes on what runc and the shims say as text of class Unknown. These are the texts that callers act upon;
 * moby's `daemon/errors.go` reads the same ones. The text itself is always kept.
 */
const PATTERNS: readonly Pattern[] = [
  {
    // core/runtime/v2: the look-up of the shim's binary, and its start.
    text: /runtime "[^"]*" binary not installed|invalid runtime name|failed to start shim: .*exec: "/i,
    make: (message, cause) => new NotFoundError(message, { code: 'ERR_RUNTIME_NOT_FOUND', cause }),
  },
  {
    text: /(?:no such plugin|unknown plugin|plugin not found): ?io\.containerd\.runtime\.v1/i,
    make: (message, cause) => new NotImplementedError(message, { code: 'ERR_RUNTIME_UNSUPPORTED', cause }),
  },
  {
    // The OCI runtime (`binaryName`) could not be run: no state of it, hence nothing to read the error from.
    text: /unable to retrieve OCI runtime error/i,
    make: (message, cause) => new NotFoundError(message, { code: 'ERR_RUNTIME_NOT_FOUND', cause }),
  },
  {
    // runc, then crun, then HCS. Other things of which the text says that they are missing are no commands.
    text: /executable file not found in \$PATH|exec: "[^"]*": (?:stat [^:]*: )?(?:no such file or directory|not a directory)|executable file `[^`]*` not found|open executable: no such file|system cannot find the file specified/i,
    make: (message, cause) => new InvalidArgumentError(message, { code: 'ERR_COMMAND_NOT_FOUND', cause }),
  },
  {
    text: /exec: "[^"]*": (?:permission denied|is a directory)|(?:open executable|the path `[^`]*` (?:exists but it )?is not executable|exec): permission denied/i,
    make: (message, cause) => new InvalidArgumentError(message, { code: 'ERR_COMMAND_NOT_EXECUTABLE', cause }),
  },
];

/** Gives a failure to create or start a process the class that its text stands for, keeping that text. */
export function classifyStartError(what: string, err: EngineError): EngineError {
  if (err.errorClass !== 'unknown' && err.errorClass !== 'not-found' && err.errorClass !== 'internal') return err;
  const message = `${what}: ${err.message}`;
  const pattern = PATTERNS.find(({ text }) => text.test(err.message));
  if (pattern !== undefined) return pattern.make(message, err);
  if (err.errorClass === 'unknown') return new UnknownError(message, { code: 'ERR_START_FAILED', cause: err });
  return err;
}

/** Shims of containerd 1.x refuse by text: `cannot delete a running process`, `cannot exec in a stopped container`. */
const WRONG_STATE = /\bcannot [a-z ]+ a (?:created|running|paused|stopped|deleted) (?:process|container|task|state)\b/;

/** Gives a refusal for the process' state its class, which containerd 1.x leaves Unknown. */
export function classifyStateError(err: EngineError): EngineError {
  if (err.errorClass !== 'unknown' || !WRONG_STATE.test(err.message)) return err;
  return new FailedPreconditionError(err.message, { cause: err });
}
