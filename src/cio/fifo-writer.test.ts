import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { FifoStdio } from './fifo-stdio.js';
import { collect, exited, makePlace, type Place, ready, record, settled, shell, until } from './peer.test.js';

const CAT = 'exec 0<"$stdin" 3>"$stdout"; echo; exec cat >&3';

describe('FifoWriter', { timeout: 60_000 }, () => {
  let place: Place;
  let stdio: FifoStdio;

  beforeEach(async () => {
    place = makePlace();
    stdio = await place.create({ stdin: true });
  });
  afterEach(async () => {
    await stdio.close();
    assert.deepEqual(place.openFifos(), []);
    place.remove();
  });

  function stdin() {
    assert.ok(stdio.streams.stdin !== undefined);
    return stdio.streams.stdin;
  }

  /** Counts the calls, and notes whether our descriptor was open at the time. */
  function watchClose(): { calls: number; open: boolean } {
    const seen = { calls: 0, open: false };
    stdio.setCloseStdin(async () => {
      seen.calls++;
      seen.open = place.openFifos().some((path) => path.endsWith('-stdin'));
    });
    return seen;
  }

  it('delivers what was written and ended before the peer opened', async () => {
    const closing = watchClose();
    const events = record(stdin());
    stdin().write('early ');
    stdin().end('bird');
    assert.equal(await settled(() => events.length), 0);
    const child = shell(CAT, stdio);
    await ready(child);
    assert.equal(await settled(() => events.length + closing.calls), 0);
    stdio.peerOpened();
    assert.equal((await collect(stdio.streams.stdout)).toString(), 'early bird');
    assert.equal(await exited(child), 0);
    if (!stdin().closed) await once(stdin(), 'close');
    assert.deepEqual(events, ['finish', 'close']);
    assert.deepEqual(closing, { calls: 1, open: false });
  });

  it('writes a lot before the peer opened, without keeping it all', async () => {
    const events = record(stdin());
    const size = 3_000_000;
    assert.equal(stdin().write(Buffer.alloc(size, 'a')), false);
    stdin().end();
    const child = shell(CAT, stdio);
    await ready(child);
    stdio.peerOpened();
    assert.equal((await collect(stdio.streams.stdout)).length, size);
    assert.equal(await exited(child), 0);
    assert.equal(events[0], 'finish');
  });

  it('holds the writer back while nobody reads', async () => {
    stdio.peerOpened();
    const block = Buffer.alloc(10_000);
    let sent = 0;
    const source = Readable.from(
      (function* () {
        for (;;) {
          sent += block.length;
          yield block;
        }
      })(),
      { objectMode: false, highWaterMark: 1 },
    );
    const flow = assert.rejects(pipeline(source, stdin()), { code: 'EPIPE' });
    await settled(() => sent);
    // The kernel's 64 KiB, our 64 KiB, and a block on the way at each place.
    assert.ok(sent >= 65_536 && sent <= 2 * 65_536 + 4 * block.length, `${sent}`);
    stdio.processExited();
    await flow;
  });

  it('keeps the order of small, empty and textual writes', async () => {
    const child = shell(CAT, stdio);
    await ready(child);
    stdio.peerOpened();
    const output = collect(stdio.streams.stdout);
    let expected = '';
    for (let i = 0; i < 5_000; i++) {
      const line = i % 7 === 0 ? '' : `${i} é\n`;
      expected += line;
      stdin().write(i % 2 === 0 ? line : Buffer.from(line));
    }
    stdin().end();
    assert.equal((await output).toString(), expected);
    await exited(child);
  });

  it('does not read its own bytes', async () => {
    stdin().write('mine');
    await turn();
    const child = shell('exec 0<"$stdin" 3>"$stdout"; echo; head -c 4 >&3', stdio);
    await ready(child);
    stdio.peerOpened();
    assert.equal((await collect(stdio.streams.stdout)).toString(), 'mine');
    await exited(child);
  });

  it('tells the peer when the user destroys it, and once', async () => {
    const closing = watchClose();
    stdio.peerOpened();
    const source = new Readable({
      read() {
        this.destroy(new Error('source broke'));
      },
    });
    await assert.rejects(pipeline(source, stdin()), /source broke/);
    await until(() => closing.calls > 0);
    stdin().destroy();
    stdin().end();
    assert.equal(await settled(() => closing.calls), 1);
  });

  it('tells the peer late when it is told late how to', async () => {
    const events = record(stdin());
    stdin().end('x');
    stdio.peerOpened();
    await once(stdin(), 'close');
    assert.deepEqual(events, ['finish', 'close']);
    const closing = watchClose();
    const again = watchClose();
    await until(() => closing.calls > 0);
    assert.equal(await settled(() => closing.calls), 1);
    assert.equal(again.calls, 0);
  });

  it('finishes only when the peer was told', async () => {
    let answer = () => {};
    stdio.setCloseStdin(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const events = record(stdin());
    stdio.peerOpened();
    stdin().end();
    assert.equal(await settled(() => events.length), 0);
    answer();
    await once(stdin(), 'close');
    assert.deepEqual(events, ['finish', 'close']);
  });

  it('reports that the peer could not be told, to whom it concerns', async () => {
    stdio.setCloseStdin(() => Promise.reject(new Error('no CloseIO')));
    stdio.peerOpened();
    const failure = once(stdin(), 'error');
    stdin().end();
    assert.match(String(await failure), /no CloseIO/);
    // Nobody listens at this one: the process goes on.
    const other = await place.create({ stdin: true, processId: 'other' });
    other.setCloseStdin(() => Promise.reject(new Error('no CloseIO')));
    other.peerOpened();
    other.streams.stdin?.end();
    await until(() => other.streams.stdin?.closed === true);
    await other.close();
  });

  it('closes quietly at the exit, and fails what was not written', async () => {
    const closing = watchClose();
    const events = record(stdin());
    let errors = 0;
    stdin().on('error', () => errors++);
    stdio.peerOpened();
    const results: (string | undefined)[] = [];
    const note = (err: Error | null | undefined) =>
      results.push(err === null || err === undefined ? undefined : 'code' in err ? String(err.code) : err.message);
    stdin().write('fits', note);
    await until(() => results.length === 1);
    stdin().write(Buffer.alloc(500_000), note);
    stdin().write('queued', note);
    await turn();
    stdio.processExited();
    await once(stdin(), 'close');
    stdin().write('late', note);
    stdin().end();
    await until(() => results.length === 4);
    assert.deepEqual(results, [undefined, 'EPIPE', 'EPIPE', 'ERR_STREAM_DESTROYED']);
    assert.deepEqual(events, ['close']);
    assert.equal(errors, 0);
    assert.equal(closing.calls, 0);
  });

  it('takes ended input as delivered when the process exits or never came', async () => {
    for (const gone of ['processExited', 'peerFailed'] as const) {
      const other = await place.create({ stdin: true, processId: gone });
      let told = 0;
      other.setCloseStdin(async () => {
        told++;
      });
      const input = other.streams.stdin;
      assert.ok(input !== undefined);
      const flow = pipeline(Readable.from(['all of it']), input);
      await until(() => input.writableEnded && input.writableLength === 0);
      other[gone]();
      await flow;
      assert.equal(told, 0);
      await other.close();
    }
  });

  it('swallows a failed closeStdin when the process exited meanwhile', async () => {
    let fail: ((err: Error) => void) | undefined;
    stdio.setCloseStdin(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    stdio.peerOpened();
    const flow = pipeline(Readable.from(['x']), stdin());
    await until(() => fail !== undefined);
    stdio.processExited();
    fail?.(new Error('process is gone'));
    await flow;
  });
});
