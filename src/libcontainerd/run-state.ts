import type { ExitStatus, ProcessStatus } from './types.js';

/**
 * The truth of one run, as a pure reducer. Facts come from events, replies, lists and kernel counters, in any order and
 * any number of times; whatever the order, the same facts give the same exit and the same OOM state (property-tested by
 * permutation in `run-state.test.ts`). Pause and resume have no meaning apart from their order: the younger fact holds.
 *
 * The rule about pids (moby/moby#43767): another pid is evidence of an old run, an equal pid proves nothing.
 */
export type RunFact =
  /**
   * A reply about this very run named the pid; events never set pids, they may belong to an old run. Pid 0 in a reply
   * says that the runtime has no pids: from then on events are believed whatever pid they carry.
   */
  | { readonly kind: 'pid'; readonly processId: string; readonly pid: number }
  | { readonly kind: 'created' }
  | { readonly kind: 'exec-added'; readonly processId: string }
  /** `pid` 0 when the source does not tell. */
  | { readonly kind: 'started'; readonly processId: string; readonly pid: number }
  /** `at`: milliseconds, the event's own time or when the call was sent that was answered so. */
  | { readonly kind: 'paused' | 'resumed'; readonly at: number; readonly source: 'reply' | 'event' }
  | {
      readonly kind: 'exit';
      readonly processId: string;
      readonly pid: number;
      readonly exit: ExitStatus;
      /** `reply`: about this very run. `event`: may be late, or of an old run. `guess`: nobody could tell. */
      readonly source: 'reply' | 'event' | 'guess';
    }
  /** One OOM event; `key` tells redelivery of one event from a second kill. */
  | { readonly kind: 'oom'; readonly key: string }
  | { readonly kind: 'oom-count'; readonly count: number }
  /** The exec was deleted: its id may be used again in this run. */
  | { readonly kind: 'exec-removed'; readonly processId: string };

/** The best exit heard of from one origin. */
interface ExitCandidate {
  /** The event's pid; `ABOUT_THIS_RUN` for replies and guesses, which need no pid to be believed. */
  readonly origin: number;
  readonly exit: ExitStatus;
}

const ABOUT_THIS_RUN = -1;

export interface ProcessState {
  readonly pids: readonly number[];
  readonly pidless: boolean;
  readonly added: boolean;
  readonly started: boolean;
  /** Start events seen with a pid not known yet as ours. */
  readonly startedPids: readonly number[];
  readonly candidates: readonly ExitCandidate[];
}

export interface RunState {
  readonly id: string;
  readonly created: boolean;
  readonly paused: boolean;
  readonly pausedAt: number;
  readonly pausedSource: 'reply' | 'event';
  readonly processes: ReadonlyMap<string, ProcessState>;
  readonly oomKeys: ReadonlySet<string>;
  readonly oomCount: number;
}

const EMPTY: ProcessState = { pids: [], pidless: false, added: false, started: false, startedPids: [], candidates: [] };

/** More distinct kills than this in one run are counted by the kernel's counter only. */
const OOM_KEYS_MAX = 1024;

export function initialRun(id: string): RunState {
  return {
    id,
    created: false,
    paused: false,
    pausedAt: 0,
    pausedSource: 'event',
    processes: new Map([[id, EMPTY]]),
    oomKeys: new Set(),
    oomCount: 0,
  };
}

/** Gives the next state, or the same object when the fact says nothing new. */
export function reduceRun(state: RunState, fact: RunFact): RunState {
  switch (fact.kind) {
    case 'created':
      return state.created ? state : { ...state, created: true };
    case 'paused':
    case 'resumed': {
      if (!isYounger(state, fact)) return state;
      return { ...state, paused: fact.kind === 'paused', pausedAt: fact.at, pausedSource: fact.source };
    }
    case 'oom':
      if (state.oomKeys.has(fact.key) || state.oomKeys.size >= OOM_KEYS_MAX) return state;
      return { ...state, oomKeys: new Set(state.oomKeys).add(fact.key) };
    case 'oom-count':
      return fact.count <= state.oomCount ? state : { ...state, oomCount: fact.count };
    case 'exec-removed': {
      if (fact.processId === state.id || !state.processes.has(fact.processId)) return state;
      const processes = new Map(state.processes);
      processes.delete(fact.processId);
      return { ...state, processes };
    }
    case 'exec-added':
      return update(state, fact.processId, (p) => (p.added ? p : { ...p, added: true }), true);
    case 'pid':
      return update(state, fact.processId, (p) => addPid(p, fact.pid));
    case 'started':
      return update(state, fact.processId, (p) => addStart(p, fact.pid));
    case 'exit':
      return update(state, fact.processId, (p) => addCandidate(p, fact));
  }
}

