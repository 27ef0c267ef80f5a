import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../errdefs/index.js';
import { assertIdentifier } from './identifiers.js';

describe('assertIdentifier', () => {
  for (const good of ['a', 'A1', 'web-1', 'a.b_c-d', '0', 'x'.repeat(76)]) {
    it(`takes ${good.slice(0, 12)}`, () => {
      assertIdentifier('container', good);
      assertIdentifier('exec', good);
      assertIdentifier('namespace', good);
    });
  }

  for (const bad of ['', '-a', 'a-', 'a..b', 'a._b', 'a/b', '..', '../x', 'a b', 'a\n', 'ä', 'x'.repeat(77)]) {
    it(`refuses ${JSON.stringify(bad.slice(0, 12))}`, () => {
      assert.throws(() => assertIdentifier('container', bad), { name: 'InvalidArgumentError', code: 'ERR_ID_INVALID' });
      assert.throws(() => assertIdentifier('exec', bad), { code: 'ERR_ID_INVALID' });
      assert.throws(() => assertIdentifier('namespace', bad), { code: 'ERR_NAMESPACE_INVALID' });
    });
  }

  it('keeps a message short when the id is huge', () => {
    assert.throws(
      () => assertIdentifier('container', 'x'.repeat(1e6)),
      (err: unknown) => err instanceof InvalidArgumentError && err.message.length < 200,
    );
  });
});
