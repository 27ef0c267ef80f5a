import { isAbsolute } from 'node:path';
import { InvalidArgumentError } from '../../../errdefs/index.js';
import type { Logger } from '../../../log/logger.js';
import type { RuntimeTable } from '../../../runtimes/index.js';
import type { RuntimeOptions } from '../../types.js';

export interface CoreOptions {
  /** Containers' metadata; outlives a reboot. One core at a time has it. @default '/var/lib/libcontainerd' */
  readonly root?: string | undefined;
  /**
   * Bundles, sockets and FIFOs; of this boot only. Sockets in it have names of at most 107 bytes: it may have 60.
   * @default '/run/libcontainerd'
   */
  readonly state?: string | undefined;
  /** What runtime names stand for. @default `RuntimeTable.stock()` */
  readonly runtimes?: RuntimeTable | undefined;
  /**
   * `lossless`: a keeper process holds the output FIFOs, so that nothing that a container prints is lost when this
   * process dies, whatever the container does meanwhile. `plain`: without; then a container that ends while nobody
   * reads loses what is in its FIFOs, at most 64 KiB a stream. One that keeps running loses nothing either way.
   * @default 'plain'
   */
  readonly stdio?: 'plain' | 'lossless' | undefined;
  /** Shims kept ready for each namespace and shim program. @default 0 */
  readonly warmShims?: number | undefined;
  /** Have shims log what they do. @default false */
  readonly debugShims?: boolean | undefined;
  /** @default the logger that `LIBCONTAINERD_LOG` sets up; silent without it */
  readonly logger?: Logger | undefined;
}

export interface LocalClientOptions {
  /** The tenant: this client sees nothing outside it. @default 'default' */
  readonly namespace?: string | undefined;
  /** For containers that name none. @default the table's, `runc` */
  readonly runtime?: string | undefined;
  /** For containers that give none. Without `root` the OCI runtime keeps its state in `<state>/runc`. */
  readonly runtimeOptions?: RuntimeOptions | undefined;
  /** How long a vanished process' exit may still come, in milliseconds, before it is unknown. @default 5000 */
  readonly goneGraceMs?: number | undefined;
  readonly logger?: Logger | undefined;
}

export interface CoreSettings {
  readonly root: string;
  readonly state: string;
  readonly stdio: 'plain' | 'lossless';
  readonly warmShims: number;
}

/** The longest below it: `/events/s/` and 32 characters, in 106 bytes. */
const STATE_BYTES_MAX = 60;
const WARM_MAX = 100;

/** @throws InvalidArgumentError `ERR_OPTION_INVALID` */
export function settingsOf(options: CoreOptions): CoreSettings {
  const { root = '/var/lib/libcontainerd', state = '/run/libcontainerd', stdio = 'plain', warmShims = 0 } = options;
  for (const [name, path] of [
    ['root', root],
    ['state', state],
  ] as const) {
    if (typeof path !== 'string' || !isAbsolute(path))
      throw invalid(`${name} ${JSON.stringify(path)} is not an absolute path`);
  }
  if (Buffer.byteLength(state) > STATE_BYTES_MAX) {
    throw invalid(
      `state ${JSON.stringify(state)} has more than ${STATE_BYTES_MAX} bytes: sockets in it would have names that are too long`,
    );
  }
  if (stdio !== 'plain' && stdio !== 'lossless')
    throw invalid(`stdio ${JSON.stringify(stdio)} is neither plain nor lossless`);
  if (!Number.isInteger(warmShims) || warmShims < 0 || warmShims > WARM_MAX) {
    throw invalid(`warmShims ${warmShims} is no whole number from 0 to ${WARM_MAX}`);
  }
  return { root, state, stdio, warmShims };
}

function invalid(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`open the embedded core: ${problem}`, { code: 'ERR_OPTION_INVALID' });
}
