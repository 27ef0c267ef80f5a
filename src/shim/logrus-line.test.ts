import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLogrusLine } from './logrus-line.js';

describe('parseLogrusLine', () => {
  it('reads the text format', () => {
    assert.deepEqual(
      parseLogrusLine(
        'time="2023-01-02T03:04:05.6Z" level=warning msg="say \\"hi\\"\\n" namespace=moby pid=12 path=/a=b empty=',
      ),
      {
        level: 'warn',
        message: 'say "hi"\n',
        fields: { time: '2023-01-02T03:04:05.6Z', namespace: 'moby', pid: '12', path: '/a=b', empty: '' },
      },
    );
    assert.equal(parseLogrusLine('level=fatal msg=x').level, 'error');
    assert.equal(parseLogrusLine('level=trace msg="esc \\x1b \\"q\\""').message, 'esc \\x1b "q"');
  });

  it('reads the JSON format', () => {
    assert.deepEqual(parseLogrusLine('{"level":"error","msg":"m","time":"t","n":3}'), {
      level: 'error',
      message: 'm',
      fields: { time: 't', n: 3 },
    });
  });

  it('keeps what is neither', () => {
    for (const line of [
      'panic: runtime error',
      'goroutine 1 [running]:',
      '{"level":"error"',
      '{"level":3}',
      'null',
      'level=info msg="cut',
      'level=loud msg=x',
      'a=b c d=e',
      '',
    ]) {
      assert.deepEqual(parseLogrusLine(line), { level: 'info', message: line, fields: {} }, line);
    }
  });

  it('takes any line', () => {
    fc.assert(fc.property(fc.string(), (line) => typeof parseLogrusLine(line).message === 'string'));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const line = `time=t level=info msg=${JSON.stringify(text)} id=c1`;
        assert.deepEqual(parseLogrusLine(line), { level: 'info', message: text, fields: { time: 't', id: 'c1' } });
      }),
    );
  });

  it('takes time that grows with the line only', () => {
    const started = performance.now();
    parseLogrusLine(`level=info msg="${'\\'.repeat(16_383)}`);
    parseLogrusLine(`${'a'.repeat(8_000)} ${'=" '.repeat(2_000)}`);
    assert.ok(performance.now() - started < 1_000);
  });
});
