import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { VERSION } from './version.js';

it('the version is that of the package', async () => {
  const document: unknown = JSON.parse(await readFile('package.json', 'utf8'));
  assert.ok(typeof document === 'object' && document !== null && 'version' in document);
  assert.equal(VERSION, document.version);
});
