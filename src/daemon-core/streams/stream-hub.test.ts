import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isFailedPrecondition, isResourceExhausted } from '../../errdefs/index.js';
import { createLogger } from '../../log/logger.js';
import type { LogStream, LogWriter } from '../logs/log-driver.js';
import { StreamHub, type StreamHubOptions } from './stream-hub.js';

const log = createLogger({ level: 'silent' });
const KIB = 1024;

/** A log in memory that can be made to take no more. */
class TestLog implements LogWriter {
  readonly error = undefined;
  readonly droppedBytes = 0;
  readonly lines: [LogStream, string][] = [];
  isFull = false;
  isClosed = false;
  writes = 0;
  bytes = 0;
  #onReady: (() => void)[] = [];

  write(stream: LogStream, chunk: Buffer): boolean {
    this.writes++;
    this.bytes += chunk.length;
    this.lines.push([stream, chunk.toString()]);
    return !this.isFull;
  }

  ready(): Promise<void> {
    return this.isFull ? new Promise((resolve) => this.#onReady.push(resolve)) : Promise.resolve();
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  drain(): void {
    this.isFull = false;
    for (const resolve of this.#onReady.splice(0)) resolve();
  }

  of(stream: LogStream): string {
    return this.lines.flatMap(([from, text]) => (from === stream ? [text] : [])).join('');
  }
}

function makeStreams(terminal = false) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = terminal ? undefined : new PassThrough();
  return { stdin, stdout, stderr, terminal };
}

function endOutputs(streams: ReturnType<typeof makeStreams>): void {
  streams.stdout.end();
  streams.stderr?.end();
}

async function collect(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The test's own timeout bounds it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

async function settled<T>(value: () => T): Promise<T> {
  let last = value();
  for (let same = 0; same < 30; same++) {
    await turn();
    if (value() !== last) same = 0;
    last = value();
  }
  return last;
}

/** Writes as a process does: a little in a turn, and no more when the pipe is full. */
async function print(stream: PassThrough, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 16 * KIB) {
    if (!stream.write(bytes.subarray(at, at + 16 * KIB))) await new Promise((resolve) => stream.once('drain', resolve));
    await turn();
  }
}

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff));
}

