import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nullStdio } from './stdio.js';

describe('nullStdio', () => {
  it('does nothing', async () => {
    nullStdio.peerOpened();
    nullStdio.peerFailed();
    nullStdio.setCloseStdin(async () => assert.fail());
    nullStdio.processExited();
    await nullStdio.drained();
    assert.equal(await nullStdio.waitDrained(), true);
    await nullStdio.close();
  });
});
