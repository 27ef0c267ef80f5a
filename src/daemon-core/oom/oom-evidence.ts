import type { KernelOomKill } from '../../oom/kernel-log.js';
import type { OomFacts, OomVictim } from '../state/record.js';

/** A process of the run that exited with 137. */
export interface KilledProcess {
  /** `init` or `exec ID`. */
  readonly process: string;
  /** In the host's pid namespace; 0 when it is not known. */
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly exitedAt: number;
}

/** All that was learned of OOM kills in one run. What follows from it does not depend on the order of learning. */
export interface OomEvidence {
  /** From before a restart of the engine. */
  readonly known: OomFacts;
  /** The kernel's counter, less its value when the run was created. */
  readonly counted: number;
  /** Events that count: those that no counter has contradicted. */
  readonly told: number;
  /** Kills in the run's cgroup by the kernel's log, where nothing better counts. */
  readonly logged: number;
  /** Of the kernel's log: kills in the run's cgroup, and those of which the log does not tell the cgroup. */
  readonly log: readonly KernelOomKill[];
  readonly ended: readonly KilledProcess[];
}

/** With an init that was killed, the kernel ends all others of its pid namespace, and these are told of first. */
const DIES_WITH_INIT_MS = 1000;

type Victim = Omit<OomVictim, 'at'>;

/**
 * What the evidence says. `killed` and `kills` only grow as evidence is added. A victim may be told more exactly later:
 * `unknown` becomes `exec ID` when that process' exit is heard of.
 * @param at time for victims that were not in `before`, ISO 8601
 */
export function concludeOom(evidence: OomEvidence, before: OomFacts, at: string): OomFacts {
  const { known, counted, told, logged } = evidence;
  const kills = Math.max(known.kills, counted, told, logged);
  const victims = victimsOf(evidence, kills).map((victim) => {
    return { ...victim, at: before.victims.find((other) => isSame(other, victim))?.at ?? at };
  });
  return { killed: known.killed || kills > 0, kills, victims };
}

/** The victims of `after` that `before` does not have, or not as exactly. */
export function addedVictims(before: OomFacts, after: OomFacts): OomVictim[] {
  return after.victims.filter((victim) => {
    return !before.victims.some((other) => other.process === victim.process && isSame(other, victim));
  });
}

/** With a pid, that is who it is; `unknown` without one stands for all of whom nothing is known. */
function isSame(a: Victim, b: Victim): boolean {
  return a.pid === undefined || b.pid === undefined ? a.pid === b.pid && a.process === b.process : a.pid === b.pid;
}

/** At most as many as there were kills. First what the kernel's log says, then guesses by exit codes. */
function victimsOf(evidence: OomEvidence, kills: number): Victim[] {
  const { known, log, ended } = evidence;
  const victims: Victim[] = known.victims.filter((v) => v.process !== 'unknown' || v.pid !== undefined);
  const nameOf = (pid: number) => ended.find((process) => process.pid === pid)?.process;
  const add = (victim: Victim) => {
    if (victims.length < kills && !victims.some((other) => isSame(other, victim))) victims.push(victim);
  };
  // The newest: with a cgroup's path used again, the older ones may be of an earlier run.
  const placed = log.flatMap(({ pid, cgroup }) => (cgroup === undefined ? [] : [{ process: 'unknown', pid, cgroup }]));
  for (const victim of placed.slice(Math.max(0, placed.length - kills))) add(victim);
  for (const { pid, cgroup } of log) {
    if (cgroup === undefined && nameOf(pid) !== undefined) add({ process: 'unknown', pid });
  }
  const named = victims.map((victim) => {
    const process = victim.pid === undefined ? undefined : nameOf(victim.pid);
    return process === undefined ? victim : { ...victim, process };
  });
  for (const { process } of byLikelihood(ended)) {
    if (named.length < kills && !named.some((other) => other.process === process)) named.push({ process });
  }
  if (named.length < kills) named.push({ process: 'unknown' });
  return named;
}

/** Who exited first was killed first; but those that went with init were not the reason. */
function byLikelihood(ended: readonly KilledProcess[]): KilledProcess[] {
  const init = ended.find(({ process }) => process === 'init');
  const rank = ({ process, exitedAt }: KilledProcess) => {
    if (init === undefined || process === 'init') return exitedAt;
    return init.exitedAt - exitedAt <= DIES_WITH_INIT_MS ? Math.max(init.exitedAt, exitedAt) + 1 : exitedAt;
  };
  return [...ended].sort((a, b) => rank(a) - rank(b) || (a.process < b.process ? -1 : 1));
}
