import { closeSync, openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Stalls {
  /** The longest turn of the event loop, less what this thread waited in it for a CPU that others had. */
  readonly ownMs: number;
  /** The longest turn as the clock sees it. */
  readonly longestMs: number;
  /** The same by the runtime's own timer of 1 ms. */
  readonly monitoredMs: number;
}

/** The stalls of the event loop while `work` is done. */
export async function stallsDuring<T>(work: () => Promise<T>): Promise<Stalls & { readonly result: T }> {
  const runQueue = new RunQueue();
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  let [ownMs, longestMs] = [0, 0];
  let [last, lastWaited] = [performance.now(), runQueue.waitedMs()];
  const measure = () => {
    const [now, waited] = [performance.now(), runQueue.waitedMs()];
    longestMs = Math.max(longestMs, now - last);
    ownMs = Math.max(ownMs, now - last - (waited - lastWaited));
    [last, lastWaited] = [now, waited];
  };
  const turn = () => {
    measure();
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  monitor.enable();
  try {
    const result = await work();
    measure();
    return { ownMs, longestMs, monitoredMs: monitor.max / 1e6, result };
  } finally {
    clearImmediate(next);
    monitor.disable();
    runQueue.close();
  }
}

/** How long the main thread was ready to run and did not: the second number of its `schedstat`. */
class RunQueue {
  readonly #fd = openSync('/proc/self/schedstat', 'r');
  readonly #buffer = Buffer.alloc(128);

  waitedMs(): number {
    const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
