import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { missing, SCALE, scaled } from '../host/requirements.js';
import { EngineHost, logOf, sh } from './engine-host.js';

const MIB = 1024 * 1024;
/** 1 GB in the full run. */
const LINES = scaled(12_500_000 * SCALE, 400_000);
const LINE = `${'0123456789'.repeat(7)}012345678`;
const WAIT = { timeoutMs: 300_000 };

describe('logs', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  it(`have all ${LINES} lines of a container, in flat memory, and give the last ones at once`, async () => {
    const c = await host.create(sh(`yes ${LINE} | head -n ${LINES}; echo the end`));
    const ended = c.wait('next-exit', WAIT);
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 50);
    await c.start();
    assert.equal((await ended).exitCode, 0);
    clearInterval(watch);
    assert.ok(most - before < 96 * MIB, `memory grew by ${(most - before) / MIB} MiB`);
    const asked = performance.now();
    const tail: string[] = [];
    for await (const { line } of c.logs({ tail: 10 })) tail.push(line.toString());
    const tookMs = performance.now() - asked;
    assert.deepEqual(tail, [...Array.from({ length: 9 }, () => `${LINE}\n`), 'the end\n']);
    assert.ok(tookMs < 50, `tail took ${tookMs} ms`);
    const expected = createHash('sha256');
    const seen = createHash('sha256');
    for (let i = 0; i < LINES; i++) expected.update(`${LINE}\n`);
    expected.update('the end\n');
    for await (const { line } of c.logs()) seen.update(line);
    assert.equal(seen.digest('hex'), expected.digest('hex'));
    await c.remove();
  });

  it('are on disk as Docker writes them', async () => {
    const c = await host.create(sh('printf "one\\ntwo <&> \\"q\\"\\n"; echo err >&2; printf open'));
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    await ended;
    const path = c.inspect().LogPath;
    assert.ok(path.endsWith(`${c.id}-json.log`), path);
    const entries = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const parsed = entries.map((line): { log: string; stream: string; time: string } => JSON.parse(line));
    const out = parsed.filter(({ stream }) => stream === 'stdout').map(({ log }) => log);
    assert.deepEqual(out, ['one\n', 'two <&> "q"\n', 'open']);
    for (const { time } of parsed) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/);
    await c.remove();
  });

  it('are written by the shim itself in the direct mode', async () => {
    const c = await host.create(sh('echo out; echo err >&2'), { LogConfig: { Type: 'direct' } });
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    await ended;
    assert.equal(await logOf(c, 'stdout'), 'out\n');
    assert.equal(await logOf(c, 'stderr'), 'err\n');
    await c.remove();
  });

  it('are not kept where nobody wants them', async () => {
    const c = await host.create(sh('echo out'), { LogConfig: { Type: 'none' } });
    const attached = c.attach({ stdout: true });
    const chunks: Buffer[] = [];
    attached.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    await c.start();
    assert.equal(await attached.done, 'ended');
    assert.equal(Buffer.concat(chunks).toString(), 'out\n');
    await assert.rejects(logOf(c), /configured logging driver does not support reading/);
    await c.wait('not-running', WAIT);
    await c.remove();
  });

  it('go on to be written over a restart of the engine', async () => {
    const c = await host.running(sh('i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; sleep 0.02; done'));
    await host.reopen();
    const again = host.engine.container(c.id);
    await again.wait('not-running', WAIT);
    assert.equal(await logOf(again), Array.from({ length: 60 }, (_, i) => `${i + 1}\n`).join(''));
    await again.remove();
  });
});