describe('StreamHub', { timeout: 60_000 }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const makeHub = (options: Partial<StreamHubOptions> = {}) =>
    new StreamHub({ terminal: false, spillFolder: join(folder, 'spill'), log, ...options });

  describe('output', () => {
    it('gives the log and every reader all of it, from the first byte', async () => {
      const hub = makeHub();
      const early = hub.attach({ stdout: true, stderr: true });
      const writer = new TestLog();
      const streams = makeStreams();
      streams.stdout.write('one ');
      hub.begin(streams, writer);
      const second = hub.attach({ stdout: true });
      streams.stdout.write('two');
      streams.stderr?.write('oops');
      endOutputs(streams);
      const texts = Promise.all([early.stdout, early.stderr, second.stdout].map(collect));
      await hub.end();
      assert.deepEqual((await texts).map(String), ['one two', 'oops', 'one two']);
      assert.deepEqual([writer.of('stdout'), writer.of('stderr'), writer.isClosed], ['one two', 'oops', true]);
      assert.deepEqual(await Promise.all([early.done, second.done]), ['ended', 'ended']);
      assert.equal(second.stderr, undefined);
      assert.equal(hub.attachments, 0);
    });

    it('is discarded where nobody takes it', async () => {
      const hub = makeHub();
      const streams = makeStreams();
      hub.begin(streams, undefined);
      await print(streams.stdout, Buffer.alloc(4 * KIB * KIB));
      endOutputs(streams);
      await hub.end();
    });

    it('of a second run goes to those who came after the first', async () => {
      const hub = makeHub();
      for (const text of ['first', 'second']) {
        const attachment = hub.attach({ stdout: true });
        const streams = makeStreams();
        hub.begin(streams, undefined);
        assert.throws(() => hub.begin(makeStreams(), undefined), isFailedPrecondition);
        streams.stdout.write(text);
        endOutputs(streams);
        const output = collect(attachment.stdout);
        await Promise.all([hub.end(), hub.end()]);
        assert.equal((await output).toString(), text);
        await hub.end();
      }
    });

    it('waits for a log that is full, on both streams, and loses nothing', async () => {
      const hub = makeHub();
      const writer = new TestLog();
      writer.isFull = true;
      const streams = makeStreams();
      hub.begin(streams, writer);
      streams.stdout.write('a');
      streams.stderr?.write('b');
      await until(() => writer.writes === 1);
      streams.stdout.write('c');
      assert.equal(await settled(() => writer.writes), 1);
      writer.drain();
      endOutputs(streams);
      await hub.end();
      assert.deepEqual([writer.of('stdout'), writer.of('stderr')], ['ac', 'b']);
    });

    it('is not held back by a reader that does not read, which gets all of it in the end', async () => {
      const hub = makeHub({ memoryBytes: 128 * KIB });
      const writer = new TestLog();
      const streams = makeStreams();
      const slow = hub.attach({ stdout: true });
      const fast = hub.attach({ stdout: true });
      hub.begin(streams, writer);
      const seen = collect(fast.stdout);
      const bytes = pattern(3 * KIB * KIB);
      await print(streams.stdout, bytes);
      endOutputs(streams);
      await until(() => writer.bytes === bytes.length);
      // The file has no name.
      assert.deepEqual(readdirSync(join(folder, 'spill')), []);
      await hub.end({ timeoutMs: 1 });
      assert.ok((await seen).equals(bytes));
      assert.equal(hub.attachments, 1);
      assert.ok((await collect(slow.stdout)).equals(bytes));
      assert.equal(await slow.done, 'ended');
      assert.equal(hub.attachments, 0);
    });

    it('drops a reader that is too far behind, and nobody else', async () => {
      const hub = makeHub({ memoryBytes: 64 * KIB, spillBytes: 256 * KIB });
      const streams = makeStreams();
      const slow = hub.attach({ stdout: true, stdin: true });
      const fast = hub.attach({ stdout: true });
      hub.begin(streams, new TestLog());
      const seen = collect(fast.stdout);
      const bytes = pattern(KIB * KIB);
      await print(streams.stdout, bytes);
      assert.equal(await slow.done, 'dropped');
      assert.ok(isResourceExhausted(slow.stdout?.errored), String(slow.stdout?.errored));
      assert.equal(slow.stdin?.destroyed, true);
      endOutputs(streams);
      await hub.end();
      assert.ok((await seen).equals(bytes));
    });

    it('drops a reader for which no file can be made', async () => {
      const hub = makeHub({ memoryBytes: 1, spillFolder: '/dev/null/x' });
      const streams = makeStreams();
      const slow = hub.attach({ stdout: true });
      hub.begin(streams, new TestLog());
      await print(streams.stdout, Buffer.alloc(256 * KIB));
      assert.equal(await slow.done, 'dropped');
      assert.ok(isResourceExhausted(slow.stdout?.errored));
      endOutputs(streams);
      await hub.end();
    });

    it('is paced by a reader that is alone, without a log, until another one comes', async () => {
      const hub = makeHub();
      const streams = makeStreams();
      const slow = hub.attach({ stdout: true });
      hub.begin(streams, undefined);
      const bytes = pattern(2 * KIB * KIB);
      let isPrinted = false;
      const printed = print(streams.stdout, bytes).then(() => {
        isPrinted = true;
      });
      assert.equal(await settled(() => isPrinted), false);
      const second = hub.attach({ stdout: true });
      const rest = collect(second.stdout);
      await printed;
      endOutputs(streams);
      const all = collect(slow.stdout);
      await hub.end();
      assert.ok((await all).equals(bytes));
      const tail = await rest;
      assert.ok(tail.length > KIB * KIB && tail.equals(bytes.subarray(-tail.length)), `${tail.length}`);
    });

    it('goes on when the reader that paced it is gone', async () => {
      const hub = makeHub();
      const streams = makeStreams();
      const slow = hub.attach({ stdout: true });
      hub.begin(streams, undefined);
      const printed = print(streams.stdout, Buffer.alloc(KIB * KIB));
      await settled(() => streams.stdout.readableLength);
      slow.stdout?.destroy();
      await printed;
      assert.equal(await slow.done, 'dropped');
      endOutputs(streams);
      await hub.end();
    });

    it('that a process in the background keeps open ends for all with the time of `end`', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const hub = makeHub();
      const writer = new TestLog();
      const streams = makeStreams();
      const attachment = hub.attach({ stdout: true });
      hub.begin(streams, writer);
      const output = collect(attachment.stdout);
      streams.stdout.write('one');
      await until(() => writer.writes === 1);
      const ended = hub.end();
      t.mock.timers.tick(1_999);
      assert.equal(await settled(() => writer.isClosed), false);
      t.mock.timers.tick(1);
      await ended;
      assert.equal((await output).toString(), 'one');
      assert.equal(writer.isClosed, true);
      // It is not held back, and its bytes go nowhere.
      await print(streams.stdout, Buffer.alloc(KIB * KIB));
      assert.equal(writer.writes, 1);
    });

    it('stays in the pipe when the hub is closed, and what was read is in the log', async () => {
      const hub = makeHub({ stdinOnce: true });
      const writer = new TestLog();
      const streams = makeStreams();
      const attachment = hub.attach({ stdout: true, stdin: true });
      hub.begin(streams, writer);
      streams.stdout.write('read');
      await until(() => writer.writes === 1);
      await hub.close();
      assert.equal(await attachment.done, 'dropped');
      assert.equal(writer.isClosed, true);
      streams.stdout.write('left');
      assert.equal(await settled(() => streams.stdout.readableLength), 4);
      assert.equal(streams.stdin.writableEnded, false);
      assert.equal(streams.stdout.destroyed, false);
    });

    it('of a terminal is one stream', () => {
      const attachment = makeHub({ terminal: true }).attach({ stdout: true, stderr: true });
      assert.ok(attachment.stdout !== undefined);
      assert.equal(attachment.stderr, undefined);
    });
  });

  describe('stdin', () => {
    let streams: ReturnType<typeof makeStreams>;
    beforeEach(() => {
      streams = makeStreams();
    });
    const typed = () => streams.stdin.read()?.toString() ?? '';

    it('takes from all who are attached, and from before the run', async () => {
      const hub = makeHub();
      const [a, b] = [hub.attach({ stdin: true, stdout: true }), hub.attach({ stdin: true })];
      a.stdin?.write('a1 ');
      await turn();
      hub.begin(streams, undefined);
      await until(() => streams.stdin.readableLength > 0);
      b.stdin?.write('b1 ');
      a.stdin?.write('a2');
      await until(() => streams.stdin.readableLength === 8);
      assert.equal(typed(), 'a1 b1 a2');
      assert.equal(streams.stdin.writableEnded, false);
      await hub.close();
    });

    it('stays open when one ends, who is detached then', async () => {
      const hub = makeHub();
      hub.begin(streams, undefined);
      const [a, b] = [hub.attach({ stdin: true, stdout: true }), hub.attach({ stdin: true })];
      streams.stdout.write('shown');
      const shown = collect(a.stdout);
      a.stdin?.end('bye');
      assert.equal(await a.done, 'detached');
      assert.equal((await shown).toString().length <= 5, true);
      await until(() => a.stdin?.writableFinished === true);
      assert.equal(streams.stdin.writableEnded, false);
      b.stdin?.write('!');
      await until(() => streams.stdin.readableLength === 4);
      assert.equal(typed(), 'bye!');
      await hub.close();
    });

    it('ends with the first that had it, after what it wrote, and that one stays attached', async () => {
      const hub = makeHub({ stdinOnce: true });
      hub.begin(streams, undefined);
      const [a, b] = [hub.attach({ stdin: true, stdout: true }), hub.attach({ stdin: true })];
      a.stdin?.end('last');
      assert.equal((await collect(streams.stdin)).toString(), 'last');
      // Nobody reads it any more.
      await new Promise<void>((resolve) => b.stdin?.write('too late', () => resolve()));
      streams.stdout.write('still here');
      endOutputs(streams);
      const output = collect(a.stdout);
      await hub.end();
      assert.equal((await output).toString(), 'still here');
      assert.equal(await a.done, 'ended');
    });

    it('ends as well when that one goes away', async () => {
      const hub = makeHub({ stdinOnce: true });
      hub.begin(streams, undefined);
      const giveUp = new AbortController();
      const a = hub.attach({ stdin: true, signal: giveUp.signal });
      giveUp.abort();
      assert.equal(await a.done, 'dropped');
      assert.equal((await collect(streams.stdin)).length, 0);
      await hub.close();
    });

    it('is discarded where the process has none', async () => {
      const hub = makeHub();
      hub.begin({ ...streams, stdin: undefined }, undefined);
      const a = hub.attach({ stdin: true });
      await new Promise<void>((resolve) => a.stdin?.write('x', () => resolve()));
      await hub.close();
    });

    it('of a terminal has detach keys, cut anywhere; what follows them is not typed', async () => {
      streams = makeStreams(true);
      const hub = makeHub({ terminal: true, stdinOnce: true });
      hub.begin(streams, undefined);
      const a = hub.attach({ stdin: true, stdout: true, detachKeys: 'x,y' });
      for (const text of ['one x', ' x', 'y never']) a.stdin?.write(text);
      assert.equal(await a.done, 'detached');
      assert.equal(typed(), 'one x ');
      // A terminal is left by its keys, and goes on.
      assert.equal(streams.stdin.writableEnded, false);
      assert.equal((await collect(a.stdout)).length, 0);
      await hub.close();
    });

    it('of no terminal has no detach keys', async () => {
      const hub = makeHub();
      hub.begin(streams, undefined);
      const a = hub.attach({ stdin: true });
      a.stdin?.write('\x10\x11!');
      await until(() => streams.stdin.readableLength === 3);
      assert.equal(typed(), '\x10\x11!');
      assert.equal(hub.attachments, 1);
      a.detach();
      a.detach();
      assert.equal(await a.done, 'detached');
      assert.throws(() => hub.attach({ detachKeys: 'nope' }), { code: 'ERR_OPTION_INVALID' });
    });
  });
});
