import { ConflictError } from '../errdefs/index.js';
import type { ContainerEvent } from './event.js';
import { type FactOrigin, Run } from './run.js';
import type { RunFact } from './run-state.js';

/**
 * Container id -> its live run, entered at create or attach and left at delete. The only table the library has (design
 * section 2, rule 1); used by events and resync only, never to answer a question of the caller's.
 */
export class RunTable {
  readonly #live = new Map<string, Run>();
  readonly #pending = new Map<string, Set<Run>>();
  /** Facts about containers that nobody asked about yet, while a list of all is being read. */
  readonly #collections = new Set<Map<string, { fact: RunFact; origin: FactOrigin }[]>>();
  readonly #announce: (event: ContainerEvent) => void;

  constructor(announce: (event: ContainerEvent) => void) {
    this.#announce = announce;
  }

  get size(): number {
    return this.#live.size;
  }

  get(containerId: string): Run | undefined {
    return this.#live.get(containerId);
  }

  /** Whether a run of this container is live or being prepared: its events are ours to judge. */
  isKnown(containerId: string): boolean {
    return this.#live.has(containerId) || this.#pending.has(containerId);
  }

  runs(): Run[] {
    return [...this.#live.values()];
  }

  /**
   * A run that the backend is being asked to create or to show. Until `commit` it only collects facts; an older run of
   * the same id stays live beside it. Any number may look for a run at once, one may create it.
   * @param since when the create was sent; absent for a run that exists already.
   * @throws ConflictError `ERR_TASK_EXISTS` while another call creates one of this id
   */
  prepare(containerId: string, since?: Date): Run {
    const pending = this.#pending.get(containerId) ?? new Set();
    if (since !== undefined && [...pending].some((run) => run.isNew)) {
      throw new ConflictError(`create task of ${containerId}: another call is creating it`, {
        code: 'ERR_TASK_EXISTS',
        fields: { containerId },
      });
    }
    const run = new Run(containerId, this.#announce, since);
    this.#pending.set(containerId, pending.add(run));
    return run;
  }

  /** The backend answered: the run exists. A run that it replaces ends as unknown, since nobody saw its exit. */
  commit(run: Run, facts: readonly RunFact[], origin: FactOrigin): void {
    this.abandon(run);
    const old = this.#live.get(run.containerId);
    if (old !== undefined) {
      this.concludeUnknown(old);
      old.end();
    }
    this.#live.set(run.containerId, run);
    run.begin(facts, origin);
    if (run.isNew) return;
    for (const collection of this.#collections) {
      for (const kept of collection.get(run.containerId) ?? []) run.apply(kept.fact, kept.origin);
    }
  }

  /**
   * From now on facts about unknown containers are kept and given to the runs that are found, until `stop`: what happens
   * between the making of a list and the adoption of its last entry must not be lost (containerd/containerd#10390).
   */
  collect(): { stop(): void } {
    const collection = new Map<string, { fact: RunFact; origin: FactOrigin }[]>();
    this.#collections.add(collection);
    return { stop: () => this.#collections.delete(collection) };
  }

  /** The backend refused: forget a prepared run. */
  abandon(run: Run): void {
    const pending = this.#pending.get(run.containerId);
    pending?.delete(run);
    if (pending?.size === 0) this.#pending.delete(run.containerId);
  }

  /** The run was deleted. Whatever of it is not known to have ended has ended now. */
  remove(run: Run): void {
    if (run.phase === 'live') this.concludeUnknown(run);
    run.end();
    if (this.#live.get(run.containerId) === run) this.#live.delete(run.containerId);
  }

  /** Facts of an event go to the live run and to one being prepared; each decides whether they are about it. */
  apply(containerId: string, fact: RunFact, origin: FactOrigin): void {
    for (const collection of this.#collections) {
      collection.set(containerId, [...(collection.get(containerId) ?? []), { fact, origin }]);
    }
    this.#live.get(containerId)?.apply(fact, origin);
    for (const run of this.#pending.get(containerId) ?? []) run.apply(fact, origin);
  }

  /** Ends every unfinished process of the run as 255 with `exitUnknown` (moby/moby#45800). Never replaces a known exit. */
  concludeUnknown(run: Run, processIds: readonly string[] = run.unfinished()): void {
    const now = new Date();
    for (const processId of processIds) {
      const exit = { code: 255, exitedAt: now, exitUnknown: true };
      run.apply({ kind: 'exit', processId, pid: 0, exit, source: 'guess' }, { timestamp: now, synthesized: true });
    }
  }
}
