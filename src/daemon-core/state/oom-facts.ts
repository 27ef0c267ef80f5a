import { isDeepStrictEqual } from 'node:util';
import type { OomFacts } from './record.js';

/** Of a run in which nothing was killed. */
export const NO_OOM: OomFacts = { killed: false, kills: 0, victims: [] };

/** What both say of one run. Facts only grow; told twice or in another order they are the same. */
export function mergeOom(known: OomFacts, heard: OomFacts): OomFacts {
  const added = heard.victims.filter((victim) => !known.victims.some((each) => isDeepStrictEqual(each, victim)));
  return {
    killed: known.killed || heard.killed,
    kills: Math.max(known.kills, heard.kills),
    victims: [...known.victims, ...added],
  };
}

/** Whether `known` has all that `heard` says. */
export function knowsOom(known: OomFacts, heard: OomFacts): boolean {
  return isDeepStrictEqual(mergeOom(known, heard), known);
}
