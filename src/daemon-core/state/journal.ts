import { checkedObject } from './checked-object.js';
import { hasProcesses } from './container-state.js';
import { knowsOom } from './oom-facts.js';
import { parseOom } from './parse-state.js';
import type { ContainerRecord, JournalFact } from './record.js';

export interface Journal {
  readonly facts: readonly JournalFact[];
  /** Lines that are no facts: one that was torn, or damage. */
  readonly skipped: number;
  /** False when the last line has no end, so that the next one needs a new line before it. */
  readonly endsClean: boolean;
}

export const EMPTY_JOURNAL: Journal = { facts: [], skipped: 0, endsClean: true };

/** A fact as a line of the journal, with its end. */
export function journalLine(fact: JournalFact): string {
  return `${JSON.stringify(fact)}\n`;
}

/** Never throws: a line that cannot be read tells nothing, and those around it do. */
export function parseJournal(text: string): Journal {
  const facts: JournalFact[] = [];
  let skipped = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      facts.push(parseFact(JSON.parse(line)));
    } catch {
      skipped++;
    }
  }
  return { facts, skipped, endsClean: text === '' || text.endsWith('\n') };
}

/**
 * The facts that say more than the record does. A fact of a run that the record knows nothing of is left out; a place of a
 * cgroup is in no record, so it stays for as long as its run does.
 */
export function pendingFacts(record: ContainerRecord, facts: readonly JournalFact[]): JournalFact[] {
  return facts.filter((fact, i) => isPending(record, fact, facts.slice(i + 1)));
}

function isPending({ state, starting }: ContainerRecord, fact: JournalFact, later: readonly JournalFact[]): boolean {
  const isOfCurrent = fact.run === state.run && fact.run > 0;
  if (!isOfCurrent && fact.run !== starting) return false;
  switch (fact.fact) {
    case 'exit':
      return !isOfCurrent || hasProcesses(state);
    case 'oom':
      return !isOfCurrent || !knowsOom(state.oom, fact.oom);
    case 'cgroup':
      return !later.some((each) => each.fact === 'cgroup' && each.run === fact.run);
  }
}

function parseFact(value: unknown): JournalFact {
  const fields = checkedObject(value, 'fact');
  const run = fields.count('run');
  const fact = fields.oneOf('fact', ['exit', 'oom', 'cgroup']);
  switch (fact) {
    case 'exit':
      return {
        fact,
        run,
        code: fields.integer('code'),
        exitedAt: fields.string('exitedAt'),
        unknown: fields.boolean('unknown'),
      };
    case 'oom':
      return { fact, run, oom: parseOom(fields.value('oom'), 'fact.oom') };
    case 'cgroup':
      return { fact, run, folder: fields.string('folder') };
  }
}
