import { existsSync, statSync } from 'node:fs';
import type { StdioConfig } from '../../../cio/stdio.js';
import { isCanceled, isUnavailable } from '../../../errdefs/index.js';
import type { Logger } from '../../../log/logger.js';
import { StdioKeeper } from '../../../shim/stdio-keeper/index.js';
import type { OutputHold } from '../../objects/context.js';
import type { CallOptions } from '../../types.js';

/** A keeper that holds nothing and has no engine ends after this time. */
const IDLE_MS = 1_000;

/** Has the keeper process hold the output FIFOs of every process that has stdio. */
export class OutputKeeper implements OutputHold {
  readonly #keeper: StdioKeeper;
  readonly #log: Logger;

  private constructor(keeper: StdioKeeper, log: Logger) {
    this.#keeper = keeper;
    this.#log = log;
  }

  /** Connects to the keeper of an earlier life, or starts one. */
  static async open(socketPath: string, log: Logger): Promise<OutputKeeper> {
    return new OutputKeeper(await StdioKeeper.start({ socketPath, log, idleMs: IDLE_MS }), log);
  }

  /**
   * After a restart: holds the output of those that live, in case a keeper has died meanwhile, and lets go of what belongs
   * to nobody any more.
   */
  async reconcile(alive: readonly StdioConfig[], call: CallOptions): Promise<void> {
    for (const config of alive.filter(hasFifos)) {
      // One whose FIFOs were removed must not leave the others without.
      await this.hold(config, call).catch((err: unknown) => {
        if (isCanceled(err) || isUnavailable(err)) throw err;
        this.#log.warn({ err, path: config.stdout }, 'hold the output of a running process again');
      });
    }
    const known = new Set(alive.map(keyOf));
    for (const key of (await this.#keeper.held(call)).keys()) {
      if (!known.has(key) && !existsSync(key)) await this.#keeper.release(key, call);
    }
  }

  async hold(config: StdioConfig, call: CallOptions): Promise<void> {
    const paths = [config.stdout, config.stderr].filter((path) => path !== '');
    if (paths.length > 0) await this.#keeper.hold(keyOf(config), paths, call);
  }

  release(config: StdioConfig): void {
    if (keyOf(config) === '') return;
    this.#keeper.release(keyOf(config)).catch((err: unknown) => {
      this.#log.warn({ err, path: config.stdout }, 'release the output of a process');
    });
  }

  /** The keeper itself stays. */
  async close(): Promise<void> {
    await this.#keeper.close();
  }
}

/** Not one whose output a shim writes to files. What is missing is an error of the hold. */
function hasFifos({ stdout }: StdioConfig): boolean {
  return statSync(stdout, { throwIfNoEntry: false })?.isFile() !== true;
}

function keyOf({ stdout }: StdioConfig): string {
  return stdout;
}
