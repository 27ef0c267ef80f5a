import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../log/logger.js';
import { packAny } from '../protocol/any.js';
import { TaskExit } from '../protocol/gen/containerd/events/events.js';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';
import { Any } from '../protocol/gen/google/protobuf/any.js';
import { encodeMessage } from '../protocol/wire/index.js';
import { EventSpool } from './event-spool.js';
import { runAction } from './spawn.js';

const event = (pid: number) =>
  encodeMessage(
    Any,
    packAny('containerd.events.TaskExit', TaskExit, TaskExit.create({ containerId: 'c1', id: 'c1', pid })),
  );
const pidOf = (envelope: Envelope | undefined) => TaskExit.decode(envelope?.event?.value ?? Buffer.alloc(0)).pid;

describe('EventSpool', () => {
  let folder = '';
  let spools: EventSpool[] = [];
  let seen: Envelope[] = [];
  let lines: string[] = [];
  let wanted: { count: number; reached: () => void } | undefined;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'lcd-spool-')), "it's here");
    [spools, seen, lines, wanted] = [[], [], [], undefined];
  });
  afterEach(async () => {
    for (const spool of spools) await spool.close();
    rmSync(join(folder, '..'), { recursive: true });
  });
  const open = async (onEnvelope: (envelope: Envelope) => void = () => {}) => {
    const spool = await EventSpool.open({
      folder,
      log: createLogger({ level: 'warn', destination: { write: (line: string) => lines.push(line) } }),
      onEnvelope: (envelope) => {
        seen.push(envelope);
        if (seen.length >= (wanted?.count ?? Number.POSITIVE_INFINITY)) wanted?.reached();
        onEnvelope(envelope);
      },
    });
    spools.push(spool);
    return spool;
  };
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      wanted = { count, reached: resolve };
      if (seen.length >= count) resolve();
    });
  const publish = (program: string, pid: number, topic = '/tasks/exit', namespace = 'moby') =>
    runAction(program, ['--address', '/run/x.sock', 'publish', '--topic', topic, '--namespace', namespace], {
      stdin: event(pid),
      cwd: '/',
    });
  const put = (name: string, bytes: Uint8Array, at: number) => {
    const path = join(folder, 'spool', name);
    writeFileSync(path, bytes);
    utimesSync(path, at, at);
  };
  const spooled = (pid: number) => Buffer.concat([Buffer.from('/tasks/exit\nmoby\n'), event(pid)]);

  it('delivers what its program was given', { timeout: 20_000 }, async () => {
    const { publisher } = await open();
    assert.equal(statSync(publisher).mode & 0o777, 0o700);
    const before = Date.now();
    const { exitCode, stderr } = await publish(publisher, 7);
    assert.deepEqual([exitCode, String(stderr)], [0, '']);
    await until(1);
    const [envelope] = seen;
    assert.deepEqual([envelope?.topic, envelope?.namespace, pidOf(envelope)], ['/tasks/exit', 'moby', 7]);
    const at = envelope?.timestamp?.getTime() ?? 0;
    assert.ok(at >= before - 20 && at <= Date.now() + 20);
    await spools[0]?.close();
    assert.deepEqual(readdirSync(join(folder, 'spool')), []);
  });

  it('loses none of many at once', { timeout: 60_000 }, async () => {
    const { publisher } = await open();
    const pids = Array.from({ length: 20 }, (_, i) => i + 1);
    const all = until(pids.length);
    await Promise.all(pids.map((pid) => publish(publisher, pid)));
    await all;
    assert.deepEqual(
      seen.map(pidOf).sort((a, b) => a - b),
      pids,
    );
  });

  it('delivers at its start what came while nobody looked, in order of time', async () => {
    const first = await open();
    await first.close();
    assert.equal((await publish(first.publisher, 3)).exitCode, 0);
    put('99.0', spooled(1), 1000);
    put('1.0', spooled(2), 1001);
    await open();
    assert.deepEqual(seen.map(pidOf), [1, 2, 3]);
    await open();
    assert.equal(seen.length, 3);
  });

  it('drops garbage, and says so', async () => {
    await (await open()).close();
    put('1.0', Buffer.alloc(0), 1);
    put('2.0', Buffer.from('/tasks/exit\n'), 2);
    put('3.0', Buffer.from('/tasks/exit\n\nx'), 3);
    put('4.0', Buffer.concat([Buffer.from('/tasks/exit\nmoby\n'), Buffer.from([0xff, 0xff])]), 4);
    put('5.0', Buffer.from('/tasks/exit\nmoby\n'), 5);
    put('6.0', Buffer.alloc(1024 * 1024 + 1), 6);
    mkdirSync(join(folder, 'spool', '7.0'));
    put('8.0', spooled(8), 8);
    await open();
    assert.deepEqual(seen.map(pidOf), [8]);
    assert.equal(lines.length, 7);
    assert.deepEqual(readdirSync(join(folder, 'spool')), []);
  });

  it('removes half written files, when they are old', async () => {
    await (await open()).close();
    put('.1', Buffer.from('x'), 1);
    put('.2', Buffer.from('x'), Date.now() / 1000);
    await open();
    assert.deepEqual(readdirSync(join(folder, 'spool')), ['.2']);
  });

  it('goes on after a handler that throws', async () => {
    await (await open()).close();
    put('1.0', spooled(1), 1);
    put('2.0', spooled(2), 2);
    await open(() => {
      throw new Error('no');
    });
    assert.deepEqual(seen.map(pidOf), [1, 2]);
  });

  it('delivers nothing after its end', async () => {
    const spool = await open();
    await spool.close();
    await spool.close();
    await publish(spool.publisher, 1);
    assert.equal(seen.length, 0);
    assert.equal(readdirSync(join(folder, 'spool')).length, 1);
  });

  it('has a program that fails for a wrong call and leaves nothing', async () => {
    const { publisher } = await open();
    for (const args of [
      [],
      ['publish'],
      ['publish', '--topic', 't'],
      ['--topic'],
      ['info', '--topic', 't', '--namespace', 'n'],
    ]) {
      const { exitCode, stderr } = await runAction(publisher, args, { stdin: event(1) });
      assert.equal(exitCode, 2, args.join(' '));
      assert.match(String(stderr), /usage/);
    }
    rmSync(join(folder, 'spool'), { recursive: true });
    assert.equal((await publish(publisher, 1)).exitCode, 1);
    assert.ok(!existsSync(join(folder, 'spool')));
  });
});
