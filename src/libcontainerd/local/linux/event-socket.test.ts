import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../../log/logger.js';
import { makeFolder } from '../../../platform/make-folder.js';
import { listenForEvents } from './event-socket.js';

describe('listenForEvents', () => {
  const sink = { log: createLogger({ level: 'silent' }), onEnvelope: () => {} };
  let folder = '';
  let path = '';
  let other: Server;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'events-'));
    makeFolder(join(folder, 'events'), 0o700);
    path = join(folder, 'events', 'ttrpc.sock');
    other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
  });
  afterEach(async () => {
    other.close();
    await rm(folder, { recursive: true });
  });

  it('waits for what is left of a killed engine', async () => {
    const listening = listenForEvents(path, sink);
    // The first look has found it, since a connection came.
    await new Promise((resolve) => other.once('connection', resolve));
    other.close();
    await (await listening).close();
  });

  it('gives up when somebody stays', async () => {
    await assert.rejects(listenForEvents(path, sink), { code: 'ERR_ADDRESS_IN_USE' });
  });
});
