import { childErrors } from './resolve.js';

// Deeper wraps than this are a mistake, and nobody reads them; the limit keeps the recursion bounded.
const MAX_DEPTH = 100;

/**
 * The whole text of an error, as Go's `err.Error()` gives it: the message, then what it wraps after `: `, joined
 * errors separated by `; `. A message that already ends with its cause's text is not repeated. Never throws.
 */
export function errorText(err: unknown): string {
  return textOf(err, new Set(), 0);
}

function textOf(err: unknown, seen: Set<unknown>, depth: number): string {
  if (typeof err !== 'object' || err === null) return plainText(err);
  if (seen.has(err) || depth > MAX_DEPTH) return '';
  seen.add(err);
  const own = 'message' in err && typeof err.message === 'string' ? err.message : '';
  const below = childErrors(err)
    .map((child) => textOf(child, seen, depth + 1))
    .filter((text) => text !== '')
    .join('; ');
  if (below === '' || own === below || own.endsWith(`: ${below}`)) return own;
  return own === '' ? below : `${own}: ${below}`;
}

function plainText(value: unknown): string {
  return value === undefined || value === null || typeof value === 'function' ? '' : String(value);
}
