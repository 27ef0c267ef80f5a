import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../errdefs/index.js';
import { Filters } from './filters.js';

describe('Filters.parse', () => {
  it('reads both forms of the parameter', () => {
    for (const text of ['{"label":{"a=b":true,"c":true},"id":{}}', '{"label":["a=b","c"],"id":[]}']) {
      const filters = Filters.parse(text);
      assert.deepEqual(filters.get('label'), ['a=b', 'c']);
      assert.deepEqual([filters.has('id'), filters.get('id'), filters.has('name')], [true, [], false]);
      assert.equal(filters.isEmpty, false);
    }
  });

  it('takes a value that is switched off for not given', () => {
    assert.deepEqual(Filters.parse('{"label":{"a":false,"b":true}}').get('label'), ['b']);
  });

  for (const text of [undefined, '', '{}', 'null']) {
    it(`takes ${text === undefined ? 'nothing' : JSON.stringify(text)} for no filters`, () => {
      assert.ok(Filters.parse(text).isEmpty);
    });
  }

  for (const text of ['{', '[]', '"x"', '1', '{"a":"b"}', '{"a":[1]}', '{"a":{"b":1}}', '{"a":1}']) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => Filters.parse(text),
        (err: unknown) => err instanceof InvalidArgumentError && err.message === 'invalid filter',
      );
    });
  }
});

describe('Filters', () => {
  const filters = Filters.of({ name: ['web', '^db-[0-9]$'], label: ['a=b', 'c'], none: [] });

  it('lets everything through where a key is absent or empty', () => {
    for (const key of ['absent', 'none']) {
      assert.ok(filters.matchesExactly(key, 'x') && filters.matchesPrefix(key, 'x'));
      assert.ok(filters.matchesPattern(key, 'x') && filters.matchesLabels(key));
    }
  });

  it('matches exactly, by prefix and by pattern', () => {
    const outcome = (source: string) => [
      filters.matchesExactly('name', source),
      filters.matchesPrefix('name', source),
      filters.matchesPattern('name', source),
    ];
    assert.deepEqual(outcome('web'), [true, true, true]);
    assert.deepEqual(outcome('web2'), [false, true, true]);
    assert.deepEqual(outcome('my-web'), [false, false, true]);
    assert.deepEqual(outcome('db-1'), [false, false, true]);
    assert.deepEqual(outcome('db-10'), [false, false, false]);
  });

  it('knows the case flag of Go, and finds nothing with what is no pattern', () => {
    assert.ok(Filters.of({ name: ['(?i)^WEB'] }).matchesPattern('name', 'web1'));
    assert.equal(Filters.of({ name: ['(', '[', '*'] }).matchesPattern('name', 'web'), false);
    assert.ok(Filters.of({ name: ['('] }).matchesPattern('name', '('));
  });

  it('breaks off a pattern that would run for ever', () => {
    const evil = Filters.of({ name: ['^(a+)+$', '(.*a){25}x'] });
    const before = performance.now();
    for (let i = 0; i < 100; i++) assert.equal(evil.matchesPattern('name', `${'a'.repeat(60)}-`), false);
    assert.ok(performance.now() - before < 5_000);
    assert.ok(Filters.of({ name: ['^(a+)+$'] }).matchesPattern('name', 'aaaa'), 'and finds what it can');
  });

  it('wants every label', () => {
    assert.ok(filters.matchesLabels('label', { a: 'b', c: '', d: 'x' }));
    assert.equal(filters.matchesLabels('label', { a: 'b' }), false);
    assert.equal(filters.matchesLabels('label', { a: 'x', c: '' }), false);
    assert.equal(filters.matchesLabels('label'), false);
    assert.ok(Filters.of({ label: ['a=b=c'] }).matchesLabels('label', { a: 'b=c' }));
    assert.equal(Filters.of({ label: ['toString'] }).matchesLabels('label', {}), false);
  });

  it('refuses keys that are not known', () => {
    filters.assertOnly(['none', 'name', 'label']);
    assert.throws(() => filters.assertOnly(['name', 'none']), /^InvalidArgumentError: invalid filter 'label'$/);
  });

  it('reads a flag', () => {
    const flag = (...values: string[]) => Filters.of({ dangling: values }).flag('dangling', false);
    assert.deepEqual([flag('1'), flag('true'), flag('0'), flag('false')], [true, true, false, false]);
    assert.equal(Filters.of().flag('dangling', true), true);
    assert.throws(() => flag('yes'), /invalid filter 'dangling=\[yes\]'/);
    assert.throws(() => flag('1', 'false'), /invalid filter 'dangling=\[1 false\]'/);
    assert.throws(() => flag(), /invalid filter 'dangling'$/);
  });
});
