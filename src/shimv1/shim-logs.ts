import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { toEngineError } from '../errdefs/index.js';
import { LogPump } from '../shim/log-pump.js';
import type { ShimParams } from '../shim/shim.js';
import { workFolder } from './binary.js';

/** The FIFOs of a shim's stdout and stderr, copied into our log. The shim opens them itself as well and keeps them. */
export class ShimLogs {
  readonly #pumps: readonly LogPump[];
  readonly #paths: readonly string[];

  private constructor(paths: readonly string[], pumps: readonly LogPump[]) {
    this.#paths = paths;
    this.#pumps = pumps;
  }

  /** Makes the FIFOs that are missing. @throws by `LogPump.open` */
  static async open(params: ShimParams): Promise<ShimLogs> {
    const paths = ['stdout', 'stderr'].map((name) => join(workFolder(params), `shim.${name}.log`));
    const log = params.log.child({ namespace: params.namespace, containerId: params.id });
    const pumps: LogPump[] = [];
    try {
      for (const path of paths) pumps.push(await LogPump.open(path, log));
    } catch (err) {
      await Promise.all(pumps.map((pump) => pump.close()));
      throw err;
    }
    return new ShimLogs(paths, pumps);
  }

  /** Ends for the shim's stdout and stderr; the caller closes them. */
  async writeEnds(): Promise<FileHandle[]> {
    const ends: FileHandle[] = [];
    try {
      // Read-write, as the shim itself opens them: that never waits for a reader.
      for (const path of this.#paths) ends.push(await open(path, constants.O_RDWR));
    } catch (err) {
      await Promise.all(ends.map((end) => end.close()));
      throw toEngineError(err, 'open log of shim');
    }
    return ends;
  }

  /** What was written before is still copied. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#pumps.map((pump) => pump.close()));
  }
}
