import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DataLossError } from '../errdefs/index.js';
import { makeFifos } from '../platform/fifo.js';
import {
  readBootstrap,
  readShimBinary,
  readShimRecord,
  writeBootstrap,
  writeShimBinary,
  writeShimRecord,
} from './bundle-files.js';

describe('files of a bundle', () => {
  let bundle = { namespace: 'ns', id: 'c1', path: '' };
  beforeEach(() => {
    bundle = { ...bundle, path: mkdtempSync(join(tmpdir(), 'lcd-files-')) };
  });
  afterEach(() => rmSync(bundle.path, { recursive: true }));
  const put = (name: string, text: string) => writeFileSync(join(bundle.path, name), text);

  it('are read as they were written, and none is left half written', async () => {
    const bootstrap = { version: 3, address: 'unix:///run/containerd/s/0', protocol: 'ttrpc' } as const;
    for (let i = 0; i < 2; i++) {
      await writeBootstrap(bundle, bootstrap);
      await writeShimBinary(bundle, '/usr/bin/containerd-shim-runc-v2');
      await writeShimRecord(bundle, { api: 'v1', pid: 12 });
    }
    assert.deepEqual(await readBootstrap(bundle), bootstrap);
    assert.equal(await readShimBinary(bundle), '/usr/bin/containerd-shim-runc-v2');
    assert.deepEqual(await readShimRecord(bundle), { api: 'v1', pid: 12 });
    await writeShimRecord(bundle, { api: 'v2' });
    assert.deepEqual(await readShimRecord(bundle), { api: 'v2' });
    assert.deepEqual(readdirSync(bundle.path).sort(), ['bootstrap.json', 'shim-binary-path', 'shim.json']);
    assert.deepEqual(JSON.parse(readFileSync(join(bundle.path, 'bootstrap.json'), 'utf8')), bootstrap);
    assert.equal(statSync(join(bundle.path, 'shim-binary-path')).mode & 0o777, 0o600);
  });

  it('are absent before they are written', async () => {
    assert.equal(await readBootstrap(bundle), undefined);
    assert.equal(await readShimBinary(bundle), undefined);
    assert.equal(await readShimRecord(bundle), undefined);
  });

  it('fall back to the address of an older shim', async () => {
    put('address', '');
    assert.equal(await readBootstrap(bundle), undefined);
    put('address', 'unix:///run/containerd/s/0\n');
    assert.deepEqual(await readBootstrap(bundle), {
      version: 2,
      address: 'unix:///run/containerd/s/0',
      protocol: 'ttrpc',
    });
  });

  it('are refused when damaged', async () => {
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"version":"2","address":"a","protocol":"ttrpc"}',
      '{"version":0,"address":"a","protocol":"ttrpc"}',
      '{"version":2.5,"address":"a","protocol":"ttrpc"}',
      '{"version":2,"address":"","protocol":"ttrpc"}',
      '{"version":2,"address":"a","protocol":"http"}',
      `{"version":2,"address":"${'a'.repeat(70_000)}","protocol":"ttrpc"}`,
    ]) {
      put('bootstrap.json', text);
      await assert.rejects(readBootstrap(bundle), DataLossError, text.slice(0, 60));
    }
    for (const text of ['{"api":"v3"}', '{"api":"v1","pid":-1}', '{"api":"v1","pid":"1"}', '"v1"']) {
      put('shim.json', text);
      await assert.rejects(readShimRecord(bundle), DataLossError, text);
    }
    for (const text of ['', 'shim']) {
      put('shim-binary-path', text);
      await assert.rejects(readShimBinary(bundle), DataLossError);
    }
  });

  it('are refused when a FIFO has their name', async () => {
    await makeFifos([join(bundle.path, 'shim.json')]);
    await assert.rejects(readShimRecord(bundle), DataLossError);
  });

  it('leave nothing behind when they cannot be written', async () => {
    const gone = { ...bundle, path: join(bundle.path, 'gone') };
    await assert.rejects(writeShimBinary(gone, '/x'), { errorClass: 'not-found' });
    assert.deepEqual(readdirSync(bundle.path), []);
  });
});
