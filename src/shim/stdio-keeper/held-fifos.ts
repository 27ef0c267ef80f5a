import { closeSync, constants, fstatSync, openSync } from 'node:fs';

const { O_NONBLOCK, O_RDONLY } = constants;

interface Held {
  readonly paths: readonly string[];
  readonly fds: readonly number[];
}

/**
 * The read ends that a keeper has open. It reads nothing, and has no write end, with which nobody would ever see an end.
 * All is synchronous: no open of a FIFO for reading waits with O_NONBLOCK.
 */
export class HeldFifos {
  readonly #held = new Map<string, Held>();
  readonly #maxFds: number;
  #fdCount = 0;

  constructor(maxFds: number) {
    this.#maxFds = maxFds;
  }

  get fdCount(): number {
    return this.#fdCount;
  }

  get entries(): Iterable<readonly [string, readonly string[]]> {
    return Array.from(this.#held, ([key, { paths }]) => [key, paths] as const);
  }

  /** All or none of the paths. Throws the system's error; what the key held before is then held on. */
  hold(key: string, paths: readonly string[]): void {
    if (this.#fdCount + paths.length > this.#maxFds) {
      throw Object.assign(new Error(`${this.#fdCount} of ${this.#maxFds} descriptors are in use`), { code: 'EMFILE' });
    }
    const fds: number[] = [];
    try {
      for (const path of paths) fds.push(openFifo(path));
    } catch (err) {
      for (const fd of fds) closeSync(fd);
      throw err;
    }
    // After the others are open: between the two nobody might hold a FIFO that both have.
    this.release(key);
    this.#held.set(key, { paths, fds });
    this.#fdCount += fds.length;
  }

  release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#fdCount -= held.fds.length;
    for (const fd of held.fds) closeSync(fd);
  }

  /** Lets those go that nobody can open any more, as their names are gone. */
  releaseUnlinked(): void {
    for (const [key, { fds }] of this.#held) {
      if (fds.every((fd) => fstatSync(fd).nlink === 0)) this.release(key);
    }
  }
}

function openFifo(path: string): number {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK);
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw Object.assign(new Error('it is no FIFO'), { code: 'EINVAL', path });
}
