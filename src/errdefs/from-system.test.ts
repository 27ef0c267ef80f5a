import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { NotFoundError } from './classes.js';
import { createError } from './create-error.js';
import { EngineError } from './engine-error.js';
import { ERROR_CLASSES } from './error-class.js';
import { errorText } from './error-text.js';
import { toEngineError } from './from-system.js';
import { resolveClass } from './resolve.js';
import { CLASS_TABLE, classOfErrno } from './table.js';

describe('toEngineError', () => {
  it('returns an EngineError as it is', () => {
    const err = new NotFoundError('load task');
    assert.equal(toEngineError(err), err);
  });

  it('wraps with a message and keeps class and code', () => {
    const cause = new NotFoundError('load task', { code: 'ERR_TASK_NOT_FOUND' });
    for (const thrown of [cause, new Error('plain', { cause })]) {
      const err = toEngineError(thrown, 'kill process');
      assert.ok(err instanceof NotFoundError);
      assert.deepEqual([err.message, err.code, err.cause], ['kill process', 'ERR_TASK_NOT_FOUND', thrown]);
    }
  });

  it('takes the default code when a newer copy of the package made the code', () => {
    const theirs = Object.assign(new NotFoundError('x'), { code: 'ERR_FROM_THE_FUTURE' });
    assert.equal(toEngineError(theirs, 'y').code, 'ERR_NOT_FOUND');
    const moved = Object.assign(new NotFoundError('x'), { code: 'ERR_CONTAINER_EXISTS' });
    assert.equal(toEngineError(moved, 'y').code, 'ERR_NOT_FOUND');
  });

  it('reads a real system error', () => {
    const err = caught(() => readFileSync('/no/such/file'));
    const engine = toEngineError(err, 'read spec');
    assert.ok(engine instanceof NotFoundError);
    assert.deepEqual(engine.fields, { errno: 'ENOENT', syscall: 'open', path: '/no/such/file' });
    assert.equal(engine.cause, err);
  });

  it('takes a missing socket for a peer that does not run', async () => {
    const err = await new Promise((resolve) => connect('/no/such/socket').once('error', resolve));
    assert.equal(toEngineError(err).errorClass, 'unavailable');
  });

  it('maps every errno of the table, wrapped or not', () => {
    for (const errorClass of ERROR_CLASSES) {
      for (const errno of CLASS_TABLE[errorClass].errnos) {
        const err = Object.assign(new Error(errno), { code: errno });
        assert.equal(toEngineError(err).errorClass, errorClass, errno);
        assert.equal(toEngineError(new AggregateError([new Error('x', { cause: err })])).errorClass, errorClass, errno);
      }
    }
  });

  it('lets an outer errno decide over an inner class', () => {
    const cause = createError('not-found', 'x');
    assert.equal(
      toEngineError(Object.assign(new Error('y', { cause }), { code: 'EACCES' })).errorClass,
      'permission-denied',
    );
  });

  it('makes an abort Canceled and a timeout DeadlineExceeded', async () => {
    const aborted = await sleep(1000, undefined, { signal: AbortSignal.abort() }).catch((err: unknown) => err);
    assert.equal(toEngineError(aborted).errorClass, 'canceled');
    assert.equal(toEngineError(new DOMException('late', 'TimeoutError')).errorClass, 'deadline-exceeded');
  });

  it('makes the rest Unknown and keeps its text', () => {
    const err = toEngineError(new TypeError('x is not a function'));
    assert.deepEqual([err.errorClass, err.code, err.message], ['unknown', 'ERR_UNKNOWN', 'x is not a function']);
    assert.equal(toEngineError('thrown text').message, 'thrown text');
    assert.equal(toEngineError(undefined).message, 'unknown error');
    assert.equal(toEngineError(Object.assign(new Error('x'), { code: 'ENOSUCHERRNO' })).errorClass, 'unknown');
  });

  it('takes anything that can be thrown, and agrees with resolveClass about it afterwards', () => {
    fc.assert(
      fc.property(fc.anything(), fc.option(fc.string(), { nil: undefined }), (thrown, message) => {
        const err = toEngineError(thrown, message);
        assert.ok(err instanceof EngineError);
        assert.equal(resolveClass(err), err.errorClass);
      }),
    );
  });

  it('does not say the text twice', () => {
    const err = toEngineError(new Error('a', { cause: new Error('b') }));
    assert.equal(err.message, 'a: b');
    assert.equal(errorText(err), 'a: b');
  });
});

describe('the errno column', () => {
  const errnos = ERROR_CLASSES.flatMap((c) => CLASS_TABLE[c].errnos);

  it('has each errno once', () => {
    assert.equal(new Set(errnos).size, errnos.length);
  });

  it('has only errnos that exist', () => {
    assert.deepEqual(
      errnos.filter((errno) => !Object.hasOwn(constants.errno, errno)),
      [],
    );
    assert.equal(classOfErrno('ENOSUCHERRNO'), undefined);
  });
});

describe('the class table', () => {
  it('has one class for each RPC number but the two that travel as failed precondition', () => {
    const owners = ERROR_CLASSES.filter((c) => CLASS_TABLE[c].toldByText === undefined).map((c) => CLASS_TABLE[c].grpc);
    assert.deepEqual(
      owners.sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
    const riders = ERROR_CLASSES.filter((c) => CLASS_TABLE[c].toldByText === true);
    assert.deepEqual(riders, ['conflict', 'not-modified']);
    for (const c of riders) assert.equal(CLASS_TABLE[c].grpc, CLASS_TABLE['failed-precondition'].grpc);
  });

  it('has equal numbers for gRPC and ttrpc', () => {
    for (const c of ERROR_CLASSES) assert.equal(CLASS_TABLE[c].ttrpc, CLASS_TABLE[c].grpc);
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (err) {
    return err;
  }
  return assert.fail('it did not throw');
}
