import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../log/logger.js';
import { packAny } from '../protocol/any.js';
import { TaskExit } from '../protocol/gen/containerd/events/events.js';
import { EventsDefinition } from '../protocol/gen/containerd/services/events_ttrpc.js';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';
import { TtrpcClient } from '../protocol/ttrpc/index.js';
import { ShimEventServer } from './event-server.js';

const exit = (pid: number): Envelope => ({
  timestamp: new Date(1_700_000_000_000 + pid),
  namespace: 'ns',
  topic: '/tasks/exit',
  event: packAny('containerd.events.TaskExit', TaskExit, TaskExit.create({ containerId: 'c1', id: 'c1', pid })),
});

describe('ShimEventServer', () => {
  let dir = '';
  let seen: Envelope[] = [];
  let lines: string[] = [];
  let fail = false;
  let server: ShimEventServer;
  const clients: TtrpcClient[] = [];
  const socket = () => join(dir, 'events', 'e.sock');
  const connect = async () => {
    const client = await TtrpcClient.connect(socket(), { namespace: 'ns' });
    clients.push(client);
    return client.service(EventsDefinition);
  };
  const make = () =>
    new ShimEventServer({
      log: createLogger({ level: 'warn', destination: { write: (line: string) => lines.push(line) } }),
      onEnvelope: (envelope) => {
        if (fail) throw new Error('not now');
        seen.push(envelope);
      },
    });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lcd-events-'));
    [seen, lines, fail] = [[], [], false];
    server = make();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close();
    rmSync(dir, { recursive: true });
  });

  it('lets nobody in but our user', async () => {
    await server.listen(socket());
    const stats = statSync(socket());
    assert.ok(stats.isSocket());
    assert.equal(stats.mode & 0o777, 0o600);
    assert.equal(statSync(join(dir, 'events')).mode & 0o777, 0o700);
    await server.close();
    assert.ok(!existsSync(socket()));
  });

  it('listens in no folder that others may pass', async () => {
    mkdirSync(join(dir, 'events'));
    chmodSync(join(dir, 'events'), 0o711);
    await assert.rejects(server.listen(socket()), { code: 'ERR_STATE_DIR' });
  });

  it('hands on what each shim sends, in its order', async () => {
    await server.listen(socket());
    const [one, two] = [await connect(), await connect()];
    const odd = Array.from({ length: 50 }, (_, i) => exit(2 * i + 1));
    const even = Array.from({ length: 50 }, (_, i) => exit(2 * i + 2));
    await Promise.all([
      ...odd.map((envelope) => one.forward({ envelope })),
      ...even.map((envelope) => two.forward({ envelope })),
    ]);
    const pids = seen.map(({ event }) => TaskExit.decode(event?.value ?? Buffer.alloc(0)).pid);
    assert.deepEqual(
      pids.filter((pid) => pid % 2 === 1),
      odd.map((_, i) => 2 * i + 1),
    );
    assert.deepEqual(
      pids.filter((pid) => pid % 2 === 0),
      even.map((_, i) => 2 * i + 2),
    );
  });

  it('answers a repetition and does not hand it on', async () => {
    await server.listen(socket());
    await (await connect()).forward({ envelope: exit(1) });
    await (await connect()).forward({ envelope: exit(1) });
    assert.equal(seen.length, 1);
  });

  it('takes the repetition of what could not be handled', async () => {
    await server.listen(socket());
    const { forward } = await connect();
    fail = true;
    await assert.rejects(forward({ envelope: exit(1) }));
    fail = false;
    await forward({ envelope: exit(1) });
    assert.equal(seen.length, 1);
    assert.match(lines.join(''), /not handled/);
  });

  it('refuses what is no event, and says so', async () => {
    await server.listen(socket());
    const { forward } = await connect();
    for (const envelope of [
      undefined,
      { ...exit(1), namespace: '' },
      { ...exit(1), topic: '' },
      { ...exit(1), event: undefined },
    ]) {
      await assert.rejects(forward({ envelope }), { errorClass: 'invalid-argument' });
    }
    assert.deepEqual([seen.length, lines.length], [0, 4]);
  });

  it('keeps off the socket of a living server', async () => {
    await server.listen(socket());
    const second = make();
    await assert.rejects(second.listen(socket()), { errorClass: 'conflict' });
    await second.close();
    assert.ok(existsSync(socket()));
  });
});
