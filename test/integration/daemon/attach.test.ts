import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import type { Attachment } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { collect } from '../host/run-container.js';
import { until } from '../host/until.js';
import { EngineHost, logOf, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };
const ALL = { stdin: true, stdout: true, stderr: true };
const CTRL_P = '\x10';
const CTRL_Q = '\x11';

describe('attach to a container', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  /** What comes out of it, as it comes. */
  function watch(stream: Readable | undefined): { text: string } {
    const seen = { text: '' };
    stream?.on('data', (chunk: Buffer) => {
      seen.text += chunk.toString();
    });
    return seen;
  }

  async function said(attachment: Attachment): Promise<string[]> {
    const { stdout, stderr } = attachment;
    const texts = await Promise.all([stdout, stderr].map((each) => (each === undefined ? '' : collect(each))));
    return texts.map(String);
  }

  it('before the start gets every byte, as often as somebody asks, and the end', async () => {
    const c = await host.create(sh('echo first; echo wrong >&2; seq 1 20000'));
    const readers = [1, 2, 3].map(() => c.attach({ stdout: true, stderr: true }));
    const outputs = readers.map(said);
    const onlyErrors = said(c.attach({ stderr: true }));
    await c.start();
    await c.wait('not-running', WAIT);
    const numbers = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('');
    for (const output of await Promise.all(outputs)) assert.deepEqual(output, [`first\n${numbers}`, 'wrong\n']);
    assert.deepEqual(await onlyErrors, ['', 'wrong\n']);
    assert.deepEqual(await Promise.all(readers.map(({ done }) => done)), ['ended', 'ended', 'ended']);
  });

  it('writes to stdin; with StdinOnce the end of it is the end of the container', async () => {
    const c = await host.create({ Cmd: ['/bin/cat'], OpenStdin: true, StdinOnce: true });
    const attachment = c.attach(ALL);
    const output = said(attachment);
    await c.start();
    attachment.stdin?.write('one\n');
    attachment.stdin?.end('two\n');
    assert.equal((await c.wait('not-running', WAIT)).exitCode, 0);
    assert.deepEqual(await output, ['one\ntwo\n', '']);
    assert.equal(await logOf(c), 'one\ntwo\n');
  });

  it('without StdinOnce many may come and go', async () => {
    const c = await host.running({ Cmd: ['/bin/cat'], OpenStdin: true });
    for (const word of ['one', 'two']) {
      const attachment = c.attach(ALL);
      const seen = watch(attachment.stdout);
      attachment.stdin?.write(`${word}\n`);
      await until(`${word} comes back`, () => seen.text === `${word}\n`);
      attachment.stdin?.end();
      assert.equal(await attachment.done, 'detached');
    }
    assert.equal(c.inspect().State.Running, true);
  });

  it('finds the detach keys of a terminal, its own too, and the container goes on', async () => {
    const c = await host.running({ Cmd: ['/bin/cat'], OpenStdin: true, Tty: true });
    const attachment = c.attach(ALL);
    assert.equal(attachment.stderr, undefined);
    const seen = watch(attachment.stdout);
    attachment.stdin?.write('typed\r');
    await until('the echo and the line', () => seen.text === 'typed\r\ntyped\r\n');
    attachment.stdin?.write(CTRL_P);
    attachment.stdin?.write(CTRL_Q);
    assert.equal(await attachment.done, 'detached');
    const other = c.attach({ ...ALL, detachKeys: 'a,b' });
    watch(other.stdout);
    other.stdin?.write(`${CTRL_P}${CTRL_Q}xab`);
    assert.equal(await other.done, 'detached');
    assert.throws(() => c.attach({ ...ALL, detachKeys: 'ctrl-' }), { name: 'InvalidArgumentError' });
    assert.equal(c.inspect().State.Running, true);
    await c.kill();
  });

  it('resizes the terminal, from its start on', async () => {
    const script = 'while :; do stty size; sleep 0.1; done';
    const c = await host.create({ ...sh(script), Tty: true, OpenStdin: true }, { ConsoleSize: [31, 91] });
    const seen = watch(c.attach({ stdout: true }).stdout);
    await c.start();
    await until('the first size', () => seen.text.includes('31 91'));
    await c.resize({ height: 40, width: 132 });
    await until('the other size', () => seen.text.includes('40 132'));
    await c.kill();
    await assert.rejects(c.resize({ height: 1, width: 1 }), /is not running/);
  });

  it('refuses a paused container, and one reader that stops reading harms nobody', async () => {
    const c = await host.running(SLEEP);
    await c.pause();
    assert.throws(() => c.attach({ stdout: true }), /is paused, unpause the container before attach/);
    await c.unpause();
    const chatty = await host.create(sh('seq 1 300000'));
    const stuck = chatty.attach({ stdout: true });
    const reads = said(chatty.attach({ stdout: true }));
    await chatty.start();
    assert.equal((await chatty.wait('not-running', WAIT)).exitCode, 0);
    assert.equal((await reads)[0]?.split('\n').length, 300_001);
    assert.equal((await said(stuck))[0]?.split('\n').length, 300_001);
  });
});
