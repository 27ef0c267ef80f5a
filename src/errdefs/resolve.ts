import { EngineError } from './engine-error.js';
import type { ErrorClass } from './error-class.js';

/**
 * An error and everything under it, outermost first and depth first: a cause before joined errors
 * (`errdefs.Resolve` has the same order). Each object once, so a cycle ends; a loop, so depth is no limit.
 */
export function* errorTree(err: unknown): Generator<unknown, void, undefined> {
  const seen = new Set<unknown>();
  const pending: unknown[] = [err];
  while (pending.length > 0) {
    const next = pending.pop();
    if (seen.has(next)) continue;
    seen.add(next);
    yield next;
    for (const child of childErrors(next).reverse()) pending.push(child);
  }
}

/** What an error wraps directly: its cause, then what an AggregateError joins or a SuppressedError holds. */
export function childErrors(err: unknown): unknown[] {
  if (typeof err !== 'object' || err === null) return [];
  const children: unknown[] = [];
  if ('cause' in err && err.cause !== undefined) children.push(err.cause);
  if ('errors' in err && Array.isArray(err.errors)) children.push(...err.errors);
  if ('suppressed' in err && 'error' in err) {
    // `await using` puts the failure of the body under `suppressed`: it came first and decides.
    children.push(err.suppressed, err.error);
  }
  return children;
}

/**
 * The class of one error by itself, without what it wraps. The errors of AbortSignal count, as the context errors of
 * Go do.
 */
export function ownClass(err: unknown): ErrorClass | undefined {
  if (err instanceof EngineError) return err.errorClass;
  if (typeof err !== 'object' || err === null || !('name' in err)) return undefined;
  if (err.name === 'AbortError') return 'canceled';
  if (err.name === 'TimeoutError') return 'deadline-exceeded';
  return undefined;
}

/**
 * What the caller should do about `err`: the class of the outermost error that has one, else `unknown`. Looks through
 * `cause`, AggregateError and SuppressedError; never throws, and ends on cycles. Upstream: `errdefs.Resolve`.
 */
export function resolveClass(err: unknown): ErrorClass {
  for (const each of errorTree(err)) {
    const found = ownClass(each);
    if (found !== undefined) return found;
  }
  return 'unknown';
}
