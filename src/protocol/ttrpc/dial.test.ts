import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  CanceledError,
  DeadlineExceededError,
  InvalidArgumentError,
  PermissionDeniedError,
  UnavailableError,
} from '../../errdefs/index.js';
import { TtrpcClient } from './client.js';
import { isA, Place, RawServer } from './raw-peer.test.js';

const NOBODY = 65534;

describe('TtrpcClient.connect', { timeout: 60_000 }, () => {
  it('says that nobody listens', async () => {
    using place = new Place();
    await assert.rejects(TtrpcClient.connect(place.socket), isA(UnavailableError, 'ERR_SHIM_UNREACHABLE'));
    const abstract = `@lcd-ttrpc-${process.pid}-nobody`;
    await assert.rejects(TtrpcClient.connect(abstract), isA(UnavailableError, 'ERR_SHIM_UNREACHABLE'));
  });

  it('refuses an address that is none, a signal that has fired and no time', async () => {
    using place = new Place();
    await assert.rejects(TtrpcClient.connect('shim.sock'), isA(InvalidArgumentError, 'ERR_ADDRESS_INVALID'));
    const signal = AbortSignal.abort();
    await assert.rejects(TtrpcClient.connect(place.socket, {}, { signal }), isA(CanceledError));
    await assert.rejects(TtrpcClient.connect(place.socket, {}, { timeoutMs: 0 }), isA(DeadlineExceededError));
  });

  it('connects to an abstract socket', async () => {
    const name = `lcd-ttrpc-${process.pid}-abstract`;
    await using server = await RawServer.listen(`\0${name}`);
    for (const address of [`@${name}`, `unix://@${name}`, `\0${name}`]) {
      const client = await TtrpcClient.connect(address);
      assert.equal(client.address, address);
      client.close();
    }
    await server.peer();
  });

  it('says that it may not', async () => {
    using place = new Place();
    await using _server = await RawServer.listen(place.socket);
    chmodSync(place.dir, 0o755);
    chmodSync(place.socket, 0);
    const uid = process.geteuid?.();
    // Root may connect to anything, so it is somebody else for the while.
    if (uid === 0) process.seteuid?.(NOBODY);
    try {
      await assert.rejects(TtrpcClient.connect(place.socket), isA(PermissionDeniedError));
    } finally {
      if (uid === 0) process.seteuid?.(uid);
    }
  });
});
