import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EmbeddedCore } from '../../../src/libcontainerd/local/linux/core.js';
import { missing } from '../host/requirements.js';

describe('closing an embedded core', { skip: missing() }, () => {
  let folder: string;
  let core: EmbeddedCore;
  beforeEach(async () => {
    folder = await mkdtemp('/tmp/lcd-');
    core = await EmbeddedCore.open({ root: join(folder, 'root'), state: join(folder, 'state') });
  });
  afterEach(async () => {
    await core.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends with its owner, whichever of the two is closed first', { timeout: 20_000 }, async () => {
    const owner = core.owner();
    await core.close();
    await owner.closed;
    await assert.rejects(owner.version(), { code: 'ERR_CLIENT_CLOSED' });
  });

  it('ends with its owner when it is destroyed', { timeout: 20_000 }, async () => {
    const owner = core.owner();
    core.destroy();
    await owner.closed;
    await core.close();
  });
});
