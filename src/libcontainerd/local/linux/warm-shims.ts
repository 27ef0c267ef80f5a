import { randomBytes } from 'node:crypto';
import { readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { InternalError } from '../../../errdefs/index.js';
import type { Logger } from '../../../log/logger.js';
import type { OciSpec } from '../../../oci/runtime-spec.js';
import type { ResolvedRuntime } from '../../../runtimes/index.js';
import type { Bundle } from '../../../shim/bundle.js';
import { type Bootstrap, readBootstrap } from '../../../shim/bundle-files.js';
import { BundleStore } from '../../../shim/bundle-store.js';
import type { Shim, ShimParams } from '../../../shim/shim.js';
import { shimEnded } from '../../../shim/shim-end.js';
import type { ShimV2 } from '../../../shimv2/index.js';
import { observedStart } from './observed-start.js';
import { TIMEOUTS } from './timeouts.js';

/** In a container's bundle: the bundle that its shim was started in. */
const HOME_LINK = 'shim-home';
/** A shim with a spec of its own group; it never runs this. */
const GROUP = 'io.containerd.runc.v2.group';
const SANDBOX = 'io.kubernetes.cri.sandbox-id';
/** When one that was taken is not started, the next is made after this time all the same. */
const REFILL_AFTER_MS = 1_000;

export interface WarmShim {
  readonly shim: Shim;
  readonly noted: Promise<void>;
}

interface Warm {
  readonly shim: Shim;
  readonly bootstrap: Bootstrap;
  readonly params: ShimParams;
}

interface Pool {
  readonly namespace: string;
  readonly binary: string;
  readonly ready: Warm[];
  timer: NodeJS.Timeout | undefined;
  filling: Promise<void>;
}

export interface WarmShimsOptions {
  /** How many are kept ready for each namespace and shim program. */
  readonly size: number;
  /** For their bundles. */
  readonly folder: string;
  readonly dialect: ShimV2;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly paramsOf: (bundle: Bundle, runtime: Pick<ShimParams, 'binary' | 'options'>) => ShimParams;
}

/**
 * Shims of runc that were started before there was a container for them: a task that gets one pays for the OCI runtime
 * only. Each is started in a bundle of its own and serves one container; its options come with that container's Create.
 */
export class WarmShims {
  readonly #options: WarmShimsOptions;
  readonly #bundles: BundleStore;
  readonly #pools = new Map<string, Pool>();
  /** Bundles that this life made, as `namespace/id`: those of shims that are being started too. */
  readonly #own = new Set<string>();
  #isClosed = false;

  constructor(options: WarmShimsOptions) {
    this.#options = options;
    this.#bundles = new BundleStore(options.folder, { log: options.log });
  }

  /** Starts the first ones for a runtime that is expected to be used. Does not wait for them. */
  prepare(namespace: string, runtime: ResolvedRuntime): void {
    if (isWarmable(runtime)) this.#refillLater(this.#poolOf(namespace, runtime.shim), 0);
  }

  /**
   * A warm shim for this container, or `undefined` when there is none, or it needs one of its own. It is connected
   * already; where it is is noted in the bundle while the caller goes on: `noted` is to be awaited, and may fail.
   */
  take(runtime: ResolvedRuntime, params: ShimParams, spec: OciSpec, needsOwn: boolean): WarmShim | undefined {
    const { annotations = {} } = spec;
    if (needsOwn || !isWarmable(runtime) || GROUP in annotations || SANDBOX in annotations) return undefined;
    const pool = this.#poolOf(params.namespace, runtime.shim);
    const warm = pool.ready.shift();
    this.#refillLater(pool, REFILL_AFTER_MS);
    if (warm === undefined) return undefined;
    return { shim: warm.shim, noted: this.#note(warm, params) };
  }

  /** A start is over: others are made now, and not while the OCI runtime wants the machine for itself. */
  refill(): void {
    for (const pool of this.#pools.values()) {
      if (pool.ready.length < this.#options.size) this.#refillLater(pool, 0);
    }
  }

  async #note({ shim, bootstrap, params: home }: Warm, params: ShimParams): Promise<void> {
    const link = symlink(home.bundle.path, join(params.bundle.path, HOME_LINK));
    await Promise.all([link, this.#options.dialect.note(params, bootstrap, shim)]);
  }

  /** The bundle that the shim of a container was started in, when that is not the container's own. */
  async homeOf(bundle: Bundle): Promise<Bundle | undefined> {
    try {
      const path = await readlink(join(bundle.path, HOME_LINK));
      const [namespace, id] = path.split('/').slice(-2);
      const home = this.#bundles.at(namespace ?? '', id ?? '');
      return home.path === path ? home : undefined;
    } catch {
      return undefined;
    }
  }

  /** After the shim has ended. */
  async removeHome(home: Bundle): Promise<void> {
    await this.#bundles.remove(home, { timeoutMs: TIMEOUTS.cleanup });
    this.#own.delete(`${home.namespace}/${home.id}`);
  }

  /** Whether this life made the bundle: its shim is ready, in use, or is being started or ended. */
  isOwn(namespace: string, id: string): boolean {
    return this.#own.has(`${namespace}/${id}`);
  }

  /** Removes bundles of an earlier life whose shim is in no use; `used` are `namespace/id`. Their shims are ended before. */
  async sweep(used: ReadonlySet<string>): Promise<void> {
    await this.#bundles.sweep();
    for (const bundle of await this.#bundles.list()) {
      const { namespace, id } = bundle;
      if (this.isOwn(namespace, id) || used.has(`${namespace}/${id}`)) continue;
      await this.#bundles.remove(bundle, { timeoutMs: TIMEOUTS.cleanup });
    }
  }

  /** Of those that wait for a container. */
  get idlePids(): number[] {
    return [...this.#pools.values()].flatMap(({ ready }) => ready.map(({ shim }) => shim.pid));
  }

  /** Ends those that wait for a container; the others go on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pool of this.#pools.values()) {
      clearTimeout(pool.timer);
      await pool.filling;
      await Promise.all(pool.ready.splice(0).map((warm) => this.#end(warm)));
    }
  }

  #poolOf(namespace: string, binary: string): Pool {
    const key = `${namespace}\0${binary}`;
    const pool = this.#pools.get(key) ?? { namespace, binary, ready: [], timer: undefined, filling: Promise.resolve() };
    this.#pools.set(key, pool);
    return pool;
  }

  #refillLater(pool: Pool, afterMs: number): void {
    if (this.#isClosed || this.#options.size === 0) return;
    clearTimeout(pool.timer);
    pool.timer = setTimeout(() => {
      pool.filling = pool.filling.then(() => this.#fill(pool));
    }, afterMs);
    pool.timer.unref();
  }

  async #fill(pool: Pool): Promise<void> {
    while (!this.#isClosed && !this.#options.signal.aborted && pool.ready.length < this.#options.size) {
      try {
        pool.ready.push(await this.#start(pool));
      } catch (err) {
        this.#options.log.warn({ err, namespace: pool.namespace, binary: pool.binary }, 'start a warm shim');
        return;
      }
    }
  }

  async #start({ namespace, binary }: Pool): Promise<Warm> {
    const id = `warm-${randomBytes(8).toString('hex')}`;
    const spec = { ociVersion: '1.0.2', annotations: { [GROUP]: id } };
    this.#own.add(`${namespace}/${id}`);
    const bundle = await this.#bundles.create({ namespace, id, spec });
    const params = this.#options.paramsOf(bundle, { binary, options: undefined });
    try {
      const shim = await observedStart({ api: 'v2', isWarm: true }, () =>
        this.#options.dialect.start(params, { timeoutMs: TIMEOUTS.bootstrap }),
      );
      const bootstrap = await readBootstrap(bundle);
      if (bootstrap === undefined) throw new InternalError(`start warm shim ${id}: it did not say where it is`);
      const warm = { shim, bootstrap, params };
      // It ended before it was used: out of memory, or somebody killed it.
      void shim.closed.then(() => this.#drop(warm));
      return warm;
    } catch (err) {
      await this.removeHome(bundle);
      throw err;
    }
  }

  async #drop(warm: Warm): Promise<void> {
    for (const { ready } of this.#pools.values()) {
      const at = ready.indexOf(warm);
      if (at !== -1) ready.splice(at, 1);
    }
    try {
      // When the core closes, so do its connections; the shims live.
      if (!this.#isClosed && !this.#options.signal.aborted) await this.removeHome(warm.params.bundle);
    } catch (err) {
      this.#options.log.warn({ err, bundle: warm.params.bundle.path }, 'remove the bundle of a warm shim');
    }
  }

  async #end({ shim, params }: Warm): Promise<void> {
    const call = { timeoutMs: TIMEOUTS.shutdown };
    try {
      await shim.tasks.shutdown({ id: params.id, now: true }, call);
      await Promise.race([shim.closed, new Promise((resolve) => setTimeout(resolve, call.timeoutMs).unref())]);
    } catch (err) {
      this.#options.log.debug({ err, bundle: params.bundle.path }, 'end a warm shim');
    }
    shim.close();
    await shimEnded(shim.pid, TIMEOUTS.shutdown);
    await this.removeHome(params.bundle).catch((err: unknown) => {
      this.#options.log.warn({ err, bundle: params.bundle.path }, 'remove the bundle of a warm shim');
    });
  }
}

function isWarmable({ api, shimName }: ResolvedRuntime): boolean {
  // v1 of it puts no two containers into one shim.
  return api === 'v2' && /^containerd-shim-runc-v2$/.test(shimName);
}
