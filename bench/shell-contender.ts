import type { Contender, StartTime } from './contender.js';
import type { Command, ShellClock } from './shell-clock.js';

export interface ShellOptions {
  readonly name: string;
  readonly clock: ShellClock;
  /** Makes what the commands read; not measured. */
  readonly prepare: (id: string) => Promise<void>;
  readonly commands: (id: string) => readonly Command[];
  readonly removal: (ids: readonly string[]) => readonly Command[];
  /** Not measured either. */
  readonly tidy?: (id: string) => Promise<void>;
}

/** Programs run from a shell, timed there. */
export class ShellContender implements Contender {
  readonly name: string;
  readonly #options: ShellOptions;

  constructor(options: ShellOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async ready(): Promise<void> {}

  async start(id: string): Promise<StartTime> {
    await this.#options.prepare(id);
    const stepsMs = await this.#options.clock.each(this.#options.commands(id));
    return { totalMs: stepsMs.reduce((sum, step) => sum + step, 0), stepsMs };
  }

  async startAll(ids: readonly string[], concurrency: number): Promise<number> {
    for (const id of ids) await this.#options.prepare(id);
    const loops = Array.from({ length: concurrency }, (_, loop) =>
      ids.filter((_id, index) => index % concurrency === loop).flatMap(this.#options.commands),
    );
    return this.#options.clock.loops(loops);
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.#options.clock.each(this.#options.removal(ids));
    for (const id of ids) await this.#options.tidy?.(id);
  }
}
