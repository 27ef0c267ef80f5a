import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createError } from './create-error.js';
import { ERROR_CLASSES, type ErrorClass } from './error-class.js';
import { errorText } from './error-text.js';
import * as errdefs from './index.js';
import { resolveClass } from './resolve.js';

const anyClass = fc.constantFrom(...ERROR_CLASSES);

/** A layer that has no class: what other code wraps an error in. */
type Wrap = (err: unknown) => Error;
const anyWrap: fc.Arbitrary<Wrap> = fc.constantFrom<Wrap[]>(
  (err) => new Error('wrap', { cause: err }),
  (err) => new AggregateError([err], 'joined'),
  (err) => new AggregateError([new Error('plain'), err, createError('data-loss', 'later')]),
  (err) => Object.assign(new Error('disposal'), { suppressed: err, error: new Error('close') }),
);

const PREDICATES: Record<ErrorClass, (err: unknown) => boolean> = {
  unknown: errdefs.isUnknown,
  'invalid-argument': errdefs.isInvalidArgument,
  'not-found': errdefs.isNotFound,
  'already-exists': errdefs.isAlreadyExists,
  'permission-denied': errdefs.isPermissionDenied,
  'resource-exhausted': errdefs.isResourceExhausted,
  'failed-precondition': errdefs.isFailedPrecondition,
  conflict: errdefs.isConflict,
  'not-modified': errdefs.isNotModified,
  aborted: errdefs.isAborted,
  'out-of-range': errdefs.isOutOfRange,
  'not-implemented': errdefs.isNotImplemented,
  internal: errdefs.isInternal,
  unavailable: errdefs.isUnavailable,
  'data-loss': errdefs.isDataLoss,
  unauthenticated: errdefs.isUnauthenticated,
  'deadline-exceeded': errdefs.isDeadlineExceeded,
  canceled: errdefs.isCanceled,
};

describe('resolveClass', () => {
  it('finds the outermost class under any wrapping', () => {
    fc.assert(
      fc.property(fc.array(anyWrap), anyClass, fc.array(anyWrap), anyClass, (outside, outer, between, inner) => {
        const below = between.reduce<unknown>((err, wrap) => wrap(err), createError(inner, 'inner'));
        const err = outside.reduce<unknown>((e, wrap) => wrap(e), createError(outer, 'outer', { cause: below }));
        assert.equal(resolveClass(err), outer);
      }),
    );
  });

  it('agrees with exactly one isXxx', () => {
    fc.assert(
      fc.property(fc.array(anyWrap), anyClass, (wraps, errorClass) => {
        const err = wraps.reduce<unknown>((e, wrap) => wrap(e), createError(errorClass, 'x'));
        const holding = ERROR_CLASSES.filter((c) => PREDICATES[c](err));
        assert.deepEqual(holding, [errorClass]);
      }),
    );
  });

  it('goes depth first: all under the first joined error, then the second', () => {
    const deep = new Error('a', { cause: new Error('b', { cause: createError('not-found', 'c') }) });
    assert.equal(resolveClass(new AggregateError([deep, createError('conflict', 'd')])), 'not-found');
  });

  it('reads a cause before joined errors', () => {
    const joined = new AggregateError([createError('conflict', 'a')], 'b', { cause: createError('aborted', 'c') });
    assert.equal(resolveClass(joined), 'aborted');
  });

  it('lets the failure of the body decide over the failure of its disposal', () => {
    const both = { error: createError('internal', 'close'), suppressed: createError('not-found', 'load') };
    assert.equal(resolveClass(Object.assign(new Error('suppressed'), both)), 'not-found');
  });

  it('ends on cycles', () => {
    fc.assert(
      fc.property(fc.array(anyWrap, { minLength: 1 }), fc.option(anyClass), (wraps, errorClass) => {
        const bottom = new Error('bottom');
        const top = wraps.reduce<unknown>((e, wrap) => wrap(e), bottom);
        bottom.cause = errorClass === null ? top : new AggregateError([top, createError(errorClass, 'x')]);
        const dataLoss = resolveClass(top) === 'data-loss';
        assert.ok(dataLoss || resolveClass(top) === (errorClass ?? 'unknown'));
        assert.equal(typeof errorText(top), 'string');
      }),
    );
  });

  it('follows a chain of any length', () => {
    let err: unknown = createError('not-found', 'bottom');
    for (let i = 0; i < 50_000; i++) err = new Error('', { cause: err });
    assert.equal(resolveClass(err), 'not-found');
    assert.equal(typeof errorText(err), 'string');
  });

  it('reads the errors of an AbortSignal', async () => {
    assert.equal(resolveClass(AbortSignal.abort().reason), 'canceled');
    // The signal's own timer keeps no event loop alive, and Node 22 ends a test file that waits for nothing else.
    const alive = setInterval(() => {}, 1_000);
    const timeout = AbortSignal.timeout(1);
    await new Promise((resolve) => timeout.addEventListener('abort', resolve));
    clearInterval(alive);
    assert.equal(resolveClass(timeout.reason), 'deadline-exceeded');
  });

  it('takes anything that can be thrown', () => {
    fc.assert(fc.property(fc.anything(), (thrown) => assert.ok(ERROR_CLASSES.includes(resolveClass(thrown)))));
  });
});

describe('errorText', () => {
  it('joins the messages of the chain, outermost first', () => {
    const err = createError('not-found', 'start task', { cause: new Error('open fifo', { cause: new Error('gone') }) });
    assert.equal(errorText(err), 'start task: open fifo: gone');
  });

  it('does not repeat a cause that the message ends with', () => {
    const cause = new Error('gone');
    assert.equal(errorText(new Error('open fifo: gone', { cause })), 'open fifo: gone');
    assert.equal(errorText(new Error('gone', { cause })), 'gone');
  });

  it('separates joined errors', () => {
    assert.equal(errorText(new AggregateError([new Error('a'), new Error('b')], 'clean up')), 'clean up: a; b');
  });

  it('takes anything that can be thrown', () => {
    fc.assert(fc.property(fc.anything(), (thrown) => assert.equal(typeof errorText(thrown), 'string')));
  });
});
