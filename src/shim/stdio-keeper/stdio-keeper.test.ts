import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { makeFifos } from '../../platform/fifo.js';
import { lives } from '../../platform/process-identity.js';
import { exitOf, fifosIn, KeeperPlace, plainFile, processOf, readLate, silent, until } from './place.test.js';
import { StdioKeeper } from './stdio-keeper.js';

const PIPE_BYTES = 64 * 1024;
const skip = process.platform === 'linux' ? false : 'needs /proc and FIFOs';

describe('StdioKeeper', { skip, timeout: 120_000 }, () => {
  let place: KeeperPlace;
  beforeEach(() => {
    place = new KeeperPlace();
  });
  afterEach(() => place.remove());

  it('keeps what a process wrote before it ended, which is lost without it', async () => {
    const keeper = await place.start();
    for (const bytes of [0, 1, PIPE_BYTES]) {
      const held = await place.fifos(`held${bytes}`);
      const lost = await place.fifos(`lost${bytes}`);
      await keeper.hold('p1', [held.stdout, held.stderr]);
      for (const config of [held, lost]) await exitOf(place.write(config, bytes));
      assert.deepEqual(await readLate(held), [bytes, bytes]);
      assert.deepEqual(await readLate(lost), [0, 0]);
    }
    assert.equal(fifosIn(keeper.pid, place.dir).filter((path) => path.includes('-std')).length, 2);
    await keeper.release('p1');
    assert.equal(fifosIn(keeper.pid, place.dir).filter((path) => path.includes('-std')).length, 0);
  });

  it('holds a process up that writes more than a pipe takes, until somebody reads', async () => {
    const keeper = await place.start();
    const config = await place.fifos();
    await keeper.hold('p1', [config.stdout, config.stderr]);
    const exit = exitOf(place.write(config, 10 * PIPE_BYTES));
    assert.deepEqual(await readLate(config, exit), [10 * PIPE_BYTES, 10 * PIPE_BYTES]);
  });

  it('outlives kill -9 of its owner, and the next one finds all that it holds', async () => {
    const config = await place.fifos();
    const module = new URL('./stdio-keeper.js', import.meta.url).href;
    const script = `const { StdioKeeper } = await import(process.argv[1]);
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const keeper = await StdioKeeper.start({ socketPath: process.argv[2], log });
      await keeper.hold('c1/init', process.argv.slice(3));
      console.log(keeper.pid); process.stdin.resume();`;
    const args = ['--input-type=module', '-e', script, module, place.socketPath, config.stdout, config.stderr];
    const owner = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(owner.stdout, 'data');
    const identity = place.track(Number(String(line)));
    owner.kill('SIGKILL');
    await once(owner, 'exit');

    await exitOf(place.write(config, PIPE_BYTES));
    assert.ok(lives(identity));
    const next = await place.start();
    assert.equal(next.pid, identity.pid);
    assert.deepEqual(await next.held(), new Map([['c1/init', [config.stdout, config.stderr]]]));
    assert.deepEqual(await readLate(config), [PIPE_BYTES, PIPE_BYTES]);
    await next.release('c1/init');
    assert.deepEqual(await next.held(), new Map());
  });

  it('is started again when it was killed, and holds all again', async () => {
    const keeper = await place.start();
    const killed = processOf(keeper.pid);
    const [a, b, gone] = [await place.fifos('a'), await place.fifos('b'), await place.fifos('gone')];
    for (const [key, { stdout, stderr }] of Object.entries({ a, b, gone })) await keeper.hold(key, [stdout, stderr]);
    await keeper.hold('released', [a.stdout]);
    await keeper.release('released');
    rmSync(gone.stdout);
    process.kill(killed.pid, 'SIGKILL');
    // Sent to the dead one, or while there is none: done by the next.
    const c = await place.fifos('c');
    await Promise.all([keeper.hold('c', [c.stdout]), keeper.release('b')]);
    assert.notEqual(keeper.pid, killed.pid);
    place.track(keeper.pid);
    assert.deepEqual(
      await keeper.held(),
      new Map([
        ['a', [a.stdout, a.stderr]],
        ['c', [c.stdout]],
      ]),
    );
    await exitOf(place.write(a, 100));
    assert.deepEqual(await readLate(a), [100, 100]);

    const second = processOf(keeper.pid);
    process.kill(second.pid, 'SIGKILL');
    await until('started again with nobody asking', () => keeper.pid !== second.pid);
    place.track(keeper.pid);
  });

  it('ends when it holds nothing and nobody is connected', async () => {
    const keeper = await place.start({ idleMs: 100 });
    const identity = processOf(keeper.pid);
    const config = await place.fifos();
    await keeper.hold('p1', [config.stdout]);
    keeper.close();
    const again = await place.start({ idleMs: 100 });
    assert.equal(again.pid, identity.pid);
    await again.release('p1');
    again.close();
    await until('the keeper ends', () => !lives(identity));
    assert.equal(existsSync(place.socketPath), false);
  });

  it('ends when all that it held was removed and nobody is left to tell it', async () => {
    const keeper = await place.start({ idleMs: 100 });
    const identity = processOf(keeper.pid);
    const config = await place.fifos();
    await keeper.hold('p1', [config.stdout, config.stderr]);
    keeper.close();
    rmSync(config.stdout);
    rmSync(config.stderr);
    await until('the keeper ends', () => !lives(identity));
  });

  it('has nothing of ours but its socket and what it holds', async () => {
    const inherited = openSync(plainFile(join(place.dir, 'plain')), 'r');
    const keeper = await place.start({ logPath: join(place.dir, 'keeper.log') });
    assert.ok(inherited > 2);
    assert.equal(readlinkSync(`/proc/${keeper.pid}/cwd`), '/');
    assert.deepEqual(
      [0, 1, 2].map((fd) => readlinkSync(`/proc/${keeper.pid}/fd/${fd}`)),
      ['/dev/null', '/dev/null', join(place.dir, 'keeper.log')],
    );
    assert.deepEqual(fifosIn(keeper.pid, place.dir), [join(place.dir, 'keeper.log')]);
    assert.equal(statSync(place.socketPath).mode & 0o777, 0o600);
    closeSync(inherited);
  });

  it('takes the place of a socket that a dead one left', async () => {
    const first = await place.start();
    const dead = processOf(first.pid);
    first.close();
    process.kill(dead.pid, 'SIGKILL');
    await until('it is dead', () => !lives(dead));
    assert.equal(existsSync(place.socketPath), true);
    assert.notEqual((await place.start()).pid, dead.pid);
  });

  it('refuses what cannot be held', async () => {
    const keeper = await place.start();
    const config = await place.fifos();
    await keeper.hold('p1', [config.stdout]);
    const none = join(place.dir, 'none');
    await assert.rejects(keeper.hold('p1', [config.stderr, none]), {
      code: 'ERR_FIFO',
      fields: { path: none, errno: 'ENOENT' },
    });
    await assert.rejects(keeper.hold('p1', [plainFile(join(place.dir, 'plain'))]), { code: 'ERR_FIFO' });
    for (const [key, path] of [
      ['', none],
      ['x', 'relative'],
      ['x', '/a\0b'],
      ['x', '/\ud800'],
    ] as const) {
      await assert.rejects(keeper.hold(key, [path]), { name: 'InvalidArgumentError' });
    }
    await keeper.hold('nothing', []);
    const strange = join(place.dir, 'a b,c%é\n');
    await makeFifos([strange]);
    await keeper.hold('k, é/1', [strange]);
    assert.deepEqual((await keeper.held()).get('k, é/1'), [strange]);
  });

  it('does not wait for one that does not answer', async () => {
    const keeper = await place.start();
    const config = await place.fifos();
    process.kill(keeper.pid, 'SIGSTOP');
    const late = { name: 'DeadlineExceededError' };
    await assert.rejects(keeper.hold('p1', [config.stdout], { timeoutMs: 50 }), late);
    await assert.rejects(keeper.held({ signal: AbortSignal.abort() }), { name: 'CanceledError' });
    await assert.rejects(StdioKeeper.start({ socketPath: place.socketPath, log: silent }, { timeoutMs: 50 }), late);
    process.kill(keeper.pid, 'SIGCONT');
    // The hold that was given up is taken back.
    assert.deepEqual(await keeper.held(), new Map());
    const pending = keeper.held();
    keeper.close();
    keeper.close();
    await assert.rejects(pending, { code: 'ERR_CLIENT_CLOSED' });
    await assert.rejects(keeper.hold('p1', [config.stdout]), { code: 'ERR_CLIENT_CLOSED' });
  });

  it('says why it cannot be started', async () => {
    const start = (socketPath: string, logPath?: string) => StdioKeeper.start({ socketPath, log: silent, logPath });
    const logPath = join(place.dir, 'keeper.log');
    await assert.rejects(start(join(place.dir, 'none', 'keeper.sock'), logPath), {
      code: 'ERR_STDIO_KEEPER',
      message: `start the stdio keeper: it ended at once; see ${logPath}`,
    });
    assert.ok(statSync(logPath).size > 0);
    await assert.rejects(start('keeper.sock'), { code: 'ERR_ADDRESS_INVALID' });
    await assert.rejects(start(`/${'x'.repeat(96)}`), { code: 'ERR_ADDRESS_INVALID' });
    await assert.rejects(start(place.socketPath, join(place.dir, 'none', 'log')), { name: 'NotFoundError' });
    writeFileSync(join(place.dir, 'plain'), '');
    await assert.rejects(start(join(place.dir, 'plain', 'keeper.sock')), { code: 'ERR_STDIO_KEEPER' });
  });
});
