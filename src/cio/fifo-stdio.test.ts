import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FifoStdio } from './fifo-stdio.js';
import { collect, exited, makePlace, type Place, ready, record, settled, shell, times } from './peer.test.js';

const { O_NONBLOCK, O_WRONLY } = constants;
const PIPE_BYTES = 64 * 1024;
/** One read on top of a buffer that has not quite reached its mark. */
const BUFFER_BYTES = 64 * 1024 + 64 * 1024;

for (const native of [true, false]) {
  describe(`FifoStdio ${native ? 'with' : 'without'} native code`, { timeout: 120_000 }, () => {
    const env = process.env.LIBCONTAINERD_NO_NATIVE;
    let place: Place;

    before(() => {
      if (!native) process.env.LIBCONTAINERD_NO_NATIVE = '1';
    });
    after(() => {
      if (env === undefined) delete process.env.LIBCONTAINERD_NO_NATIVE;
      else process.env.LIBCONTAINERD_NO_NATIVE = env;
    });
    beforeEach(() => {
      place = makePlace();
    });
    afterEach(() => {
      assert.deepEqual(place.openFifos(), []);
      place.remove();
    });

    it('makes the files that were asked for', async () => {
      const cases = [
        { stdin: true, terminal: false, names: ['p1-stderr', 'p1-stdin', 'p1-stdout'] },
        { stdin: false, terminal: false, names: ['p1-stderr', 'p1-stdout'] },
        { stdin: true, terminal: true, names: ['p1-stdin', 'p1-stdout'] },
        { stdin: false, terminal: true, names: ['p1-stdout'] },
      ];
      for (const { stdin, terminal, names } of cases) {
        const stdio = await place.create({ stdin, terminal });
        assert.deepEqual(readdirSync(place.dir), names);
        assert.equal(stdio.state, 'opening');
        assert.equal(stdio.config.terminal, terminal);
        assert.equal(stdio.config.stderr, terminal ? '' : join(place.dir, 'p1-stderr'));
        assert.equal(stdio.config.stdin, stdin ? join(place.dir, 'p1-stdin') : '');
        assert.equal(stdio.streams.stdin !== undefined, stdin);
        assert.equal(stdio.streams.stderr !== undefined, !terminal);
        await stdio.close();
        assert.deepEqual(readdirSync(place.dir), []);
      }
    });

    it('loses no byte of a peer that opens, writes and exits at once', async () => {
      const payload = Buffer.from(Array.from({ length: PIPE_BYTES }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
      const file = join(place.dir, 'payload');
      writeFileSync(file, payload);
      for (let round = 0; round < times(200); round++) {
        const stdio = await place.create();
        const output = Promise.all([collect(stdio.streams.stdout), collect(stdio.streams.stderr)]);
        const events = record(stdio.streams.stdout);
        const child = shell('exec 3>"$stdout" 4>"$stderr"; echo; cat "$payload" >&3', stdio, { payload: file });
        // Both orders happen: the answer to Create after the exit, and before it.
        if (round % 2 === 0) {
          await ready(child);
          stdio.peerOpened();
        }
        assert.equal(await exited(child), 0);
        stdio.peerOpened();
        stdio.processExited();
        const [out, err] = await output;
        assert.equal(Buffer.compare(out, payload), 0, `round ${round}: ${out.length} bytes`);
        assert.equal(err.length, 0);
        await stdio.drained();
        assert.deepEqual(events, ['end', 'close']);
        await stdio.close();
        assert.deepEqual(place.openFifos(), []);
      }
    });

    it('takes 100 MiB through stdin, a peer and stdout in little memory', async () => {
      const stdio = await place.create({ stdin: true });
      const { stdin, stdout, stderr } = stdio.streams;
      const child = shell('exec 2>"$stderr" 3>"$stdout" 0<"$stdin"; echo; exec cat >&3', stdio);
      await ready(child);
      stdio.peerOpened();
      stderr?.resume();
      const total = times(1600) * 65_536;
      const block = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 9)) & 0xff));
      const before = process.memoryUsage.rss();
      let [read, peak, wrong] = [0, 0, 0];
      stdout?.on('data', (chunk: Buffer) => {
        for (let at = 0; at < chunk.length; ) {
          const offset = (read + at) % block.length;
          const length = Math.min(chunk.length - at, block.length - offset);
          if (block.compare(chunk, at, at + length, offset, offset + length) !== 0) wrong++;
          at += length;
        }
        read += chunk.length;
        peak = Math.max(peak, process.memoryUsage.rss() - before);
      });
      for (let sent = 0; sent < total; sent += block.length) {
        if (stdin?.write(block) === false) await new Promise((resolve) => stdin.once('drain', resolve));
      }
      stdin?.end();
      assert.equal(await exited(child), 0);
      await stdio.drained();
      assert.equal(read, total);
      assert.equal(wrong, 0);
      assert.ok(peak < 64 * 1024 * 1024, `grew by ${peak >> 20} MiB`);
      await stdio.close();
    });

    it('holds the peer back while nobody reads, and lets it go on', async () => {
      const stdio = await place.create({ terminal: true });
      const peer = openSync(stdio.config.stdout, O_WRONLY | O_NONBLOCK);
      stdio.peerOpened();
      const block = Buffer.alloc(4096, 'x');
      let written = 0;
      const fill = () => {
        try {
          for (;;) written += writeSync(peer, block);
        } catch (err) {
          assert.ok(err instanceof Error && 'code' in err && err.code === 'EAGAIN');
        }
        return written;
      };
      await settled(fill);
      assert.ok(written >= PIPE_BYTES && written <= PIPE_BYTES + BUFFER_BYTES, `${written} bytes`);
      // A peer in its own process is blocked by the kernel in the same way.
      const child = shell('exec 3>"$stdout"; echo; head -c 300000 /dev/zero >&3', stdio);
      await ready(child);
      assert.equal(await settled(() => child.exitCode), null);
      const output = collect(stdio.streams.stdout);
      closeSync(peer);
      assert.equal(await exited(child), 0);
      assert.equal((await output).length, written + 300_000);
      await stdio.close();
    });

    it('ends each output on its own', async () => {
      const stdio = await place.create();
      const child = shell('exec 3>"$stdout" 4>"$stderr"; echo; exec 3>&-; read line; echo late >&4', stdio);
      await ready(child);
      stdio.peerOpened();
      assert.equal((await collect(stdio.streams.stdout)).length, 0);
      let isDrained = false;
      void stdio.drained().then(() => {
        isDrained = true;
      });
      assert.equal(await settled(() => isDrained), false);
      child.stdin?.end('\n');
      assert.equal((await collect(stdio.streams.stderr)).toString(), 'late\n');
      await stdio.drained();
      await stdio.close();
    });

    it('sees no end before the peer came, and one when it never comes', async () => {
      const stdio = await place.create({ stdin: true });
      const events = record(stdio.streams.stdout);
      assert.equal(await settled(() => events.length), 0);
      const input = record(stdio.streams.stdin);
      stdio.peerFailed();
      // Nobody consumes; there is nothing to consume.
      await stdio.drained();
      assert.deepEqual(events, ['end', 'close']);
      assert.deepEqual(input, ['close']);
      await stdio.close();
    });

    it('gives up on output that a grandchild holds', async () => {
      const stdio = await place.create({ terminal: true });
      const child = shell('exec 3>"$stdout"; echo one >&3; (read line) & echo; exit 0', stdio);
      stdio.streams.stdout?.resume();
      const holder = openSync(stdio.config.stdout, O_WRONLY | O_NONBLOCK);
      await ready(child);
      stdio.peerOpened();
      await exited(child);
      stdio.processExited();
      assert.equal(await stdio.waitDrained({ idleMs: 150 }), false);
      closeSync(holder);
      child.stdin?.end();
      assert.equal(await stdio.waitDrained(), true);
      await stdio.close();
    });

    it('closes in every state, more than once', async () => {
      const opening = await place.create({ stdin: true, processId: 'a' });
      const open = await place.create({ stdin: true, processId: 'b' });
      open.peerOpened();
      const failed = await place.create({ stdin: true, processId: 'c' });
      failed.peerFailed();
      const ended = await place.create({ stdin: true, processId: 'd' });
      ended.streams.stdin?.end('x');
      const ownHands = await place.create({ stdin: true, processId: 'e' });
      ownHands.streams.stdout?.destroy();
      ownHands.streams.stdin?.destroy(new Error('mine'));
      const full = await place.create({ stdin: true, processId: 'f' });
      full.streams.stdin?.write(Buffer.alloc(1_000_000));
      for (const stdio of [opening, open, failed, ended, ownHands, full]) {
        let told = 0;
        stdio.setCloseStdin(async () => {
          told++;
        });
        await Promise.all([stdio.close(), stdio.close()]);
        await stdio.close();
        assert.equal(stdio.state, 'closed');
        stdio.peerOpened();
        stdio.peerFailed();
        stdio.processExited();
        assert.equal(stdio.state, 'closed');
        await stdio.drained();
        assert.equal(await stdio.waitDrained(), true);
        await turn();
        assert.equal(told, 0);
      }
      assert.deepEqual(readdirSync(place.dir), []);
    });

    it('tells a consumer that its output was cut off', async () => {
      const stdio = await place.create();
      const { stdout } = stdio.streams;
      assert.ok(stdout !== undefined);
      const end = assert.rejects(finished(stdout), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
      await stdio.close();
      await end;
    });

    it('leaves the files to an engine to come, which reads what was written meanwhile', async () => {
      const first = await place.create({ stdin: true });
      const child = shell(
        'exec 3<>"$stdout" 4<>"$stdin" 5<>"$stderr"; echo; read line <&4; echo "$line" >&3; echo; read line; exec 3>&- 4>&- 5>&-',
        first,
      );
      await ready(child);
      first.peerOpened();
      first.streams.stdin?.write('meanwhile\n');
      await first.close({ removeFiles: false });
      await ready(child);
      const { stdin, stdout, stderr } = first.config;
      const config = { stdin, stdout: `fifo://${stdout}`, stderr, terminal: false };
      const second = await FifoStdio.openExisting(config);
      assert.deepEqual(second.config, first.config);
      assert.equal(second.state, 'open');
      child.stdin?.end('\n');
      assert.equal((await collect(second.streams.stdout)).toString(), 'meanwhile\n');
      await second.close();
      assert.equal(existsSync(stdout), true);
      await second.close({ removeFiles: true });
      assert.deepEqual(readdirSync(place.dir), []);
    });

    it('leaves nothing when it cannot open', async () => {
      writeFileSync(join(place.dir, 'p1-stderr'), 'mine');
      await assert.rejects(place.create({ stdin: true }), { code: 'ERR_FIFO' });
      assert.deepEqual(readdirSync(place.dir), ['p1-stderr']);
      await assert.rejects(
        FifoStdio.create({ dir: join(place.dir, 'none'), processId: 'x', stdin: true, terminal: true }),
        {
          code: 'ERR_FIFO',
        },
      );
      for (const processId of ['', '../x']) await assert.rejects(place.create({ processId }), { code: 'ERR_FIFO' });
      const stdio = await place.create({ stdin: true, terminal: true });
      const { stdin, stdout } = stdio.config;
      await stdio.close({ removeFiles: false });
      for (const stderr of [join(place.dir, 'none'), place.dir]) {
        await assert.rejects(FifoStdio.openExisting({ stdin, stdout, stderr, terminal: false }), { code: 'ERR_FIFO' });
        assert.deepEqual(place.openFifos(), []);
      }
      await stdio.close();
    });

    it('opens only what is a FIFO of ours', async () => {
      const file = join(place.dir, 'log');
      writeFileSync(file, 'theirs');
      for (const stderr of ['file:///tmp/log', file, '/dev/null']) {
        const config = { stdin: '', stdout: 'binary:///bin/log?x=1', stderr, terminal: false };
        const stdio = await FifoStdio.openExisting(config);
        assert.deepEqual(stdio.streams, { stdin: undefined, stdout: undefined, stderr: undefined, terminal: false });
        await stdio.drained();
        await stdio.close({ removeFiles: true });
      }
      assert.deepEqual(readdirSync(place.dir), ['log']);
    });

    it('does not hold up other file operations while no peer comes', async () => {
      const ids = Array.from({ length: 8 }, (_, i) => `p${i}`);
      const all = await Promise.all(ids.map((processId) => place.create({ stdin: true, processId })));
      for (const stdio of all) stdio.streams.stdin?.end('waits');
      // With a thread taken by an open this would wait for ever.
      const before = performance.now();
      await Promise.all(ids.map(() => readFile('/proc/self/stat')));
      assert.ok(performance.now() - before < 2_000);
      await Promise.all(all.map((stdio) => stdio.close()));
    });
  });
}
