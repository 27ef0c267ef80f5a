import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CODES, type CodeRow, isErrorCode } from './codes.js';
import { createError } from './create-error.js';
import { ERROR_CLASSES, type ErrorClass } from './error-class.js';
import { CLASS_TABLE } from './table.js';

const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const doc = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
const codes: [string, CodeRow][] = Object.entries(CODES);

describe('docs/errors.md', () => {
  it('states the number of classes and codes', () => {
    const said = /\*\*(\d+) classes, (\d+) codes\*\*/.exec(doc)?.slice(1).map(Number);
    assert.deepEqual(said, [ERROR_CLASSES.length, codes.length], 'correct the numbers at the top of docs/errors.md');
  });

  it('has one section for each class, in the order of the list', () => {
    const headings = [...doc.matchAll(/^## (\w+) `([\w-]+)`$/gm)].map(([, name, errorClass]) => [name, errorClass]);
    assert.deepEqual(
      headings,
      ERROR_CLASSES.map((c) => [createError(c, 'x').name, c]),
    );
  });

  for (const errorClass of ERROR_CLASSES) {
    it(`gives the table row of ${errorClass}`, () => {
      assert.ok(section(errorClass).includes(classRow(errorClass)), `put in this row: ${classRow(errorClass)}`);
    });

    it(`documents every code of ${errorClass} with its meaning and remedy, and no other`, () => {
      const rows = section(errorClass)
        .split('\n')
        .filter((line) => line.startsWith('| `ERR_'));
      const expected = codes.filter(([, row]) => row.class === errorClass).map(([code, row]) => codeRow(code, row));
      assert.deepEqual(rows, expected);
    });
  }

  it('documents each code once', () => {
    const documented = [...doc.matchAll(/^\| `(ERR_\w+)`/gm)].map(([, code]) => code);
    assert.equal(new Set(documented).size, documented.length);
    assert.equal(documented.length, codes.length);
  });

  it('names no code that does not exist', () => {
    const named = [...doc.matchAll(/\bERR_[A-Z0-9_]+/g)].map(([code]) => code);
    assert.deepEqual(
      named.filter((code) => !isErrorCode(code)),
      [],
    );
  });
});

function section(errorClass: ErrorClass): string {
  const start = doc.search(new RegExp(`^## \\w+ \`${errorClass}\`$`, 'm'));
  assert.notEqual(start, -1, `docs/errors.md has no section for ${errorClass}`);
  return doc.slice(start).split(/\n(?=## )/)[0] ?? '';
}

function classRow(errorClass: ErrorClass): string {
  const row = CLASS_TABLE[errorClass];
  const rpc = row.toldByText === true ? `, message ends with \`${row.text}\`` : '';
  const http = row.httpOfRpc === undefined ? `${row.http}` : `${row.http} (${row.httpOfRpc} for a bare RPC status)`;
  const errnos = row.errnos.length === 0 ? '-' : row.errnos.join(', ');
  return `| \`${row.upstream}\` | ${row.grpc}${rpc} | ${row.ttrpc}${rpc} | ${http} | ${errnos} |`;
}

function codeRow(code: string, row: CodeRow): string {
  return `| \`${code}\` | ${row.when} | ${row.remedy} |`;
}

/** The tests run from a build directory of any depth. */
function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  assert.notEqual(dirname(from), from, 'no package.json above the test');
  return findRoot(dirname(from));
}
