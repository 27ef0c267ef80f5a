import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringifyForGo } from './go-json.js';

describe('stringifyForGo', () => {
  it('writes the largest integers of Go so that they come back', () => {
    const text = '{"hard":18446744073709551615,"soft":1024,"limit":9223372036854775807}';
    assert.equal(stringifyForGo(JSON.parse(text)), text);
  });

  it('leaves the same digits in a string alone', () => {
    const document = { note: 'is "18446744073709552000" large?', value: 2 ** 64 };
    assert.equal(
      stringifyForGo(document),
      String.raw`{"note":"is \"18446744073709552000\" large?","value":18446744073709551615}`,
    );
  });

  it('is JSON.stringify for everything else', () => {
    const document = { a: [1, 2.5, null, true, 'x'], b: undefined };
    assert.equal(stringifyForGo(document), JSON.stringify(document));
  });
});
