import { withDefault, withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { Logger } from '../../log/logger.js';
import type { KernelOomKill, OomKillLog } from '../../oom/kernel-log.js';
import type { MemoryCgroup } from '../../oom/memory-cgroup.js';
import { readOomKills } from '../../oom/read-oom-kills.js';
import type { Metrics } from '../../stats/metrics.js';
import { NO_OOM } from '../state/oom-facts.js';
import type { OomFacts, OomVictim } from '../state/record.js';
import { addedVictims, concludeOom, type KilledProcess } from './oom-evidence.js';

/** What is new in the facts. */
export interface OomGrowth {
  /** 0 when it was only learned who was killed. */
  readonly kills: number;
  /** Victims that were not there before, or were not known as exactly. */
  readonly victims: readonly OomVictim[];
}

export interface RunOomOptions {
  readonly containerId: string;
  readonly run: number;
  /** `undefined` where it cannot be seen from here; or not yet, see `setCgroup`. */
  readonly cgroup?: MemoryCgroup | undefined;
  /** The counter when the run was created. @default 0, as in a fresh cgroup */
  readonly baseline?: number | undefined;
  /** For a run that an earlier life of the engine had: what it knew. */
  readonly known?: OomFacts | undefined;
  /** Called after each change, in order, with all that is known. `facts` may be ahead of it by a moment. */
  readonly onChange: (facts: OomFacts, added: OomGrowth) => void;
  readonly kernelLog?: OomKillLog | undefined;
  /** One Metrics call, for where the cgroup cannot be seen. */
  readonly stats?: ((call: CallOptions) => Promise<Metrics>) | undefined;
  readonly log: Logger;
  /** @default the system's clock */
  readonly now?: (() => Date) | undefined;
}

export interface RunEnd {
  /** Of init; `undefined` when it goes on, at a restore. */
  readonly exitCode?: number | undefined;
  /** Events may have been missed. */
  readonly hadGap: boolean;
}

/**
 * The kernel tells of a lack of memory on cgroup v1 before it kills, and writes to the log in between: how long its
 * counter is given after an event, about a second in all.
 */
const CONFIRM_AFTER_MS = [2, 5, 10, 20, 50, 100, 200, 300, 300] as const;
const STATS_TIMEOUT_MS = 5000;
const KILLED = 137;

/**
 * What is known of OOM kills in one run of a container (design, section 3). Make one for each run: nothing is reset.
 *
 * The kernel's counter is the truth where it can be read. It is read after each event, at each exit that may have been a
 * kill, and once more by `settle`, so a kill of which no event came is found too, and an event without a kill (the
 * notification of cgroup v1 comes for any lack of memory, also with the killing disabled) counts for nothing. Where it
 * cannot be read, events are believed.
 */
export class RunOom {
  readonly #options: RunOomOptions;
  readonly #known: OomFacts;
  #cgroup: MemoryCgroup | undefined;
  #baseline: number;
  /** Events, those contradicted by the counter left out. */
  #heard: number;
  #told: number;
  #counted = 0;
  #logged = 0;
  #kernelKills: readonly KernelOomKill[] = [];
  readonly #ended: KilledProcess[] = [];
  #facts: OomFacts;
  #announced: OomFacts;
  /** Older records of the kernel's log are of older runs; a run that was found has none of its own. */
  readonly #mark: number;
  #confirming: Promise<void> | undefined;
  #attempt = 0;
  /** The counter was read after init's exit: later events are of what it has counted. */
  #isFinal = false;
  #isClosed = false;

  constructor(options: RunOomOptions) {
    this.#options = options;
    this.#known = options.known ?? NO_OOM;
    this.#cgroup = options.cgroup;
    this.#baseline = options.baseline ?? 0;
    this.#heard = this.#known.kills;
    this.#told = this.#known.kills;
    this.#facts = this.#known;
    this.#announced = this.#known;
    this.#mark = options.known === undefined ? (options.kernelLog?.mark ?? -1) : -1;
  }

  /** Killed processes are in it at once, before `onChange` is called. */
  get facts(): OomFacts {
    return this.#facts;
  }

  /** To be called between create and start, when the pid is known and nothing of the container has run. */
  setCgroup(cgroup: MemoryCgroup | undefined, baseline = 0): void {
    this.#cgroup = cgroup;
    this.#baseline = baseline;
  }

  /** An `oom` event of this very run. */
  heard(): void {
    if (this.#isClosed) return;
    this.#heard += 1;
    this.#attempt = 0;
    if (this.#judge()) void this.#announce();
    else this.#confirming ??= this.#confirm();
  }

  /**
   * The init or an exec of this run has ended. Resolves when what the kernel tells of it is in `facts`. Never rejects.
   * @param who `init` or `exec ID`
   * @param pid 0 when it is not known
   */
  async processExited(who: string, code: number, pid: number, exitedAt?: Date): Promise<void> {
    if (code === KILLED && !this.#ended.some((ended) => ended.process === who && ended.pid === pid)) {
      this.#ended.push({ process: who, pid, exitedAt: (exitedAt ?? this.#now()).getTime() });
    }
    if (who !== 'init' && code !== KILLED) return;
    this.#count();
    await this.#announce();
  }

  /**
   * The last look: at init's exit before the task is deleted, since the cgroup goes with it; and at a restore. Costs no
   * call where the cgroup can be read; else one, and only when a process exited with 137 or events may have been missed.
   * Waits for a counter that an event has announced, about a second at most. Never rejects.
   *
   * @param call bounds the wait; `timeoutMs` @default 5000 for the call to the backend
   */
  async settle(end: RunEnd, call: CallOptions = {}): Promise<OomFacts> {
    await this.#bounded('wait for the counter of oom kills', this.#confirming, call);
    const isRead = this.#count();
    if (!isRead && (end.exitCode === KILLED || this.#ended.length > 0 || end.hadGap)) await this.#askElsewhere(call);
    if (isRead && end.exitCode !== undefined) this.#isFinal = true;
    await this.#announce();
    return this.#facts;
  }

  /** No `onChange` after it. Idempotent. */
  close(): void {
    this.#isClosed = true;
  }

  async #confirm(): Promise<void> {
    while (this.#attempt < CONFIRM_AFTER_MS.length && !this.#isClosed) {
      await pause(CONFIRM_AFTER_MS[this.#attempt++]);
      if (this.#judge()) break;
    }
    // What is left over was no kill.
    this.#heard = Math.min(this.#heard, Math.max(this.#told, this.#counted));
    this.#confirming = undefined;
    await this.#announce();
  }

  /** True when every event so far is known to be a kill, or that nothing can tell. */
  #judge(): boolean {
    if (this.#count()) return this.#heard <= Math.max(this.#told, this.#counted);
    if (!this.#isFinal) this.#told = this.#heard;
    this.#conclude();
    return true;
  }

  /** Reads the counter. False when it cannot be read. */
  #count(): boolean {
    if (this.#cgroup === undefined) return false;
    try {
      const count = readOomKills(this.#cgroup);
      if (count === undefined) return false;
      this.#counted = Math.max(this.#counted, count - this.#baseline);
      this.#conclude();
      return true;
    } catch (err) {
      this.#warn(err, 'count oom kills');
      return false;
    }
  }

  async #askElsewhere(call: CallOptions): Promise<void> {
    const { stats, kernelLog, known } = this.#options;
    if (stats !== undefined) {
      const bounded = withDefault(call, STATS_TIMEOUT_MS);
      const metrics = await this.#bounded('ask for the count of oom kills', stats(bounded), bounded);
      this.#counted = Math.max(this.#counted, (metrics === undefined ? 0 : killsIn(metrics)) - this.#baseline);
    }
    // systemd removes the cgroup of an ended scope at once.
    if (this.#cgroup === undefined || kernelLog === undefined || known !== undefined) return;
    await this.#readLog(kernelLog, this.#cgroup);
    this.#logged = this.#kernelKills.filter(({ cgroup, killed }) => killed && cgroup !== undefined).length;
  }

  async #readLog(kernelLog: OomKillLog, { path }: MemoryCgroup): Promise<void> {
    const kills = await kernelLog.kills();
    this.#kernelKills = kills.filter(({ sequence, cgroup }) => {
      if (sequence <= this.#mark) return false;
      return cgroup === undefined || cgroup === path || cgroup.startsWith(`${path}/`);
    });
  }

  #conclude(): void {
    const evidence = {
      known: this.#known,
      counted: this.#counted,
      told: this.#told,
      logged: this.#logged,
      log: this.#kernelKills,
      ended: this.#ended,
    };
    this.#facts = concludeOom(evidence, this.#facts, this.#now().toISOString());
  }

  /** Looks for the victims when there are any, then tells what is new. */
  async #announce(): Promise<void> {
    this.#conclude();
    const { kernelLog } = this.#options;
    if (this.#facts.kills > 0 && kernelLog !== undefined && this.#cgroup !== undefined) {
      await this.#readLog(kernelLog, this.#cgroup);
      this.#conclude();
    }
    const before = this.#announced;
    const added = { kills: this.#facts.kills - before.kills, victims: addedVictims(before, this.#facts) };
    if (this.#isClosed || (added.kills === 0 && added.victims.length === 0)) return;
    this.#announced = this.#facts;
    try {
      this.#options.onChange(this.#facts, added);
    } catch (err) {
      this.#warn(err, 'the listener to oom facts failed');
    }
  }

  /** `undefined` when it failed or took too long, which is logged. */
  async #bounded<T>(what: string, promise: Promise<T> | undefined, call: CallOptions): Promise<T | undefined> {
    if (promise === undefined) return undefined;
    try {
      return await withinCall(what, promise, call);
    } catch (err) {
      this.#warn(err, what);
      return undefined;
    }
  }

  #warn(err: unknown, message: string): void {
    const { containerId, run, log } = this.#options;
    log.warn({ err, containerId, run }, message);
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

function killsIn(metrics: Metrics): number {
  if (metrics.kind === 'cgroup1') return Number(metrics.data.memoryOomControl?.oomKill ?? 0n);
  if (metrics.kind === 'cgroup2') return Number(metrics.data.memoryEvents?.oomKill ?? 0n);
  return 0;
}

function pause(ms: number | undefined): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
