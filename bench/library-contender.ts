import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, StdioStreams } from '../src/libcontainerd/types.js';
import type { OciSpec } from '../src/oci/runtime-spec.js';
import { discard, inParallel, type Running } from '../test/integration/host/run-container.js';
import type { Contender, StartTime } from './contender.js';

export interface LibraryOptions {
  readonly name: string;
  readonly client: Client;
  readonly specOf: () => OciSpec;
  /** Where the bundles of warm shims are, and how many are ready when the pool is full. */
  readonly pool?: { readonly folder: string; readonly size: number };
}

const POOL_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** This library, in this process, whatever it stands on. Output is attached and read, as an engine does. */
export class LibraryContender implements Contender {
  readonly name: string;
  readonly #options: LibraryOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: LibraryOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async ready(): Promise<void> {
    const { pool } = this.#options;
    const endBy = performance.now() + POOL_TIMEOUT_MS;
    while (pool !== undefined && (await shimsIn(pool.folder)) < pool.size + this.#running.size) {
      if (performance.now() > endBy) throw new Error(`${this.name}: the pool of warm shims did not fill`);
      await pause(LOOK_EVERY_MS);
    }
    // A shim is noted a moment before it is in the pool.
    await pause(LOOK_EVERY_MS);
  }

  async start(id: string): Promise<StartTime> {
    const spec = this.#options.specOf();
    const startedAt = performance.now();
    const container = await this.#options.client.newContainer(id, { spec });
    const madeAt = performance.now();
    const task = await container.newTask({ stdio: { attach: readAll } });
    const createdAt = performance.now();
    await task.start();
    const runsAt = performance.now();
    this.#running.set(id, { container, task });
    return {
      totalMs: runsAt - startedAt,
      stepsMs: [madeAt - startedAt, createdAt - madeAt, runsAt - createdAt],
    };
  }

  async startAll(ids: readonly string[], concurrency: number): Promise<number> {
    const startedAt = performance.now();
    await inParallel(ids.length, concurrency, async (index) => {
      await this.start(ids[index] ?? '');
    });
    return performance.now() - startedAt;
  }

  async remove(ids: readonly string[]): Promise<void> {
    await inParallel(ids.length, 8, async (index) => {
      const id = ids[index] ?? '';
      const running = this.#running.get(id);
      if (running !== undefined) await discard(running);
      this.#running.delete(id);
    });
  }
}

function readAll({ stdout, stderr }: StdioStreams): void {
  stdout?.resume();
  stderr?.resume();
}

/** Shims whose connection is noted. */
async function shimsIn(folder: string): Promise<number> {
  const bundles = await readdir(folder).catch(() => []);
  const files = await Promise.all(bundles.map((bundle) => readdir(join(folder, bundle)).catch((): string[] => [])));
  return files.filter((names) => names.includes('bootstrap.json')).length;
}
