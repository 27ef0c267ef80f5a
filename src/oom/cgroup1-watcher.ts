import { NotFoundError, NotImplementedError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import { cgroup1Folders } from '../platform/cgroup1-folders.js';
import { OomKillCounter } from './oom-kill-counter.js';

const DEFAULT_INTERVAL_MS = 1000;
/** About half a millisecond; then others have their turn. */
const READS_PER_TURN = 100;

export interface Cgroup1OomWatcherOptions {
  /** Every container's counter is read once in this time, in milliseconds. @default 1000 */
  readonly intervalMs?: number | undefined;
  /**
   * Called once for each growth of a counter: what it is now, and by how much it grew. May be called before `watch` or
   * `check` resolves. What it throws is logged.
   */
  readonly onKills: (key: string, count: number, delta: number) => void;
  readonly log: Logger;
  /** Another place of /proc, for tests. @default '/proc' */
  readonly proc?: string | undefined;
}

interface Watched {
  readonly key: string;
  /** `undefined` when the cgroup is gone; the last count stays to be asked for. */
  counter: OomKillCounter | undefined;
  count: number;
  hasFailed: boolean;
}

/**
 * Tells of OOM kills on cgroup v1 where neither a shim nor a containerd does. It reads a counter instead of waiting for
 * the kernel's notification: that one comes for a mere lack of memory too, may be lost, and does not outlive us.
 *
 * Counts start with the cgroup, so they hold for one run when each run has a cgroup of its own, and kills from before
 * `watch` are told by it: also those that happened while we were not there.
 *
 * One timer for all; none while nothing is watched. It does not keep the process alive.
 */
export class Cgroup1OomWatcher {
  readonly #options: Cgroup1OomWatcherOptions;
  readonly #intervalMs: number;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #isInRound = false;
  #isClosed = false;

  constructor(options: Cgroup1OomWatcherOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
  }

  /**
   * Watches the memory cgroup that the process is in now, under a key that stands for one run of a container. Another
   * watch with the same key ends. When it resolves, the count so far has been told.
   * @throws NotFoundError when the process or its cgroup is gone; NotImplementedError `ERR_CAPABILITY` where there is
   * no memory controller of cgroup v1, or its kernel does not count
   */
  async watch(key: string, initPid: number): Promise<void> {
    this.unwatch(key);
    const counter = OomKillCounter.open(await this.#folderOf(initPid));
    if (this.#isClosed) return counter.close();
    // Another call with the same key may have been quicker.
    this.unwatch(key);
    const watched: Watched = { key, counter, count: 0, hasFailed: false };
    this.#watched.set(key, watched);
    try {
      this.#read(watched);
    } catch (err) {
      if (this.#watched.get(key) === watched) this.unwatch(key);
      throw err;
    }
    this.#schedule(this.#intervalMs);
    return undefined;
  }

  /**
   * Reads the counter now, for a last look between the exit of a container and its Delete. Gives the last count when
   * the cgroup is gone, 0 for a key that is not watched.
   */
  async check(key: string): Promise<number> {
    const watched = this.#watched.get(key);
    if (watched === undefined) return 0;
    this.#read(watched);
    return watched.count;
  }

  /** Idempotent. */
  unwatch(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    this.#watched.delete(key);
    drop(watched);
    if (this.#watched.size === 0) this.#stopTimer();
  }

  /** Ends all watches. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const key of [...this.#watched.keys()]) this.unwatch(key);
  }

  async #folderOf(pid: number): Promise<string> {
    const folders = await cgroup1Folders(pid, this.#options.proc);
    if (folders === undefined) throw new NotFoundError(`watch oom kills: process ${pid} is gone`);
    const folder = folders.get('memory');
    if (folder === undefined) {
      throw new NotImplementedError('watch oom kills: no memory controller of cgroup v1', { code: 'ERR_CAPABILITY' });
    }
    return folder;
  }

  #read(watched: Watched): void {
    const count = watched.counter?.read();
    if (count === undefined) drop(watched);
    const delta = (count ?? 0) - watched.count;
    // Not after unwatch: the key may stand for another run by now.
    if (count === undefined || delta <= 0 || this.#watched.get(watched.key) !== watched) return;
    watched.count = count;
    this.#tell(watched.key, count, delta);
  }

  #tell(key: string, count: number, delta: number): void {
    try {
      this.#options.onKills(key, count, delta);
    } catch (err) {
      this.#options.log.error({ err, key }, 'the listener to oom kills failed');
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#isInRound || !this.#hasWork()) return;
    this.#timer = setTimeout(() => void this.#round(), delayMs);
    this.#timer.unref();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hasWork(): boolean {
    for (const { counter } of this.#watched.values()) if (counter !== undefined) return true;
    return false;
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    this.#isInRound = true;
    const startedAt = performance.now();
    let inTurn = 0;
    for (const watched of [...this.#watched.values()]) {
      if (watched.counter === undefined) continue;
      this.#readOrLog(watched);
      inTurn += 1;
      if (inTurn % READS_PER_TURN === 0) await new Promise(setImmediate);
    }
    this.#isInRound = false;
    this.#schedule(Math.max(0, this.#intervalMs - (performance.now() - startedAt)));
  }

  #readOrLog(watched: Watched): void {
    try {
      this.#read(watched);
      watched.hasFailed = false;
    } catch (err) {
      // Once, not every second.
      if (!watched.hasFailed) this.#options.log.warn({ err, key: watched.key }, 'cannot count oom kills');
      watched.hasFailed = true;
    }
  }
}

function drop(watched: Watched): void {
  watched.counter?.close();
  watched.counter = undefined;
}
