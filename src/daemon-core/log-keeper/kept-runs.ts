import { existsSync } from 'node:fs';
import type { Logger } from '../../log/logger.js';
import type { OpenRequest } from './keeper-protocol.js';
import { KeptRun } from './kept-run.js';

/** All that a keeper writes: one run a container. What is done for one container is done in order. */
export class KeptRuns {
  readonly #runs = new Map<string, KeptRun>();
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Of those whose output has not ended, or for whom something is under way. */
  get busy(): number {
    return [...this.#runs.values()].filter((run) => !run.isOver).length + this.#last.size;
  }

  /** @throws as `KeptRun.open` */
  open(request: OpenRequest): Promise<void> {
    return this.#serial(request.id, async () => {
      const before = this.#runs.get(request.id);
      if (before !== undefined && !before.isOver && before.request.run === request.run) return;
      await before?.letGo();
      this.#runs.delete(request.id);
      this.#runs.set(request.id, await KeptRun.open(request, this.#log));
    });
  }

  finish(id: string): Promise<void> {
    return this.#serial(id, async () => this.#runs.get(id)?.finish());
  }

  forget(id: string): Promise<void> {
    return this.#serial(id, async () => {
      const run = this.#runs.get(id);
      this.#runs.delete(id);
      await run?.forget();
    });
  }

  async letGoOfAll(): Promise<void> {
    await Promise.all([...this.#runs.keys()].map((id) => this.forget(id)));
  }

  /** With no engine there is nobody to tell of the end: whose FIFOs are removed, has ended. */
  async finishRemoved(): Promise<void> {
    const isGone = ({ request: { stdout } }: KeptRun) => !existsSync(stdout);
    const ids = [...this.#runs].filter(([, run]) => !run.isOver && isGone(run)).map(([id]) => id);
    await Promise.all(ids.map((id) => this.finish(id)));
  }

  #serial<T>(id: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(id) ?? Promise.resolve()).then(work);
    const settled = done
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        if (this.#last.get(id) === settled) this.#last.delete(id);
      });
    this.#last.set(id, settled);
    return done;
  }
}
