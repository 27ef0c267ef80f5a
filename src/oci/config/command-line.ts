import { type Field, list, string } from './fields.js';

/** A command as Docker's clients write it: a list, or one string for a list of one (moby `strslice`). */
export const commandLine: Field<readonly string[]> = (value, where) =>
  typeof value === 'string' ? [value] : list(string)(value, where);
