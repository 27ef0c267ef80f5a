import { DEFAULT_CODES } from './default-codes.js';
import type { ErrorClass } from './error-class.js';
import { SPECIFIC_CODES } from './specific-codes.js';

/**
 * Every stable code of the library. A code is never renamed, never moves to another class and is never used for
 * something else; a retired one stays out for ever.
 */
export const CODES = { ...DEFAULT_CODES, ...SPECIFIC_CODES } as const;

export type ErrorCode = keyof typeof CODES;

type CodesByClass = {
  [C in ErrorClass]: { [K in ErrorCode]: (typeof CODES)[K]['class'] extends C ? K : never }[ErrorCode];
};

/** The codes an error of class `C` may carry. */
export type CodeOf<C extends ErrorClass> = CodesByClass[C];

/** True for a code this version of the library knows. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CODES, value);
}

/**
 * Specific codes that no file outside `src/errdefs` uses yet. `codes.test.ts` fails when one of them is used (take it
 * off this list) and when a code that is not on it is unused (use it, or remove it from the table).
 *
 * @internal
 */
export const RESERVED: readonly ErrorCode[] = [];

export type { CodeRow } from './code-row.js';
