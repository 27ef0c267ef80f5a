import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringifyForGo, stringifyIntegersForGo } from './go-json.js';

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

describe('stringifyIntegersForGo', () => {
  it('writes bigint as plain numbers with all their digits', () => {
    const document = { deep: [{ ns: 9_007_199_254_740_993n }, -1n, 0n], text: '9007199254740993', gone: undefined };
    assert.equal(stringifyIntegersForGo(document), '{"deep":[{"ns":9007199254740993},-1,0],"text":"9007199254740993"}');
  });

  it('writes the rest as stringifyForGo does', () => {
    const document = { limit: 2 ** 64, most: 2 ** 63, a: [1, 2.5, null, true, '"'], b: undefined };
    assert.equal(stringifyIntegersForGo(document), stringifyForGo(document));
  });
});
