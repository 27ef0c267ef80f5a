import { isDeepStrictEqual } from 'node:util';
import type { OomFacts, OomVictim } from './record.js';

/** Of a run in which nothing was killed. */
export const NO_OOM: OomFacts = { killed: false, kills: 0, victims: [] };

const UNKNOWN = 'unknown';

/**
 * What both say of one run. Facts only grow; told twice or in another order they are the same. A victim that is told more
 * exactly takes the place of what was told of it before, and nobody unknown is left when all kills have a name.
 */
export function mergeOom(known: OomFacts, heard: OomFacts): OomFacts {
  const kills = Math.max(known.kills, heard.kills);
  const victims: OomVictim[] = [];
  for (const victim of [...known.victims, ...heard.victims]) {
    const at = victims.findIndex((other) => isSame(other, victim));
    const present = victims[at];
    if (present === undefined) victims.push(victim);
    else if (isMoreExact(victim, present)) victims[at] = { ...victim, at: present.at };
  }
  const named = victims.filter(({ process, pid }) => process !== UNKNOWN || pid !== undefined);
  return { killed: known.killed || heard.killed, kills, victims: named.length >= kills && kills > 0 ? named : victims };
}

/** With a pid, that is who it is; without one the name is all there is. */
function isSame(a: OomVictim, b: OomVictim): boolean {
  if (a.pid !== undefined && b.pid !== undefined) return a.pid === b.pid;
  return a.process === b.process && (a.process !== UNKNOWN || a.pid === b.pid);
}

function isMoreExact(a: OomVictim, b: OomVictim): boolean {
  const known = ({ process, pid, cgroup }: OomVictim) =>
    [process !== UNKNOWN, pid !== undefined, cgroup !== undefined].filter(Boolean).length;
  return known(a) > known(b);
}

/** Whether `known` has all that `heard` says. */
export function knowsOom(known: OomFacts, heard: OomFacts): boolean {
  return isDeepStrictEqual(mergeOom(known, heard), known);
}
