import { InternalError } from '../errdefs/index.js';
import type { ContainerEvent } from './event.js';
import {
  exitOf,
  initialRun,
  isStarted,
  oomKillsOf,
  pidOf,
  type RunFact,
  type RunState,
  reduceRun,
  statusOf,
} from './run-state.js';
import type { ExitStatus, RunSnapshot } from './types.js';

/** Where and when a fact was learned; goes into the event that it causes. */
export interface FactOrigin {
  readonly timestamp: Date;
  /** True when not the backend's own event told it. */
  readonly synthesized: boolean;
}

type ExitListener = (exit: ExitStatus) => void;

let generations = 0;
let incarnations = 0;

/**
 * One run of a container, from its create (or attach) to its delete: the reducer's state, who waits for its exits, and
 * the events that its changes cause. Each kind of change is announced once; a later, better exit changes `snapshot`
 * only.
 */
export class Run {
  /** Different for every run in this process. */
  readonly generation: number;
  readonly containerId: string;
  /**
   * `pending` until the backend's reply says that the run exists: facts are collected, nothing is announced, so that an
   * event of an older run of the same id cannot be taken for ours.
   */
  #phase: 'pending' | 'live' | 'ended' = 'pending';
  #state: RunState;
  readonly #held: { fact: RunFact; origin: FactOrigin }[] = [];
  readonly #announce: (event: ContainerEvent) => void;
  /** Execs by id, with a number that is another one when the id is used again. */
  readonly #incarnations = new Map<string, number>();
  readonly #exitListeners = new Map<string, Set<ExitListener>>();

  /**
   * For a run that this client creates: when the create was sent. An OOM event names neither pid nor run; one from
   * before is about an older run. `undefined` for a run found alive, of which every OOM is ours.
   */
  readonly #since: Date | undefined;

  constructor(containerId: string, announce: (event: ContainerEvent) => void, since: Date | undefined) {
    this.containerId = containerId;
    this.#since = since;
    this.generation = ++generations;
    this.#state = initialRun(containerId);
    this.#announce = announce;
  }

  get phase(): 'pending' | 'live' | 'ended' {
    return this.#phase;
  }

  /** True for a run that this client creates; false for one that it found. */
  get isNew(): boolean {
    return this.#since !== undefined;
  }

  snapshot(processId: string): RunSnapshot {
    const oomKills = oomKillsOf(this.#state);
    return {
      status: statusOf(this.#state, processId),
      pid: pidOf(this.#state, processId),
      exit: exitOf(this.#state, processId),
      oomKilled: oomKills > 0,
      oomKills,
    };
  }

  exitOf(processId: string): ExitStatus | undefined {
    return exitOf(this.#state, processId);
  }

  /** Tells an exec from a later one of the same id; 0 for the init, and for an exec that is gone. */
  incarnationOf(processId: string): number {
    return this.#incarnations.get(processId) ?? 0;
  }

  /** Ids of processes that are not known to have ended, started or not; the init's first. */
  unfinished(): string[] {
    return [...this.#state.processes.keys()].filter((id) => exitOf(this.#state, id) === undefined);
  }

  /** Makes a pending run live with what the reply said, then applies what arrived meanwhile. */
  begin(facts: readonly RunFact[], origin: FactOrigin): void {
    if (this.#phase !== 'pending') {
      throw new InternalError(`begin run of ${this.containerId}: it is ${this.#phase}`, {
        code: 'ERR_TRANSITION',
      });
    }
    this.#phase = 'live';
    for (const fact of facts) this.apply(fact, origin);
    for (const held of this.#held.splice(0)) this.apply(held.fact, held.origin);
  }

  apply(fact: RunFact, origin: FactOrigin): void {
    if (this.#phase === 'ended') return;
    // What comes before the create was answered is about an older run, even if it names the same pid.
    if (this.#phase === 'pending' && this.isNew) return;
    if (fact.kind === 'oom' && this.#since !== undefined && origin.timestamp < this.#since) return;
    if (this.#phase === 'pending') {
      this.#held.push({ fact, origin });
      return;
    }
    if (fact.kind === 'exec-added') this.#incarnations.set(fact.processId, ++incarnations);
    if (fact.kind === 'exec-removed') this.#incarnations.delete(fact.processId);
    const before = this.#state;
    const after = reduceRun(before, fact);
    if (after === before) return;
    this.#state = after;
    this.#announceChanges(before, after, origin);
  }

  /** Closes the books at delete or when the run was replaced: no fact changes it any more. */
  end(): void {
    this.#phase = 'ended';
    this.#held.length = 0;
  }

  /** Calls back once, at once when the exit is known already. Returns how to stop listening. */
  onExit(processId: string, listener: ExitListener): () => void {
    const known = exitOf(this.#state, processId);
    if (known !== undefined) {
      listener(known);
      return () => {};
    }
    const listeners = this.#exitListeners.get(processId) ?? new Set();
    this.#exitListeners.set(processId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#exitListeners.get(processId) === listeners) {
        this.#exitListeners.delete(processId);
      }
    };
  }

  #announceChanges(before: RunState, after: RunState, origin: FactOrigin): void {
    const id = this.containerId;
    if (!before.created && after.created) this.#emit('create', id, after, origin);
    for (const processId of after.processes.keys()) {
      const wasOver = exitOf(before, processId) !== undefined;
      const isExec = processId !== id;
      if (isExec && !before.processes.get(processId)?.added && after.processes.get(processId)?.added) {
        this.#emit('exec-added', processId, after, origin);
      }
      // A start that is heard of after the exit is history, not news.
      if (!wasOver && !isStarted(before, processId) && isStarted(after, processId)) {
        this.#emit(isExec ? 'exec-started' : 'start', processId, after, origin);
      }
    }
    if (before.paused !== after.paused) this.#emit(after.paused ? 'paused' : 'resumed', id, after, origin);
    if (oomKillsOf(after) > oomKillsOf(before)) this.#emit('oom', id, after, origin);
    for (const processId of after.processes.keys()) {
      const exit = exitOf(after, processId);
      if (exit === undefined || exitOf(before, processId) !== undefined) continue;
      this.#announce({ ...this.#fields(processId, after, origin), type: 'exit', exit });
      const listeners = this.#exitListeners.get(processId);
      this.#exitListeners.delete(processId);
      for (const listener of listeners ?? []) listener(exit);
    }
  }

  #emit(type: Exclude<ContainerEvent['type'], 'exit'>, processId: string, state: RunState, origin: FactOrigin): void {
    this.#announce({ ...this.#fields(processId, state, origin), type });
  }

  #fields(processId: string, state: RunState, origin: FactOrigin) {
    return {
      containerId: this.containerId,
      processId,
      pid: pidOf(state, processId),
      run: this.generation,
      timestamp: origin.timestamp,
      synthesized: origin.synthesized,
    };
  }
}
