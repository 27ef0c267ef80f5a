import type PQueue from 'p-queue';
import type { Stdio, StdioConfig } from '../../cio/stdio.js';
import type { EngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import type { Run } from '../run.js';
import type { RunTable } from '../run-table.js';
import type { CallOptions, Capabilities, RuntimeOptions } from '../types.js';
import type { Cleanups } from './cleanups.js';
import type { ContainerStore, TaskService } from './task-service.js';

/** Keeps the output FIFOs of a process open beside us. */
export interface OutputHold {
  hold(config: StdioConfig, call: CallOptions): Promise<void>;
  /** The FIFOs are not needed any more. Never throws. */
  release(config: StdioConfig): void;
}

/** What the objects of one client share. */
export interface ObjectContext {
  readonly tasks: TaskService;
  readonly containers: ContainerStore;
  /** @throws CanceledError when the client is closed or the signal has fired */
  readonly assertUsable: (what: string, signal: AbortSignal | undefined) => void;
  /** The containerd name of the runtime that a runtime's name stands for: it decides the type of its options. */
  readonly shimTypeOf: (runtime: string) => string;
  readonly namespace: string;
  /** Holds one folder a container, for its FIFOs. */
  readonly stateDir: string;
  readonly defaultRuntime: string;
  readonly defaultRuntimeOptions: RuntimeOptions | undefined;
  readonly capabilities: Capabilities;
  readonly table: RunTable;
  readonly log: Logger;
  /** Open stdio by run and process id, so that one reader is the only one and all are closed with the client. */
  readonly stdio: StdioRegistry;
  readonly lifetime: Lifetime;
  readonly cleanups: Cleanups;
  /** Bounds the exec starts of one task: some shims hang when twenty or more come at once (moby/moby#45595). */
  readonly execStarts: WeakMap<Run, PQueue>;
  /** Tasks that did not answer a sample lately, until when they are not asked: milliseconds of `performance.now()`. */
  readonly slowTasks: Map<string, number>;
  /** Types of metrics that could not be read, which the log has already. */
  readonly unreadableMetrics: Set<string>;
  /** Asks the backend about a run that it seems not to know any more. Never throws, does not block. */
  readonly verify: (run: Run) => void;
  /** The same, some seconds from now. */
  readonly verifyLater: (run: Run) => void;
  /**
   * Told before a process with output is made: from then on what it prints survives our death, where the backend has a
   * keeper for that.
   */
  readonly holdOutput?: OutputHold | undefined;
  /** Whether the event stream is in force. */
  readonly isConnected: () => boolean;
}

/** Who reads and writes for which process, so that there is one reader, and all are closed with task and client. */
export class StdioRegistry {
  readonly #open = new Map<Run, Map<string, Stdio>>();
  /** Processes that are getting a reader, as `run/process`. */
  readonly #reserved = new Set<string>();
  #isClosed = false;

  /** For the time of an exec or attach. `undefined` when the process has a reader, or is just getting one. */
  reserve(run: Run, processId: string): (() => void) | undefined {
    const key = `${run.generation}/${processId}`;
    if (this.get(run, processId) !== undefined || this.#reserved.has(key)) return undefined;
    this.#reserved.add(key);
    return () => this.#reserved.delete(key);
  }

  get(run: Run, processId: string): Stdio | undefined {
    return this.#open.get(run)?.get(processId);
  }

  /** Takes the stdio into its care; what comes too late, after the client's or the run's end, is closed at once. */
  add(run: Run, processId: string, stdio: Stdio): void {
    if (this.#isClosed || run.phase === 'ended') {
      void stdio.close({ removeFiles: run.phase === 'ended' });
      return;
    }
    const ofRun = this.#open.get(run) ?? new Map<string, Stdio>();
    this.#open.set(run, ofRun.set(processId, stdio));
  }

  async close(run: Run, processId: string): Promise<void> {
    const ofRun = this.#open.get(run);
    const stdio = ofRun?.get(processId);
    ofRun?.delete(processId);
    if (ofRun?.size === 0) this.#open.delete(run);
    await stdio?.close({ removeFiles: true });
  }

  /** The task was deleted: nothing of it or its execs is left to read. */
  async closeRun(run: Run): Promise<void> {
    const ofRun = this.#open.get(run);
    this.#open.delete(run);
    await Promise.all([...(ofRun?.values() ?? [])].map((stdio) => stdio.close({ removeFiles: true })));
  }

  /** The client ends and the containers go on: the FIFOs stay for whoever attaches next. */
  async detachAll(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open.values()].flatMap((ofRun) => [...ofRun.values()]);
    this.#open.clear();
    await Promise.all(all.map((stdio) => stdio.close({ removeFiles: false })));
  }
}

/** The client's end, as those see it who wait for something else. */
export class Lifetime {
  readonly #listeners = new Set<(reason: EngineError) => void>();
  #reason: EngineError | undefined;

  /** Calls back when the client ends, at once when it has. Returns how to stop listening. */
  onEnd(listener: (reason: EngineError) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end(reason: EngineError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }
}