/** No event is delivered this late; a fact that looks so much older says that the clock was set back. */
const CLOCK_STEP_MS = 60_000;

/**
 * Whether a pause or resume is younger than what holds. In the same millisecond a reply beats an event: the event of our
 * own pause may come after the reply of the resume that we sent next.
 */
function isYounger(state: RunState, fact: RunFact & { kind: 'paused' | 'resumed' }): boolean {
  const age = state.pausedAt - fact.at;
  if (age === 0) return fact.source === 'reply' || state.pausedSource === 'event';
  return age < 0 || age > CLOCK_STEP_MS;
}

/** A fact about an exec that this run does not hold is about an old exec of that id, or a stranger's: dropped. */
function update(
  state: RunState,
  processId: string,
  change: (process: ProcessState) => ProcessState,
  create = false,
): RunState {
  const before = state.processes.get(processId) ?? (create ? EMPTY : undefined);
  if (before === undefined) return state;
  const after = change(before);
  if (after === before) return state;
  return { ...state, processes: new Map(state.processes).set(processId, after) };
}

function addPid(process: ProcessState, pid: number): ProcessState {
  if (pid === 0) return process.pidless ? process : { ...process, pidless: true };
  if (process.pids.includes(pid)) return process;
  return { ...process, pids: [...process.pids, pid].sort((a, b) => a - b) };
}

function addStart(process: ProcessState, pid: number): ProcessState {
  if (pid === 0) return process.started ? process : { ...process, started: true };
  if (process.startedPids.includes(pid)) return process;
  return { ...process, startedPids: [...process.startedPids, pid].sort((a, b) => a - b) };
}

function addCandidate(process: ProcessState, fact: RunFact & { kind: 'exit' }): ProcessState {
  const origin = fact.source === 'event' ? fact.pid : ABOUT_THIS_RUN;
  const candidate: ExitCandidate = { origin, exit: fact.exit };
  const known = process.candidates.find((c) => c.origin === origin);
  if (known !== undefined && !isBetter(candidate, known)) return process;
  const others = process.candidates.filter((c) => c.origin !== origin);
  return { ...process, candidates: [...others, candidate].sort((x, y) => x.origin - y.origin) };
}

function isBelieved(process: ProcessState, pid: number): boolean {
  if (pid === ABOUT_THIS_RUN || process.pidless || process.pids.includes(pid)) return true;
  // An event without a pid waits, as every event does, until a reply has said that the run exists.
  return pid === 0 && process.pids.length > 0;
}

/**
 * A total order, so that any order of arrival ends the same. What somebody knew beats a guess; and since the clean-up
 * of a dead shim publishes a made-up 137 after the true exit (containerd/containerd#4769, #6429), another code beats 137.
 */
function isBetter(a: ExitCandidate, b: ExitCandidate): boolean {
  if (a.exit.exitUnknown !== b.exit.exitUnknown) return !a.exit.exitUnknown;
  if ((a.exit.code === 137) !== (b.exit.code === 137)) return a.exit.code !== 137;
  if (a.exit.exitedAt.getTime() !== b.exit.exitedAt.getTime()) return a.exit.exitedAt < b.exit.exitedAt;
  return a.exit.code < b.exit.code;
}

/** The exit that holds now, or `undefined` while the process is not known to have ended. */
export function exitOf(state: RunState, processId: string): ExitStatus | undefined {
  const process = state.processes.get(processId);
  if (process === undefined) return undefined;
  let best: ExitCandidate | undefined;
  for (const candidate of process.candidates) {
    if (!isBelieved(process, candidate.origin)) continue;
    if (best === undefined || isBetter(candidate, best)) best = candidate;
  }
  return best?.exit;
}

export function isStarted(state: RunState, processId: string): boolean {
  const process = state.processes.get(processId);
  if (process === undefined) return false;
  return process.started || process.startedPids.some((pid) => isBelieved(process, pid));
}

export function pidOf(state: RunState, processId: string): number {
  return state.processes.get(processId)?.pids.at(-1) ?? 0;
}

export function statusOf(state: RunState, processId: string): ProcessStatus {
  const process = state.processes.get(processId);
  if (process === undefined) return 'unknown';
  if (exitOf(state, processId) !== undefined) return 'stopped';
  if (isStarted(state, processId)) return state.paused ? 'paused' : 'running';
  const exists = processId === state.id ? state.created : process.added;
  return exists ? 'created' : 'unknown';
}

export function oomKillsOf(state: RunState): number {
  return Math.max(state.oomCount, state.oomKeys.size);
}
