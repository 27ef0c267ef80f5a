import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LineSplitter } from '../../platform/detached-peer/line-splitter.js';
import { HeldFifos } from './held-fifos.js';
import { decodeHeld, decodeWords, encodeHeld, encodeWords } from './keeper-protocol.js';
import { KeeperServer } from './keeper-server.js';
import { KeeperPlace } from './place.test.js';

describe('KeeperServer', { timeout: 60_000 }, () => {
  let place: KeeperPlace;
  let held: HeldFifos;
  let server: KeeperServer;
  beforeEach(async () => {
    place = new KeeperPlace();
    held = new HeldFifos(2);
    const { socketPath } = place;
    server = new KeeperServer({ socketPath, held, fdLimit: 2, idleMs: 1_000_000, onIdle: () => {} });
    await server.listen();
  });
  afterEach(async () => {
    for (const [key] of held.entries) held.release(key);
    await server.close();
    await place.remove();
  });

  async function say(text: string, lines: number): Promise<string[]> {
    const socket = connect(place.socketPath).setEncoding('latin1');
    let said = '';
    socket.on('data', (chunk) => {
      said += chunk;
    });
    socket.write(text);
    while (said.split('\n').length <= lines) await once(socket, 'data');
    socket.destroy();
    await once(socket, 'close');
    return said.trimEnd().split('\n');
  }

  it('survives what is no request', async () => {
    const answers = await say('\nwhat\nhold\nhold x\nrelease\n%ZZ\nhold %ff y\nping\n', 8);
    assert.deepEqual(
      answers.map((line) => line.split(' ', 2).join(' ')),
      [...Array<string>(7).fill('error EPROTO'), 'ok 1'],
    );
    assert.deepEqual(decodeWords(answers.at(-1) ?? ''), ['ok', '1', String(process.pid), '0', '2']);
    assert.match((await say('x'.repeat(64 * 1024 + 1), 1)).join(), /^error E2BIG /);
    assert.equal((await say('ping\nping\nlist\n', 3)).length, 3);
  });

  it('refuses more than its table takes, which is for its client a resource exhausted', async () => {
    const [a, b] = [await place.fifos('a'), await place.fifos('b')];
    const client = await place.start();
    await client.hold('a', [a.stdout]);
    await assert.rejects(client.hold('b', [b.stdout, b.stderr]), {
      name: 'ResourceExhaustedError',
      code: 'ERR_RESOURCE_EXHAUSTED',
    });
    await client.hold('b', [b.stdout]);
    await client.release('a');
    await client.hold('a', [a.stderr]);
    assert.deepEqual(
      await client.held(),
      new Map([
        ['b', [b.stdout]],
        ['a', [a.stderr]],
      ]),
    );
    client.close();
  });
});

describe('the keeper protocol', () => {
  it('carries any words', () => {
    const words = ['hold', 'a b', 'c,d', '%', 'é\n', '', '/x'];
    assert.deepEqual(decodeWords(encodeWords(words).trimEnd()), words);
    const held = new Map([
      ['a b', ['/x,y', '/z']],
      ['é', ['/%']],
    ]);
    assert.deepEqual(decodeHeld(encodeHeld(held).trimEnd().split(' ').slice(1)), held);
    assert.deepEqual(decodeHeld(encodeHeld([]).trimEnd().split(' ').slice(1)), new Map());
  });

  it('is cut into lines however it comes', () => {
    const lines = new LineSplitter(4);
    assert.deepEqual(lines.push('ab'), []);
    assert.deepEqual(lines.push('c\n\nd'), ['abc', '']);
    assert.deepEqual(lines.push('efg\n'), ['defg']);
    assert.equal(lines.push('12345'), undefined);
    assert.equal(new LineSplitter(4).push('12345\n'), undefined);
  });
});
