import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { familiarImageName } from './image-name.js';

const ID = 'ab'.repeat(32);

describe('familiarImageName', () => {
  const cases: readonly [string, string][] = [
    ['alpine', 'alpine'],
    ['alpine:3.20', 'alpine'],
    ['library/alpine', 'alpine'],
    ['docker.io/library/alpine:latest', 'alpine'],
    ['index.docker.io/me/app', 'me/app'],
    ['me/app:v1', 'me/app'],
    ['localhost/library/app:v1', 'localhost/library/app'],
    ['localhost:5000/app', 'localhost:5000/app'],
    ['localhost:5000/app:v1', 'localhost:5000/app'],
    ['ghcr.io/me/app:v1', 'ghcr.io/me/app'],
    [`alpine:3@sha256:${ID}`, 'alpine'],
    [`ghcr.io/me/app@sha256:${ID}`, 'ghcr.io/me/app'],
    [`sha256:${ID}`, `sha256:${ID}`],
    [ID, ID],
    ['', ''],
  ];
  for (const [reference, name] of cases) {
    it(`is ${JSON.stringify(name)} for ${reference}`, () => assert.equal(familiarImageName(reference), name));
  }
});
