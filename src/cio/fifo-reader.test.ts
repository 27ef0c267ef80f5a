import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { OutputFlow } from './output-stream.js';
import { exited, makePlace, type Place, ready, record, settled, shell, times, until } from './peer.test.js';

const { O_NONBLOCK, O_WRONLY } = constants;
const PIPE_BYTES = 64 * 1024;

/** Keeps a copy of what comes, and whether what it was lent was left alone meanwhile. */
function makeSink(takes: (bytes: number) => boolean = () => true) {
  const chunks: Buffer[] = [];
  const sink = {
    bytes: 0,
    ends: 0,
    write(chunk: Buffer): boolean {
      chunks.push(Buffer.from(chunk));
      sink.bytes += chunk.length;
      return takes(chunk.length);
    },
    end() {
      sink.ends++;
    },
    all: () => Buffer.concat(chunks),
  };
  return sink;
}

describe('FifoReader.consume', { timeout: 60_000 }, () => {
  let place: Place;
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => {
    assert.deepEqual(place.openFifos(), []);
    place.remove();
  });

  it('gives every byte of a process in order, then the end, and lets the stdio drain', async () => {
    const stdio = await place.create();
    const { stdout, stderr } = stdio.streams;
    const [out, err] = [makeSink(), makeSink()];
    const events = record(stdout);
    stdout?.consume?.(out);
    stderr?.consume?.(err);
    const lines = times(200_000);
    const child = shell(`exec 3>"$stdout" 4>"$stderr"; echo; echo oops >&4; exec seq ${lines} >&3`, stdio);
    await ready(child);
    stdio.peerOpened();
    assert.equal(await exited(child), 0);
    stdio.processExited();
    assert.equal(await stdio.waitDrained(), true);
    const expected = Array.from({ length: lines }, (_, i) => `${i + 1}\n`).join('');
    assert.equal(out.all().toString() === expected, true);
    assert.equal(err.all().toString(), 'oops\n');
    assert.deepEqual([out.ends, err.ends], [1, 1]);
    assert.deepEqual(events, ['end', 'close']);
    await stdio.close();
  });

  it('holds the process back from the first false on, and from a pause', async () => {
    const stdio = await place.create({ terminal: true });
    const peer = openSync(stdio.config.stdout, O_WRONLY | O_NONBLOCK);
    stdio.peerOpened();
    let isWanted = false;
    const sink = makeSink(() => isWanted);
    const flow = stdio.streams.stdout?.consume?.(sink);
    const write = (text: string) => writeSync(peer, text);
    write('one');
    await until(() => sink.bytes === 3);
    write('two');
    assert.equal(await settled(() => sink.bytes), 3);
    isWanted = true;
    flow?.resume();
    await until(() => sink.bytes === 6);
    flow?.pause();
    write('three');
    assert.equal(await settled(() => sink.bytes), 6);
    closeSync(peer);
    assert.equal(await settled(() => sink.ends), 0);
    // Held back is no reason to give output up that has bytes to come.
    const drained = stdio.waitDrained({ idleMs: 20, maxMs: 60_000 });
    flow?.resume();
    assert.equal(await drained, true);
    assert.equal(sink.all().toString(), 'onetwothree');
    assert.equal(sink.ends, 1);
    await stdio.close();
  });

  it('hands over first what was read before, also of an output that has ended', async () => {
    const stdio = await place.create({ terminal: true });
    const peer = openSync(stdio.config.stdout, O_WRONLY | O_NONBLOCK);
    stdio.peerOpened();
    writeSync(peer, 'early');
    const { stdout } = stdio.streams;
    await until(() => stdout?.readableLength === 5);
    closeSync(peer);
    for (let i = 0; i < 10; i++) await turn();
    const sink = makeSink(() => false);
    const flow: OutputFlow | undefined = stdout?.consume?.(sink);
    flow?.resume();
    await stdio.drained();
    assert.equal(sink.all().toString(), 'early');
    assert.equal(sink.ends, 1);
    await stdio.close();
  });

  it('ends the sink once when the stdio is closed, and gives nothing afterwards', async () => {
    const stdio = await place.create();
    const sinks = [makeSink(), makeSink()] as const;
    const flow = stdio.streams.stdout?.consume?.(sinks[0]);
    stdio.streams.stderr?.consume?.(sinks[1]);
    await stdio.close();
    flow?.pause();
    flow?.resume();
    await turn();
    assert.deepEqual(
      sinks.map(({ ends, bytes }) => [ends, bytes]),
      [
        [1, 0],
        [1, 0],
      ],
    );
  });

  it('reads one pipe of each in a turn, so that one that never stops holds nobody up', async () => {
    const stdio = await place.create();
    const out = makeSink();
    const child = shell('exec 3>"$stdout" 4>"$stderr"; echo; exec yes >&3', stdio);
    await ready(child);
    stdio.peerOpened();
    stdio.streams.stdout?.consume?.(out);
    let most = 0;
    while (out.bytes < times(64) * PIPE_BYTES) {
      const before = out.bytes;
      await turn();
      most = Math.max(most, out.bytes - before);
    }
    assert.ok(most > 0 && most <= PIPE_BYTES, `${most} bytes in one turn`);
    await stdio.close();
    await exited(child);
  });
});
