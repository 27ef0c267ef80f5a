import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import { isCanceled, isNotFound } from '../../errdefs/index.js';
import type { Process } from '../../protocol/gen/containerd/types/task.js';
import type { Run } from '../run.js';
import type { ObjectContext } from './context.js';
import { listTasks } from './list-tasks.js';
import { applyReply } from './process-facts.js';
import { TIMEOUTS } from './timeouts.js';

/** Questions about single processes asked at once; a slow shim must not hold up the others. */
const CONCURRENCY = 16;
const RETRY_FIRST_MS = 100;
/** After this many questions without a decision (a frozen shim, say) the next sweep goes on. */
const TRIES_MAX = 6;

export interface ResyncOptions {
  /** How long the exit event of a task that is gone may take (shims redeliver), before its exit is called unknown. */
  readonly goneGraceMs: number;
}

/**
 * Makes sure of what is true of the live runs: after a gap in the events, every half minute, and when a call found
 * something missing. Missing from a list is not death: containerd leaves out tasks whose shim did not answer in 2 s.
 */
export class Resync {
  readonly #context: ObjectContext;
  readonly #options: ResyncOptions;
  readonly #queue = new PQueue({ concurrency: CONCURRENCY });
  /** Runs that are being asked about; a second reason to ask joins the first. */
  readonly #asking = new Map<Run, Promise<void>>();
  readonly #gone = new Set<Run>();
  readonly #abort = new AbortController();

  constructor(context: ObjectContext, options: ResyncOptions) {
    this.#context = context;
    this.#options = options;
    // One listener for each process that is waited for.
    setMaxListeners(0, this.#abort.signal);
  }

  /**
   * One list, then a question for each run that it does not settle, and for each exec that runs: lists show none.
   * @throws what the list throws
   */
  async all(): Promise<void> {
    const runs = this.#context.table.runs();
    if (runs.length === 0) return;
    const askedAt = Date.now();
    const listed = await listTasks(this.#context, {});
    await Promise.all(
      runs.map(async (run) => {
        const task = listed.get(run.containerId);
        const isSettled = task !== undefined && applyReply(run, run.containerId, task, askedAt) === 'applied';
        if (isSettled) await this.#execs(run);
        else await this.run(run);
      }),
    );
  }

  /** Looks at a run again after the time in which its last events should have come. */
  later(run: Run): void {
    this.#later(() => void this.run(run));
  }

  /** Asks about one run until it is decided. Never throws. */
  run(run: Run): Promise<void> {
    const asking = this.#asking.get(run);
    if (asking !== undefined) return asking;
    const started = this.#settle(run).finally(() => this.#asking.delete(run));
    this.#asking.set(run, started);
    return started;
  }

  close(): void {
    this.#abort.abort();
    this.#queue.clear();
  }

  async #settle(run: Run): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX && !this.#isOver(run); tries++) {
      const verdict = run.exitOf(run.containerId) === undefined ? await this.#ask(run, '') : 'applied';
      if (verdict === 'applied') return this.#execs(run);
      if (verdict === 'gone') return this.#markGone(run);
      // containerd is away: the next connection asks about everything again.
      if (verdict === 'unreachable') return;
      await this.#sleep(RETRY_FIRST_MS * 2 ** tries);
    }
  }

  async #execs(run: Run): Promise<void> {
    const execs = run.unfinished().filter((id) => id !== run.containerId);
    await Promise.all(
      execs.map(async (execId) => {
        const incarnation = run.incarnationOf(execId);
        const verdict = await this.#ask(run, execId);
        if (verdict !== 'gone') return;
        this.#later(() => {
          // A deleted exec's id may belong to the next one by now: health checks use one for all.
          if (run.incarnationOf(execId) === incarnation) this.#context.table.concludeUnknown(run, [execId]);
        });
      }),
    );
  }

  #ask(run: Run, execId: string): Promise<'applied' | 'gone' | 'undecided' | 'unreachable'> {
    return this.#queue.add(async () => {
      let process: Process | undefined;
      const incarnation = run.incarnationOf(execId);
      const askedAt = Date.now();
      try {
        const request = { containerId: run.containerId, execId };
        const call = { timeoutMs: TIMEOUTS.resyncCall };
        process = (await this.#context.tasks.get(request, call)).process;
      } catch (err) {
        if (isNotFound(err)) return 'gone';
        if (isCanceled(err) || this.#abort.signal.aborted) return 'unreachable';
        this.#context.log.debug({ err, containerId: run.containerId, execId }, 'ask for the state of a process');
        return this.#context.isConnected() ? 'undecided' : 'unreachable';
      }
      if (process === undefined) return 'gone';
      if (run.incarnationOf(execId) !== incarnation) return 'applied';
      const outcome = applyReply(run, execId === '' ? run.containerId : execId, process, askedAt);
      return outcome === 'of-another-run' ? 'gone' : outcome;
    });
  }

  /** Its exit event may still be on its way: shims repeat what containerd did not take for some seconds. */
  #markGone(run: Run): void {
    if (this.#gone.has(run)) return;
    this.#gone.add(run);
    this.#context.log.debug({ containerId: run.containerId }, 'the task is gone, its exit was not heard of yet');
    this.#later(() => {
      this.#gone.delete(run);
      this.#context.table.concludeUnknown(run);
    });
  }

  #later(action: () => void): void {
    void this.#sleep(this.#options.goneGraceMs).then(() => {
      if (!this.#abort.signal.aborted) action();
    });
  }

  /** Ends early when closed. Does not keep the process alive. */
  #sleep(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.#abort.signal, ref: false }).catch(() => {});
  }

  #isOver(run: Run): boolean {
    return this.#abort.signal.aborted || run.phase !== 'live' || run.unfinished().length === 0;
  }
}
