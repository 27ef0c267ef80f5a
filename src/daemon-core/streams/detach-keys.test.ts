import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isInvalidArgument } from '../../errdefs/index.js';
import { DetachKeyFilter, parseDetachKeys } from './detach-keys.js';

describe('parseDetachKeys', () => {
  it('knows the names that docker takes', () => {
    const cases: [string, number[]][] = [
      ['', [16, 17]],
      ['ctrl-p,ctrl-q', [16, 17]],
      ['a,b', [97, 98]],
      ['ctrl-@', [0]],
      ['ctrl-a,Z', [1, 90]],
      ['ctrl-z', [26]],
      ['ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [27, 28, 29, 30, 31]],
      ['DEL,~', [127, 126]],
    ];
    for (const [text, codes] of cases) assert.deepEqual([...parseDetachKeys(text)], codes, text);
  });

  it('refuses all others in the words of dockerd', () => {
    for (const text of ['ctrl-', 'ctrl-A', 'ctrl-1', 'ab', 'a,,b', ',', 'ctrl-p ctrl-q', 'é', 'CTRL-P']) {
      assert.throws(
        () => parseDetachKeys(text),
        (err: unknown) => {
          assert.ok(err instanceof Error && isInvalidArgument(err));
          assert.equal(err.message, `Invalid detach keys (${text}) provided`);
          return true;
        },
      );
    }
  });
});

describe('DetachKeyFilter', () => {
  it('passes on all before the keys and nothing from them on, wherever the input is cut', () => {
    // Few different bytes, so that parts of the keys come often.
    const bytes = (maxLength: number) => fc.array(fc.integer({ min: 97, max: 98 }), { minLength: 1, maxLength });
    fc.assert(
      fc.property(bytes(4), fc.array(bytes(6), { maxLength: 12 }), (keyCodes, parts) => {
        const keys = Buffer.from(keyCodes);
        const input = Buffer.from(parts.flat());
        const at = input.indexOf(keys);
        const filter = new DetachKeyFilter(keys);
        const passed: Buffer[] = [];
        let isDetached = false;
        for (const part of parts) {
          const result = filter.push(Buffer.from(part));
          passed.push(result.bytes);
          isDetached = result.isDetached;
          if (isDetached) break;
        }
        if (!isDetached) passed.push(filter.end());
        assert.equal(isDetached, at >= 0);
        assert.equal(Buffer.concat(passed).toString(), input.subarray(0, at < 0 ? undefined : at).toString());
      }),
    );
  });
});
