import { type FSWatcher, watch } from 'node:fs';

/** For files that cannot be watched, or are not there yet. */
const POLL_MS = 500;

/** Tells of changes of files while somebody wants to know. */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(paths: readonly string[], onChange: () => void) {
    this.#paths = paths;
    this.#onChange = onChange;
  }

  acquire(): void {
    this.#users += 1;
    if (this.#users > 1) return;
    this.#watchAll();
    this.#timer = setInterval(() => {
      this.#watchAll();
      this.#onChange();
    }, POLL_MS);
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    clearInterval(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watchAll(): void {
    for (const path of this.#paths) {
      if (this.#watchers.has(path)) continue;
      try {
        const watcher = watch(path, { persistent: false }, () => this.#onChange());
        watcher.on('error', () => {
          watcher.close();
          this.#watchers.delete(path);
        });
        this.#watchers.set(path, watcher);
      } catch {
        // Not there yet, or the kernel has no watch left: the poll finds what is written.
      }
    }
  }
}
