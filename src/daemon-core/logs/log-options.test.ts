import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { logAttributes } from './log-attributes.js';
import { parseLogOptions } from './log-options.js';

describe('parseLogOptions', () => {
  it('reads rotation, and keeps one file without end when nothing is said', () => {
    const none = { maxSizeBytes: undefined, maxFiles: 1, compress: false, dropAboveBytes: undefined };
    assert.deepEqual(parseLogOptions('json-file', {}), none);
    assert.deepEqual(parseLogOptions('none', { anything: 'goes' }), none);
    assert.deepEqual(parseLogOptions('direct', { 'max-size': '10k', 'max-file': '3', compress: 'true' }), {
      ...none,
      maxSizeBytes: 10_000,
      maxFiles: 3,
      compress: true,
    });
    assert.equal(parseLogOptions('json-file', { mode: 'non-blocking' }).dropAboveBytes, 1e6);
    assert.equal(
      parseLogOptions('json-file', { mode: 'non-blocking', 'max-buffer-size': '2m' }).dropAboveBytes,
      2 * 1024 * 1024,
    );
  });

  const refused: readonly [string, Record<string, string>, string][] = [
    ['x', {}, "logger: no log driver named 'x' is registered"],
    ['toString', {}, "logger: no log driver named 'toString' is registered"],
    ['json-file', { x: '1' }, "unknown log opt 'x' for json-file log driver"],
    ['direct', { labels: 'a' }, "unknown log opt 'labels' for direct log driver"],
    ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
    ['json-file', { 'max-size': '5x' }, "invalid suffix: 'x'"],
    ['json-file', { 'max-size': 'big' }, "invalid size: 'big'"],
    ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
    ['json-file', { 'max-file': 'two' }, "max-file is not a number: 'two'"],
    [
      'json-file',
      { compress: 'true', 'max-size': '1m' },
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    ],
    [
      'json-file',
      { compress: 'true', 'max-file': '2' },
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    ],
    ['json-file', { compress: 'perhaps' }, "compress is neither true nor false: 'perhaps'"],
    ['json-file', { mode: 'lazy' }, 'logger: logging mode not supported: lazy'],
    [
      'json-file',
      { 'max-buffer-size': '1m' },
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
  ];
  for (const [driver, config, message] of refused) {
    it(`refuses ${driver} ${JSON.stringify(config)}`, () => {
      assert.throws(
        () => parseLogOptions(driver, config),
        (err) => err instanceof InvalidArgumentError && err.message === message && err.code === 'ERR_OPTION_INVALID',
      );
    });
  }
});

describe('logAttributes', () => {
  const subject = {
    id: '0123456789abcdef',
    name: 'web',
    labels: { team: 'a', tier: 'b', other: 'c' },
    env: ['tier=env', 'LANG=C=x', 'bare'],
    imageId: 'sha256:fedcba9876543210',
    imageName: 'nginx:1',
    command: ['sleep', '9'],
  };

  it('picks labels and env by name and by pattern, env over labels, sorted', () => {
    const attributes = logAttributes({ labels: 'team,none,tier', env: 'bare,tier', 'env-regex': '^LA' }, subject);
    assert.deepEqual(Object.entries(attributes), [
      ['LANG', 'C=x'],
      ['team', 'a'],
      ['tier', 'env'],
    ]);
    assert.deepEqual(Object.keys(logAttributes({ 'labels-regex': '^t' }, subject)), ['team', 'tier']);
  });

  it('expands the tag, and leaves braces alone that a field brings', () => {
    const tag = (template: string) => logAttributes({ tag: template }, { ...subject, name: '{{.ID}}' }).tag;
    assert.equal(tag('{{.ImageName}}/{{ .ID }}/{{.Name}}'), 'nginx:1/0123456789ab/{{.ID}}');
    assert.equal(tag('{{.ImageID}} {{.Command}}'), 'fedcba987654 sleep 9');
    assert.equal(tag(''), undefined);
    for (const bad of ['{{.Nothing}}', '{{if .ID}}', '{{.toString}}']) {
      assert.throws(() => tag(bad), InvalidArgumentError, bad);
    }
    assert.throws(() => logAttributes({ 'env-regex': '(' }, subject), InvalidArgumentError);
  });
});
