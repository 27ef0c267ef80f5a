import type { StdioConfig } from '../../../cio/stdio.js';
import type { Logger } from '../../../log/logger.js';
import { StdioKeeper } from '../../../shim/stdio-keeper/index.js';
import type { OutputHold } from '../../objects/context.js';
import type { CallOptions } from '../../types.js';

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
    return new OutputKeeper(await StdioKeeper.start({ socketPath, log }), log);
  }

  async hold(config: StdioConfig, call: CallOptions): Promise<void> {
    const paths = [config.stdout, config.stderr].filter((path) => path !== '');
    if (paths.length > 0) await this.#keeper.hold(keyOf(config), paths, call);
  }

  release(config: StdioConfig): void {
    this.#keeper.release(keyOf(config)).catch((err: unknown) => {
      this.#log.warn({ err, path: config.stdout }, 'release the output of a process');
    });
  }

  /** The keeper itself stays. */
  async close(): Promise<void> {
    await this.#keeper.close();
  }
}

function keyOf({ stdout }: StdioConfig): string {
  return stdout;
}
