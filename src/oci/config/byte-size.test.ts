import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readByteSize } from './byte-size.js';

describe('a size', () => {
  it('has units in any case, and the base that the caller says', () => {
    const sizes: [string, number, number][] = [
      ['64m', 67_108_864, 64_000_000],
      ['64 MiB', 67_108_864, 64_000_000],
      ['1.5kb', 1536, 1500],
      ['1.5M', 1_572_864, 1_500_000],
      ['.5k', 512, 500],
      ['3.7', 3, 3],
      ['32', 32, 32],
      ['32b', 32, 32],
      ['32 kb', 32_768, 32_000],
      ['32kb', 32_768, 32_000],
      ['2G', 2 ** 31, 2e9],
      ['2Gib', 2 ** 31, 2e9],
      ['1t', 2 ** 40, 1e12],
      ['0', 0, 0],
    ];
    for (const [text, binary, decimal] of sizes) {
      assert.deepEqual(readByteSize(text, 1024), { bytes: binary }, text);
      assert.deepEqual(readByteSize(text, 1000), { bytes: decimal }, text);
    }
  });

  it('is refused with what is wrong in it', () => {
    const sizes = ['', 'm', 'k', '-1', '1  k', '1 k b', ' 1', '1k ', '1e3', '9999999p', '1,5m', '1,5k'];
    const suffixes = ['1x', '1kbb', '1bk', '1kk'];
    for (const base of [1000, 1024] as const) {
      for (const text of sizes) assert.deepEqual(readByteSize(text, base), { problem: `invalid size: '${text}'` });
      for (const text of suffixes) {
        assert.deepEqual(readByteSize(text, base), { problem: `invalid suffix: '${text.slice(1)}'` });
      }
    }
  });
});
