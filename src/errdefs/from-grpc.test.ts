import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createError } from './create-error.js';
import { ERROR_CLASSES } from './error-class.js';
import { errorText } from './error-text.js';
import { fromGrpc } from './from-grpc.js';
import { CLASS_TABLE } from './table.js';
import { toHttpStatus, toStatus } from './to-status.js';

const anyClass = fc.constantFrom(...ERROR_CLASSES);
/** Messages that end, or nearly end, with the text of some class: what the converters must not confuse. */
const hardMessage = fc
  .tuple(
    fc.string(),
    fc.array(
      fc.tuple(
        fc.constantFrom(': ', ':', ' ', ''),
        anyClass.map((c) => CLASS_TABLE[c].text),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([head, ends]) => head + ends.flat().join(''));

describe('fromGrpc and toStatus', () => {
  it('round-trip class and message of every class', () => {
    fc.assert(
      fc.property(
        anyClass,
        hardMessage.filter((m) => m !== ''),
        (errorClass, message) => {
          const back = fromGrpc(toStatus(createError(errorClass, message)));
          assert.equal(back.errorClass, errorClass);
          assert.equal(back.message, message);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('round-trip the class and the whole text of wrapped errors', () => {
    fc.assert(
      fc.property(anyClass, anyClass, hardMessage, hardMessage, (outer, inner, a, b) => {
        const err = new Error('handle', { cause: createError(outer, a, { cause: createError(inner, b) }) });
        const back = fromGrpc(toStatus(err));
        assert.equal(back.errorClass, outer);
        assert.equal(back.message, errorText(err));
      }),
    );
  });

  it('keep a status stable from the second hop on', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 20 }), hardMessage, (code, message) => {
        const once = toStatus(fromGrpc({ code, message }));
        assert.deepEqual(toStatus(fromGrpc(once)), once);
      }),
    );
  });

  it('never make an empty message', () => {
    for (const c of ERROR_CLASSES) {
      const { text, grpc } = CLASS_TABLE[c];
      assert.deepEqual(toStatus(createError(c, '')), { code: grpc, message: text });
      assert.equal(fromGrpc({ code: grpc, message: text }).message, text);
      assert.equal(fromGrpc({ code: grpc, message: `: ${text}` }).message, text);
    }
    assert.equal(fromGrpc({ code: 5, message: '' }).message, 'not found');
  });
});

describe('fromGrpc', () => {
  it('gives the class of each number', () => {
    const classes = Array.from({ length: 16 }, (_, i) => fromGrpc({ code: i + 1, message: 'x' }).errorClass);
    assert.deepEqual(classes, [
      'canceled',
      'unknown',
      'invalid-argument',
      'deadline-exceeded',
      'not-found',
      'already-exists',
      'permission-denied',
      'resource-exhausted',
      'failed-precondition',
      'aborted',
      'out-of-range',
      'not-implemented',
      'internal',
      'unavailable',
      'data-loss',
      'unauthenticated',
    ]);
  });

  it('takes off one class text and nothing else', () => {
    const cases: [number, string, string][] = [
      [5, 'container "a": not found', 'container "a"'],
      [5, 'container "a": not found: not found', 'container "a": not found'],
      [5, 'container not found', 'container not found'],
      [5, 'not found: container "a"', 'not found: container "a"'],
      [
        2,
        'OCI runtime create failed: exec: "nope": not in $PATH: unknown',
        'OCI runtime create failed: exec: "nope": not in $PATH',
      ],
      [13, 'open fifo: not found', 'open fifo: not found'],
    ];
    for (const [code, message, expected] of cases) assert.equal(fromGrpc({ code, message }).message, expected);
  });

  it('tells conflict and not-modified by the end of a failed precondition', () => {
    const classOf = (message: string) => fromGrpc({ code: 9, message }).errorClass;
    assert.equal(classOf('id in use: conflict'), 'conflict');
    assert.equal(classOf('conflict'), 'conflict');
    assert.equal(classOf('already paused: not modified'), 'not-modified');
    assert.equal(classOf('conflict: retry'), 'failed-precondition');
    assert.equal(classOf('merge conflict'), 'failed-precondition');
    assert.equal(fromGrpc({ code: 10, message: 'id in use: conflict' }).errorClass, 'aborted');
  });

  it('restores the context errors that a Go ttrpc server sends as unknown', () => {
    const late = fromGrpc({ code: 2, message: 'delete task: context deadline exceeded' });
    assert.deepEqual([late.errorClass, late.message], ['deadline-exceeded', 'delete task']);
    assert.equal(fromGrpc({ code: 2, message: 'context canceled' }).errorClass, 'canceled');
    assert.equal(fromGrpc({ code: 2, message: 'x: context canceled: unknown' }).errorClass, 'unknown');
  });

  it('takes a number it does not know for unknown, and keeps the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 17 }), fc.integer({ max: 0 })),
        fc.string({ minLength: 1 }),
        (code, text) => {
          const err = fromGrpc({ code, message: `${text}!` });
          assert.deepEqual([err.errorClass, err.message], ['unknown', `${text}!`]);
        },
      ),
    );
  });

  it('gives the code that the caller chose for the class, with cause and fields', () => {
    const cause = new Error('status');
    const options = { codes: { 'not-found': 'ERR_TASK_NOT_FOUND' }, cause, fields: { containerId: 'c1' } } as const;
    const err = fromGrpc({ code: 5, message: 'x' }, options);
    assert.equal(err.code, 'ERR_TASK_NOT_FOUND');
    assert.equal(err.cause, cause);
    assert.deepEqual(err.fields, { containerId: 'c1' });
    assert.equal(fromGrpc({ code: 14, message: 'x' }, options).code, 'ERR_UNAVAILABLE');
  });
});

describe('toHttpStatus', () => {
  it('goes by the outermost class', () => {
    const inner = createError('not-found', 'x');
    assert.equal(toHttpStatus(inner), 404);
    assert.equal(toHttpStatus(createError('invalid-argument', 'y', { cause: inner })), 400);
    assert.equal(toHttpStatus(new Error('z', { cause: inner })), 404);
    assert.equal(toHttpStatus('thrown text'), 500);
  });
});
