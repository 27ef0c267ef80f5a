import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { replaceFile } from '../../shim/replace-file.js';
import { EMPTY_JOURNAL, type Journal, journalLine, pendingFacts } from './journal.js';
import { formatRecord } from './parse-record.js';
import type { ContainerRecord, JournalFact } from './record.js';

export const RECORD_FILE = 'container.json';
export const JOURNAL_FILE = 'journal.jsonl';

interface WaitingSave {
  record: ContainerRecord;
  readonly done: Promise<void>;
}

/** The writes of one container: one after the other, in the order in which they were asked for. */
export class ContainerWriter {
  readonly #folder: string;
  readonly #log: Logger;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting: WaitingSave | undefined;
  #facts: readonly JournalFact[];
  /** False when a line may be torn: the next one then begins with a line end. */
  #endsClean: boolean;

  constructor(folder: string, log: Logger, journal: Journal = EMPTY_JOURNAL) {
    this.#folder = folder;
    this.#log = log;
    this.#facts = journal.facts;
    this.#endsClean = journal.endsClean;
  }

  /** Writes the record; of several that wait only the last. @throws by errno, and then the old record is whole */
  save(record: ContainerRecord): Promise<void> {
    if (this.#waiting !== undefined) {
      this.#waiting.record = record;
      return this.#waiting.done;
    }
    const done = this.run(async () => {
      const last = this.#waiting?.record ?? record;
      this.#waiting = undefined;
      await replaceFile(join(this.#folder, RECORD_FILE), formatRecord(last));
      await this.#forgetFacts(last);
    });
    this.#waiting = { record, done };
    return done;
  }

  /** Resolves when the fact is in the journal. @throws by errno, and then it is not */
  append(fact: JournalFact): Promise<void> {
    return this.run(async () => {
      const path = join(this.#folder, JOURNAL_FILE);
      const line = `${this.#endsClean ? '' : '\n'}${journalLine(fact)}`;
      this.#endsClean = false;
      try {
        await appendFile(path, line, { mode: 0o600 });
      } catch (err) {
        throw toEngineError(err, `append to ${path}`);
      }
      this.#endsClean = true;
      this.#facts = [...this.#facts, fact];
    });
  }

  /** Runs after all that was asked for before, and before all that is asked for later. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }

  /** Settles when all is done that was asked for until now. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /** Takes the facts out of the journal that the saved record has. One that stays is told again, which does no harm. */
  async #forgetFacts(record: ContainerRecord): Promise<void> {
    const pending = pendingFacts(record, this.#facts);
    if (pending.length === this.#facts.length) return;
    const path = join(this.#folder, JOURNAL_FILE);
    try {
      if (pending.length === 0) await rm(path, { force: true });
      else await replaceFile(path, pending.map(journalLine).join(''));
      this.#facts = pending;
      this.#endsClean = true;
    } catch (err) {
      this.#log.warn({ err, containerId: record.id, path }, 'journal cannot be shortened');
    }
  }
}
