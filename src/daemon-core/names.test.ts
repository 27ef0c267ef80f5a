import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConflictError, errorText, InvalidArgumentError, NotFoundError } from '../errdefs/index.js';
import { ADJECTIVES, NOUNS } from './name-words.js';
import { NameRegistry } from './names.js';

const ID = 'a1'.repeat(32);
const OTHER = 'a2'.repeat(32);

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (err) {
    if (err instanceof Error) return err;
  }
  throw new Error('nothing was thrown');
}

describe('NameRegistry', () => {
  it('keeps a name without its slash, and frees it on release', () => {
    const names = new NameRegistry();
    assert.equal(names.reserve(ID, '/web'), 'web');
    assert.equal(names.reserve(ID, 'web'), 'web');
    assert.equal(names.nameOf(ID), 'web');
    names.release(ID);
    assert.equal(names.nameOf(ID), undefined);
    assert.equal(names.reserve(OTHER, 'web'), 'web');
  });

  it('refuses a taken name in the words of dockerd', () => {
    const names = new NameRegistry();
    names.reserve(ID, 'web');
    const err = thrown(() => names.reserve(OTHER, '/web'));
    assert.ok(err instanceof ConflictError);
    assert.equal(err.code, 'ERR_CONTAINER_EXISTS');
    assert.equal(
      err.message,
      `Conflict. The container name "/web" is already in use by container "${ID}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    assert.throws(() => names.resolve(OTHER), NotFoundError);
    assert.throws(() => names.reserve(ID, 'web2'), ConflictError);
    assert.equal(names.resolve('web'), ID);
  });

  it('refuses names that Docker does not take', () => {
    const names = new NameRegistry();
    for (const name of ['/', 'a', '_a', '-a', 'a b', 'a/b', '//ab', 'aé', 'ab\n']) {
      const err = thrown(() => names.reserve(ID, name));
      assert.ok(err instanceof InvalidArgumentError, JSON.stringify(name));
      assert.equal(err.message, `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    }
    for (const name of ['ab', '0.', 'A_-.9']) {
      assert.equal(names.reserve(ID, name), name);
      names.release(ID);
    }
  });

  it('renames, and frees the old name', () => {
    const names = new NameRegistry();
    names.reserve(ID, 'web');
    assert.equal(names.rename(ID, ' /front '), 'web');
    assert.equal(names.resolve('front'), ID);
    assert.equal(names.nameOf(ID), 'front');
    assert.throws(() => names.resolve('web'), NotFoundError);
    assert.equal(names.reserve(OTHER, 'web'), 'web');
  });

  it('changes nothing in a rename that fails', () => {
    const names = new NameRegistry();
    names.reserve(ID, 'web');
    names.reserve(OTHER, 'db');
    const taken = thrown(() => names.rename(ID, 'db'));
    assert.ok(taken instanceof ConflictError);
    assert.match(errorText(taken), /^Error when allocating new name: Conflict\. The container name "\/db" is already/);
    const wrong = thrown(() => names.rename(ID, 'no good'));
    assert.ok(wrong instanceof InvalidArgumentError);
    assert.match(errorText(wrong), /^Error when allocating new name: Invalid container name \(no good\)/);
    assert.match(thrown(() => names.rename(ID, '/web')).message, /same name as its current name/);
    assert.match(thrown(() => names.rename(ID, ' / ')).message, /Neither old nor new names may be empty/);
    assert.throws(() => names.rename('gone', 'x1'), NotFoundError);
    assert.deepEqual([names.nameOf(ID), names.resolve('web'), names.resolve('db')], ['web', ID, OTHER]);
  });

  it('finds by id, by name, then by the beginning of an id', () => {
    const names = new NameRegistry();
    names.reserve(ID, 'web');
    // The name of one is the beginning of the other's id.
    names.reserve(OTHER, 'a1a1');
    assert.equal(names.resolve(ID), ID);
    assert.equal(names.resolve('/web'), ID);
    assert.equal(names.resolve('a1a1'), OTHER);
    assert.equal(names.resolve('a1a'), ID);
    const several = thrown(() => names.resolve('a'));
    assert.ok(several instanceof InvalidArgumentError);
    assert.equal(several.message, 'multiple IDs found with provided prefix: a');
    const none = thrown(() => names.resolve('b'));
    assert.ok(none instanceof NotFoundError);
    assert.deepEqual([none.message, none.code], ['No such container: b', 'ERR_CONTAINER_NOT_FOUND']);
    assert.throws(() => names.resolve(''), InvalidArgumentError);
  });

  it('makes up names of two words, all different', () => {
    const names = new NameRegistry();
    const made = Array.from({ length: 2_000 }, (_, index) => names.reserve(`${index}`.padStart(64, 'c')));
    assert.equal(new Set(made).size, made.length);
    assert.ok(made.filter((name) => /^[a-z]+_[a-z]+$/.test(name)).length > 1_000);
    for (const words of [ADJECTIVES, NOUNS]) {
      assert.equal(new Set(words).size, words.length);
      assert.ok(words.length >= 64 && words.every((word) => /^[a-z]{3,8}$/.test(word)));
    }
  });
});
