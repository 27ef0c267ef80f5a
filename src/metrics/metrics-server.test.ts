import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { Gauge } from 'prom-client';
import { ConflictError, InvalidArgumentError } from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import type { Collector } from './collector.js';
import { Exposition } from './exposition.js';
import { MetricsServer } from './metrics-server.js';

const log = createLogger();

/** A collector whose work can be held. */
class GatedCollector implements Collector {
  readonly metrics = [new Gauge({ name: 'some', help: 'x'.repeat(2_000), registers: [] })];
  collects = 0;
  #isHeld = false;
  #go = () => {};
  #begun = () => {};

  hold(): Promise<void> {
    this.#isHeld = true;
    return new Promise((resolve) => {
      this.#begun = resolve;
    });
  }

  release(): void {
    this.#isHeld = false;
    this.#go();
  }

  async collect(): Promise<void> {
    this.collects += 1;
    this.#begun();
    if (!this.#isHeld) return;
    await new Promise<void>((resolve) => {
      this.#go = resolve;
    });
  }

  close(): void {}
}

describe('the metrics server', () => {
  const collector = new GatedCollector();
  const exposition = new Exposition({ some: collector }, { log });
  let server: MetricsServer;
  before(async () => {
    server = await MetricsServer.listen({ address: '127.0.0.1:0', exposition, log });
  });
  after(() => server.close());
  afterEach(() => collector.release());
  const at = (path: string, init?: RequestInit) => fetch(`http://${server.address}${path}`, init);

  it('answers a GET with the text and its type, gzip where it is taken', async () => {
    const response = await at('/metrics?x=1');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    assert.match(await response.text(), /^some 0$/m);
    for (const refused of ['identity', 'gzip;q=0, br', 'x-gzip-not']) {
      const plain = await at('/metrics', { headers: { 'Accept-Encoding': refused } });
      assert.equal(plain.headers.get('content-encoding'), null, refused);
      assert.match(await plain.text(), /^some 0$/m);
    }
  });

  it('answers a HEAD without collecting', async () => {
    const before = collector.collects;
    const response = await at('/metrics', { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), exposition.contentType);
    assert.equal(collector.collects, before);
  });

  it('refuses other paths and methods', async () => {
    for (const path of ['/', '/metrics/', '/metric', '/v1/metrics']) assert.equal((await at(path)).status, 404, path);
    const response = await at('/metrics', { method: 'POST', body: 'x' });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
  });

  it('goes on when a client hangs up in the middle of a scrape', async () => {
    const begun = collector.hold();
    const [host = '', port = ''] = server.address.split(':');
    const socket = connect({ host, port: Number(port) });
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await begun;
    socket.destroy();
    const other = at('/metrics');
    collector.release();
    assert.equal((await other).status, 200);
  });

  it('says when the address is taken, and by which code', async () => {
    await assert.rejects(
      MetricsServer.listen({ address: server.address, exposition, log }),
      (err) =>
        err instanceof ConflictError &&
        err.code === 'ERR_ADDRESS_IN_USE' &&
        err.message.includes(server.address) &&
        err.message.includes('metrics-addr'),
    );
    await assert.rejects(MetricsServer.listen({ address: 'nowhere', exposition, log }), InvalidArgumentError);
  });

  it('lets an answer under way end when it is closed, and takes no more', async () => {
    const own = await MetricsServer.listen({ address: '127.0.0.1:0', exposition, log });
    const begun = collector.hold();
    const answer = fetch(`http://${own.address}/metrics`);
    await begun;
    const closing = Promise.all([own.close(), own.close()]);
    await assert.rejects(fetch(`http://${own.address}/metrics`));
    collector.release();
    assert.equal((await answer).status, 200);
    await closing;
    await own.close();
    own.destroy();
  });

  for (const [how, end] of [
    ['past the time of a close', (own: MetricsServer) => own.close({ timeoutMs: 1 })],
    ['by destroy', async (own: MetricsServer) => own.destroy()],
  ] as const) {
    it(`cuts the answers under way ${how}`, async () => {
      const own = await MetricsServer.listen({ address: '127.0.0.1:0', exposition, log });
      const begun = collector.hold();
      const answer = assert.rejects(fetch(`http://${own.address}/metrics`));
      await begun;
      await end(own);
      await answer;
      await own.close();
    });
  }
});
