import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { ConflictError, NotFoundError } from './classes.js';
import type { CodeOf } from './codes.js';
import { createError } from './create-error.js';
import { EngineError } from './engine-error.js';
import { ERROR_CLASSES } from './error-class.js';

describe('EngineError', () => {
  it('carries message, code, fields and cause', () => {
    const cause = new Error('inner');
    const err = new NotFoundError('load task', { code: 'ERR_TASK_NOT_FOUND', cause, fields: { containerId: 'c1' } });
    assert.equal(err.message, 'load task');
    assert.equal(err.errorClass, 'not-found');
    assert.equal(err.code, 'ERR_TASK_NOT_FOUND');
    assert.deepEqual(err.fields, { containerId: 'c1' });
    assert.equal(err.cause, cause);
  });

  it('has no fields and no cause property unless given', () => {
    const err = new NotFoundError('load task', { cause: undefined, fields: undefined, code: undefined });
    assert.equal('fields' in err, false);
    assert.equal('cause' in err, false);
    assert.equal(err.code, 'ERR_NOT_FOUND');
  });

  it('refuses a code of another class at compile time', () => {
    const taken: 'ERR_TASK_NOT_FOUND' extends CodeOf<'not-found'> ? true : false = true;
    const refused: 'ERR_CONTAINER_EXISTS' extends CodeOf<'not-found'> ? false : true = true;
    assert.ok(taken && refused);
  });

  it('prints its class name in the stack and in logs', () => {
    const err = new ConflictError('create container');
    assert.equal(err.name, 'ConflictError');
    assert.match(err.stack ?? '', /^ConflictError: create container\n/);
    assert.match(inspect(err), /^ConflictError: create container\n[\s\S]*code: 'ERR_CONFLICT'/);
    assert.equal(Object.keys(err).includes('name'), false);
  });

  it('is told by instanceof: the base by all, a class by its own errors only', () => {
    for (const a of ERROR_CLASSES) {
      const err = createError(a, 'x');
      assert.ok(err instanceof EngineError && err instanceof Error);
      assert.equal(err.name, err.constructor.name);
      for (const b of ERROR_CLASSES) assert.equal(isInstance(err, createError(b, 'x').constructor), a === b);
    }
    for (const other of [new Error('x'), {}, null, undefined, 'x', () => {}]) {
      assert.equal(other instanceof EngineError, false);
      assert.equal(other instanceof NotFoundError, false);
    }
  });

  it('holds for a subclass made by a user, which does not claim the errors of its base', () => {
    class VolumeNotFoundError extends NotFoundError {}
    const sub = new VolumeNotFoundError('load volume');
    assert.ok(sub instanceof VolumeNotFoundError && sub instanceof NotFoundError && sub instanceof EngineError);
    assert.equal(new NotFoundError('x') instanceof VolumeNotFoundError, false);
  });

  it('recognises errors of another copy of the package', async () => {
    const copy = await secondCopy();
    assert.notEqual(copy.NotFoundError, NotFoundError);
    const theirs: unknown = new copy.NotFoundError('load task');
    assert.ok(theirs instanceof NotFoundError && theirs instanceof EngineError);
    assert.equal(theirs instanceof ConflictError, false);
    const ours: unknown = new NotFoundError('load task');
    assert.ok(ours instanceof copy.NotFoundError);
  });
});

function isInstance(value: unknown, target: unknown): boolean {
  return typeof target === 'function' && value instanceof target;
}

/** The compiled folder, copied and loaded again: what an application and its dependency get with two versions. */
async function secondCopy(): Promise<typeof import('./classes.js')> {
  const dir = mkdtempSync(join(tmpdir(), 'errdefs-copy-'));
  try {
    cpSync(dirname(fileURLToPath(import.meta.url)), dir, { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    return await import(pathToFileURL(join(dir, 'classes.js')).href);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
