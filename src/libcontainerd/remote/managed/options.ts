import { isAbsolute, join } from 'node:path';
import { InvalidArgumentError } from '../../../errdefs/index.js';
import { defaultLogger, type Logger } from '../../../log/logger.js';
import type { ContainerdTuning } from './config.js';
import { type Probe, probeHealth } from './probe.js';

export interface HealthOptions {
  /** Between the end of one check and the next. @default 2000 */
  readonly intervalMs?: number | undefined;
  /** Of one check. @default 3000 */
  readonly timeoutMs?: number | undefined;
  /** Checks that fail one after another before containerd is killed and started again. @default 3 */
  readonly failures?: number | undefined;
}

export interface BackoffOptions {
  /** Before the first restart; it doubles with each. @default 100 */
  readonly minMs?: number | undefined;
  /** @default 5000 */
  readonly maxMs?: number | undefined;
  /** After containerd ran healthily for this long, the next restart waits `minMs` again. @default 10000 */
  readonly resetAfterMs?: number | undefined;
}

export interface ManagedContainerdOptions extends ContainerdTuning {
  /** Absolute folder of what lasts: images, snapshots, metadata, `containerd.log`. Made when missing. */
  readonly root: string;
  /** Absolute folder of what need not outlive a reboot: socket, pidfile, `containerd.toml`, tasks. Made when missing. */
  readonly state: string;
  /** Absolute path of the gRPC socket. ttrpc's is the same with `.ttrpc` added. @default `<state>/containerd.sock` */
  readonly address?: string | undefined;
  /** Name on PATH, or path. @default 'containerd' */
  readonly binary?: string | undefined;
  /** Environment of containerd and its shims; `NOTIFY_SOCKET` is taken out. @default this process' */
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  /** @default a `grpc.health.v1` call of its own */
  readonly probe?: Probe | undefined;
  /** From its start until it must answer. @default 15000 */
  readonly startupTimeoutMs?: number | undefined;
  /** From SIGTERM until SIGKILL. @default 15000 */
  readonly stopTimeoutMs?: number | undefined;
  readonly health?: HealthOptions | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** `close` and `destroy` stop containerd in place of leaving it to the next supervisor. @default false */
  readonly stopOnClose?: boolean | undefined;
  /** @default the library's, silent unless `LIBCONTAINERD_LOG` is set */
  readonly logger?: Logger | undefined;
}

/** The options with every default in place, and the paths that follow from them. */
export interface Settings {
  readonly tuning: ContainerdTuning;
  readonly root: string;
  readonly state: string;
  readonly address: string;
  readonly ttrpcAddress: string;
  readonly binary: string;
  readonly env: NodeJS.ProcessEnv;
  readonly probe: Probe;
  readonly startupTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly health: { readonly intervalMs: number; readonly timeoutMs: number; readonly failures: number };
  readonly backoff: { readonly minMs: number; readonly maxMs: number; readonly resetAfterMs: number };
  readonly stopOnClose: boolean;
  readonly logger: Logger;
  readonly configPath: string;
  readonly pidfilePath: string;
  readonly logPath: string;
  /** In this order: root, then state. */
  readonly lockPaths: readonly string[];
}

/** `sun_path` of Linux without its closing NUL. */
const SOCKET_PATH_MAX_BYTES = 107;

/** @throws InvalidArgumentError `ERR_OPTION_INVALID`, `ERR_ADDRESS_INVALID` */
export function resolveOptions(options: ManagedContainerdOptions): Settings {
  const root = absolute('root', options.root);
  const state = absolute('state', options.state);
  if (root === state) throw invalid('root and state must be different folders');
  const address = options.address ?? join(state, 'containerd.sock');
  const ttrpcAddress = `${address}.ttrpc`;
  checkSocketPath(address);
  checkSocketPath(ttrpcAddress);
  const oomScore = options.oomScore ?? 0;
  if (!Number.isInteger(oomScore) || Math.abs(oomScore) > 1000) throw invalid('oomScore must be from -1000 to 1000');
  const { NOTIFY_SOCKET: _, ...env } = options.env ?? process.env;
  return {
    tuning: options,
    root,
    state,
    address,
    ttrpcAddress,
    binary: options.binary ?? 'containerd',
    env,
    probe: options.probe ?? probeHealth,
    startupTimeoutMs: duration('startupTimeoutMs', options.startupTimeoutMs, 15_000),
    stopTimeoutMs: duration('stopTimeoutMs', options.stopTimeoutMs, 15_000),
    health: {
      intervalMs: duration('health.intervalMs', options.health?.intervalMs, 2_000),
      timeoutMs: duration('health.timeoutMs', options.health?.timeoutMs, 3_000),
      failures: duration('health.failures', options.health?.failures, 3),
    },
    backoff: {
      minMs: duration('backoff.minMs', options.backoff?.minMs, 100),
      maxMs: duration('backoff.maxMs', options.backoff?.maxMs, 5_000),
      resetAfterMs: duration('backoff.resetAfterMs', options.backoff?.resetAfterMs, 10_000),
    },
    stopOnClose: options.stopOnClose ?? false,
    logger: (options.logger ?? defaultLogger()).child({ module: 'managed-containerd' }),
    configPath: join(state, 'containerd.toml'),
    pidfilePath: join(state, 'containerd.pid'),
    logPath: join(root, 'containerd.log'),
    lockPaths: [join(root, 'containerd.lock'), join(state, 'containerd.lock')],
  };
}

function absolute(name: string, path: string): string {
  if (!isAbsolute(path) || path.includes('\0')) throw invalid(`${name} must be an absolute path, it is "${path}"`);
  return join(path, '.').replace(/(?<=.)\/$/, '');
}

function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  const problem = !isAbsolute(path)
    ? 'it must be an absolute path'
    : path.includes('\0')
      ? 'it has a NUL'
      : bytes > SOCKET_PATH_MAX_BYTES
        ? `it has ${bytes} bytes, and the name of a socket at most ${SOCKET_PATH_MAX_BYTES}: give a shorter state or address`
        : undefined;
  if (problem === undefined) return;
  throw new InvalidArgumentError(`use the socket ${path}: ${problem}`, {
    code: 'ERR_ADDRESS_INVALID',
    fields: { path },
  });
}

const DURATION_MAX = 2 ** 31 - 1;

function duration(name: string, value: number | undefined, preset: number): number {
  const result = value ?? preset;
  if (!Number.isInteger(result) || result < 1 || result > DURATION_MAX)
    throw invalid(`${name} must be an integer above 0`);
  return result;
}

function invalid(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`manage containerd: ${problem}`, { code: 'ERR_OPTION_INVALID' });
}
