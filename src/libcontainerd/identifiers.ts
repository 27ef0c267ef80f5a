import { InvalidArgumentError } from '../errdefs/index.js';

/** What an identifier names; decides the error's code and the words of its message. */
export type IdentifierKind = 'container' | 'exec' | 'namespace';

/** containerd's `identifiers.Validate`: parts of letters and digits with one separator between them. */
const IDENTIFIER = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const MAX_LENGTH = 76;

/**
 * Refuses what containerd would refuse, before anything is sent or a path is made of it.
 * @throws InvalidArgumentError `ERR_ID_INVALID`, or `ERR_NAMESPACE_INVALID` for a namespace
 */
export function assertIdentifier(kind: IdentifierKind, value: string): void {
  const problem = problemOf(value);
  if (problem === undefined) return;
  const name = kind === 'namespace' ? 'namespace' : `${kind} id`;
  // A huge id must not make a huge message.
  const shown = JSON.stringify(
    typeof value === 'string' && value.length > MAX_LENGTH ? value.slice(0, MAX_LENGTH) : value,
  );
  throw new InvalidArgumentError(`check ${name} ${shown}: ${problem}`, {
    code: kind === 'namespace' ? 'ERR_NAMESPACE_INVALID' : 'ERR_ID_INVALID',
  });
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'it is not a string';
  if (value === '') return 'it is empty';
  if (value.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  if (!IDENTIFIER.test(value))
    return 'only letters, digits and single dots, dashes or underscores between them are allowed';
  return undefined;
}
