import type { ErrorClass } from './error-class.js';

/** One stable code. `docs/errors.md` repeats these texts and a test compares them. */
export interface CodeRow {
  readonly class: ErrorClass;
  /** What it means, for an operator. */
  readonly when: string;
  /** What to do about it, for an operator. */
  readonly remedy: string;
}
