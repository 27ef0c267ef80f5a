import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as library from './index.js';
import * as fake from './libcontainerd/fake/index.js';
import * as testsuite from './libcontainerd/testsuite/index.js';

describe('the package', () => {
  it('exports every function that its README names', () => {
    const names = [...readFileSync('README.md', 'utf8').matchAll(/`(\w+)\([^`]*\)`/g)].map(([, name = '']) => name);
    assert.ok(names.length > 5, `${names}`);
    const exported = new Set([library, fake, testsuite].flatMap((module) => Object.keys(module)));
    assert.deepEqual(
      names.filter((name) => !exported.has(name)),
      [],
    );
  });
});
