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
    // core/runtime/v2 binary look-up, and the name check before it.
    text: /runtime "[^"]*" binary not installed|invalid runtime name|no runtime for|failed to find (?:the )?runtime|unknown runtime/i,
    make: (message, cause) => new NotFoundError(message, { code: 'ERR_RUNTIME_NOT_FOUND', cause }),
  },
  {
    text: /no such plugin: io\.containerd\.runtime\.v1|runtime v1 .*(?:removed|not supported)/i,
    make: (message, cause) => new NotImplementedError(message, { code: 'ERR_RUNTIME_UNSUPPORTED', cause }),
  },
  {
    // The OCI runtime's own binary (`binaryName`), which the shim could not run.
    text: /(?:exec|fork\/exec|start|retrieving OCI runtime error)[^:]*:? ?"?[^" ]*"?: (?:executable file not found in \$PATH|no such file or directory).*unable to retrieve OCI runtime error|unable to retrieve OCI runtime error/i,
    make: (message, cause) => new NotFoundError(message, { code: 'ERR_RUNTIME_NOT_FOUND', cause }),
  },
  {
    text: /executable file not found in \$PATH|executable file `[^`]*` not found|(?:exec|stat|open executable)[^:]*:? .*no such file or directory|system cannot find the file specified|exec .* not a directory/i,
    make: (message, cause) => new InvalidArgumentError(message, { code: 'ERR_COMMAND_NOT_FOUND', cause }),
  },
  {
    text: /(?:exec|starting container process|unable to start container process|open executable).*(?:permission denied|is a directory)/i,
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
