import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LineConnection, type LineProtocol } from './line-connection.js';
import { LineServer, type LineServerOptions } from './line-server.js';

/** Of numbered words; a reply has the number in front. */
const PROTOCOL: LineProtocol<string, string> = {
  who: 'the echo',
  encoding: 'utf8',
  maxLine: 100,
  format: (word, id) => `${id} ${word}\n`,
  parse: (line) => {
    const [, id, reply] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (reply === undefined) throw new Error('no number');
    return { id: Number(id), reply };
  },
};

describe('lines between processes', { timeout: 20_000 }, () => {
  let folder: string;
  let socketPath: string;
  const servers: LineServer[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'line-server-'));
    socketPath = join(folder, 'socket');
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    rmSync(folder, { recursive: true });
  });

  async function serve(options: Partial<LineServerOptions>): Promise<LineServer> {
    const server = new LineServer({
      socketPath,
      encoding: 'utf8',
      maxLine: 20,
      onLine: (line, socket) => socket.write(`${line}\n`),
      idleMs: 1_000_000,
      isIdle: () => true,
      onIdle: () => assert.fail('nobody asked for that'),
      onError: (err) => assert.fail(String(err)),
      ...options,
    });
    servers.push(server);
    await server.listen();
    return server;
  }

  async function connect(): Promise<LineConnection<string, string>> {
    const connection = await LineConnection.open(socketPath, PROTOCOL);
    assert.ok(connection !== undefined);
    return connection;
  }

  it('find their requests by number, in whatever order they come', async () => {
    const held: string[] = [];
    await serve({
      onLine: (line, socket) => {
        held.unshift(line);
        if (held.length === 3) socket.write(`${held.join('\n')}\n`);
      },
    });
    const connection = await connect();
    const words = ['a', 'b', 'é'];
    assert.deepEqual(await Promise.all(words.map((word) => connection.ask(word))), words);
    connection.close();
    await connection.closed;
    await assert.rejects(connection.ask('late'), { name: 'UnavailableError', message: 'ask the echo: it is gone' });
  });

  it('end with a peer that says what is no reply, or is told too much', async () => {
    await serve({ onLine: (_line, socket) => socket.write('what\n') });
    await assert.rejects((await connect()).ask('a'), { name: 'UnavailableError' });
    await assert.rejects((await connect()).ask('x'.repeat(21)), { name: 'UnavailableError' });
  });

  it('are on a socket for its user only, in the place of what was there, which is left to whoever came later', async () => {
    writeFileSync(socketPath, 'of a dead one');
    const umask = process.umask();
    const first = await serve({});
    assert.equal(process.umask(), umask);
    const { mode } = statSync(socketPath);
    assert.equal(mode & 0o777, 0o600);
    const second = await serve({});
    first.removeSocket();
    const connection = await connect();
    assert.equal(await connection.ask('a'), 'a');
    connection.close();
    await connection.closed;
    second.removeSocket();
    assert.equal(await LineConnection.open(socketPath, PROTOCOL), undefined);
  });

  it('are served until nobody is connected and there is nothing to do, also past a failure to find that out', async () => {
    const answers = [() => Promise.reject(new Error('the disk')), () => false, () => true];
    const errors: unknown[] = [];
    let asked = 0;
    const idle = new Promise<void>((resolve) => {
      void serve({
        idleMs: 1,
        isIdle: () => answers[asked++]?.() ?? assert.fail('asked again'),
        onIdle: resolve,
        onError: (err) => errors.push(err),
      });
    });
    await idle;
    assert.equal(asked, 3);
    assert.deepEqual(errors.map(String), ['Error: the disk']);
  });

  it('keep the server while somebody is connected', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let asked = 0;
    const isIdle = () => {
      asked += 1;
      return false;
    };
    await serve({ isIdle });
    const connection = await connect();
    await connection.ask('a');
    t.mock.timers.tick(10_000_000);
    assert.equal(asked, 0);
    connection.close();
    while (asked === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(1_000_000);
    }
  });
});
