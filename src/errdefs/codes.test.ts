import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CODES, type CodeRow, isErrorCode, RESERVED } from './codes.js';
import { createError } from './create-error.js';
import { DEFAULT_CODES } from './default-codes.js';
import { ERROR_CLASSES } from './error-class.js';
import { SPECIFIC_CODES } from './specific-codes.js';

const rows: [string, CodeRow][] = Object.entries(CODES);

describe('codes', () => {
  it('are unique over both tables', () => {
    assert.equal(rows.length, Object.keys(DEFAULT_CODES).length + Object.keys(SPECIFIC_CODES).length);
  });

  it('have one default for each class, which an error without a code carries', () => {
    const defaults: string[] = Object.keys(DEFAULT_CODES);
    assert.deepEqual(
      ERROR_CLASSES.map((c) => createError(c, 'x').code),
      defaults,
    );
    assert.deepEqual(
      Object.values(DEFAULT_CODES).map((row) => row.class),
      [...ERROR_CLASSES],
    );
  });

  it('tell an operator in sentences what they mean and what to do', () => {
    for (const [code, row] of rows) {
      assert.match(code, /^ERR_[A-Z]+(_[A-Z]+)*$/);
      for (const text of [row.when, row.remedy]) {
        assert.match(text, /^\S.{9,}\.$/, `${code}: end both texts with a dot`);
        assert.doesNotMatch(text, /[|\n]/, `${code}: the texts stand in a table of docs/errors.md`);
      }
    }
  });

  it('are recognised by isErrorCode, and nothing else is', () => {
    assert.ok(rows.every(([code]) => isErrorCode(code)));
    for (const other of ['ERR_NO_SUCH', 'toString', '__proto__', '', 5, undefined])
      assert.equal(isErrorCode(other), false);
  });

  it('are used outside src/errdefs, except the reserved ones', () => {
    const used = usedCodes();
    const problems: string[] = [];
    for (const code of Object.keys(SPECIFIC_CODES)) {
      const where = used.get(code);
      const reserved = RESERVED.some((each) => each === code);
      if (reserved && where !== undefined) {
        problems.push(`${code}: delete its line from RESERVED in src/errdefs/codes.ts; ${where} uses it now`);
      }
      if (!reserved && where === undefined) {
        problems.push(
          `${code}: no file under src uses it; throw it, or add it to RESERVED in src/errdefs/codes.ts until its user` +
            ' lands, or delete it from src/errdefs/specific-codes.ts and docs/errors.md',
        );
      }
    }
    assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
  });

  it('are reserved once, and only specific ones', () => {
    assert.equal(new Set(RESERVED).size, RESERVED.length);
    assert.ok(RESERVED.every((code) => Object.hasOwn(SPECIFIC_CODES, code)));
  });
});

/**
 * Each code that stands as a string in product sources outside this folder, with the first file that has it. Tests are
 * no users, and neither are comments: those write codes in backticks.
 */
function usedCodes(): Map<string, string> {
  const src = join(findRoot(dirname(fileURLToPath(import.meta.url))), 'src');
  const used = new Map<string, string>();
  for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(src, path);
    if (!entry.isFile() || !/\.[mc]?ts$/.test(name) || name.endsWith('.test.ts')) continue;
    if (name.startsWith(`errdefs${sep}`)) continue;
    for (const [, code] of readFileSync(path, 'utf8').matchAll(/'(ERR_[A-Z0-9_]+)'/g)) {
      if (code !== undefined && !used.has(code)) used.set(code, join('src', name));
    }
  }
  return used;
}

/** The tests run from a build directory of any depth. */
function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  assert.notEqual(dirname(from), from, 'no package.json above the test');
  return findRoot(dirname(from));
}
