import assert from 'node:assert/strict';
import { EngineError, type ErrorClass, type ErrorCode } from '../../errdefs/index.js';
import { within } from './deadline.js';

/** Fails unless the promise rejects, in time, with an EngineError of the class and, when given, the code. */
export async function rejectsWith(promise: Promise<unknown>, errorClass: ErrorClass, code?: ErrorCode): Promise<void> {
  const err = await rejectionOf(promise, `${errorClass} error`);
  assert.ok(err instanceof EngineError, `expected an EngineError, got ${String(err)}`);
  assert.equal(err.errorClass, errorClass, err.stack);
  if (code !== undefined) assert.equal(err.code, code, err.stack);
}

/** Fails unless the promise rejects with this very error or with one that has it as a cause. */
export async function rejectsBecauseOf(promise: Promise<unknown>, reason: Error): Promise<void> {
  const err = await rejectionOf(promise, `error caused by "${reason.message}"`);
  for (let each: unknown = err; each instanceof Error; each = each.cause) {
    if (each === reason) return;
  }
  assert.fail(`expected "${reason.message}" among the causes of ${String(err)}`);
}

async function rejectionOf(promise: Promise<unknown>, what: string): Promise<unknown> {
  const outcome = promise.then(
    () => ({ failed: false, err: undefined }),
    (err: unknown) => ({ failed: true, err }),
  );
  const { failed, err } = await within(what, outcome);
  assert.ok(failed, `expected ${what}, the call succeeded`);
  return err;
}
