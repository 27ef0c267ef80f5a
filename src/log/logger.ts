import process from 'node:process';
import { type DestinationStream, destination, type Level, pino, stdSerializers } from 'pino';

/**
 * The facts of a log line. The named ones are always written under these names; anything else may be added.
 * An error goes under `err`, where its class, code, fields and causes are written out.
 */
export interface LogFields {
  readonly containerId?: string | undefined;
  /** The exec's own id; absent for the container's first process. */
  readonly execId?: string | undefined;
  /** In the host's pid namespace. */
  readonly pid?: number | undefined;
  /** Runtime name such as `io.containerd.runc.v2`. */
  readonly runtime?: string | undefined;
  /** containerd namespace. */
  readonly namespace?: string | undefined;
  readonly err?: unknown;
  readonly [field: string]: unknown;
}

/** What the library asks of a logger. A pino logger is one; anything else with these methods is too. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds the fields to each of its lines. */
  child(fields: LogFields): Logger;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const satisfies readonly (
  | Level
  | 'silent'
)[];

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  /** @default the environment's `LIBCONTAINERD_LOG`, else `silent`: the library writes nothing unasked */
  readonly level?: LogLevel | undefined;
  /** Where the JSON lines go. @default 'stderr' */
  readonly destination?: 'stdout' | 'stderr' | DestinationStream | undefined;
  /** In each line. */
  readonly fields?: LogFields | undefined;
}

const LEVEL_VARIABLE = 'LIBCONTAINERD_LOG';
const FILE_DESCRIPTORS = { stdout: 1, stderr: 2 } as const;

export function isLogLevel(value: unknown): value is LogLevel {
  return LOG_LEVELS.some((level) => level === value);
}

/** Makes a root logger: JSON lines with an ISO time and the level's name. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const level = options.level ?? levelOf(process.env[LEVEL_VARIABLE]);
  return pino(
    {
      level,
      base: { ...options.fields },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
    },
    destinationOf(options.destination ?? 'stderr'),
  );
}

/** An unknown name in the environment must not fail whoever loads the library: it counts as unset. */
function levelOf(value: string | undefined): LogLevel {
  const name = value?.trim().toLowerCase();
  return isLogLevel(name) ? name : 'silent';
}

function destinationOf(target: 'stdout' | 'stderr' | DestinationStream): DestinationStream {
  return typeof target === 'string' ? destination({ dest: FILE_DESCRIPTORS[target], sync: true }) : target;
}

let root: Logger | undefined;

/** The logger of whatever got none: made once, from the environment. */
export function defaultLogger(): Logger {
  root ??= createLogger();
  return root;
}
