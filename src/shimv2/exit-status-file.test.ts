import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseExitStatus } from './exit-status-file.js';

describe('parseExitStatus', () => {
  it('reads the record of a shim, with and without JSON names', () => {
    const expected = { pid: 4242, exitStatus: 7, exitedAt: new Date('2026-09-04T10:11:12.123Z') };
    const time = '2026-09-04T10:11:12.123456789Z';
    assert.deepEqual(parseExitStatus(`{"Timestamp":"${time}","Pid":4242,"Status":7}`), expected);
    assert.deepEqual(parseExitStatus(`{"timestamp":"${time}","pid":4242,"status":7}`), expected);
  });

  it('takes half a record for none', () => {
    const texts = [
      '',
      '{"Timestamp":"2026-09-04T10:',
      'null',
      '7',
      '{}',
      '{"Timestamp":"2026-09-04T10:11:12Z","Pid":1}',
      '{"Timestamp":"soon","Pid":1,"Status":0}',
      '{"Timestamp":"2026-09-04T10:11:12Z","Pid":1,"Status":-1}',
      '{"Timestamp":"2026-09-04T10:11:12Z","Pid":1,"Status":256}',
      '{"Timestamp":"2026-09-04T10:11:12Z","Pid":1,"Status":"0"}',
    ];
    for (const text of texts) assert.equal(parseExitStatus(text), undefined, text);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseExitStatus(text)));
  });
});
