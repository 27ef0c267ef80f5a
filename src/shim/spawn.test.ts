import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isAlive } from '../platform/process.js';
import { identify } from '../platform/process-identity.js';
import { runAction } from './spawn.js';

const sh = (script: string, options = {}) => runAction('/bin/sh', ['-c', script], options);

describe('runAction', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'lcd-spawn-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  it('gives the output, the status and the signal', async () => {
    const result = await sh('echo out; echo err >&2; exit 3');
    assert.deepEqual(
      [String(result.stdout), String(result.stderr), result.exitCode, result.signal, result.truncated],
      ['out\n', 'err\n', 3, undefined, false],
    );
    const killed = await sh('kill -TERM $$');
    assert.deepEqual([killed.exitCode, killed.signal], [undefined, 'SIGTERM']);
  });

  it('passes stdin, folder and environment', async () => {
    const stdin = Buffer.from([0, 1, 255, 10]);
    const echoed = await sh('cat', { stdin });
    assert.deepEqual(echoed.stdout, stdin);
    const { stdout } = await sh('pwd; echo $A; cat', { cwd: dir, env: { A: 'b', PATH: '/bin' } });
    assert.equal(String(stdout), `${dir}\nb\n`);
  });

  it('bears a program that does not read its input', async () => {
    const { exitCode } = await sh('exit 0', { stdin: Buffer.alloc(1024 * 1024) });
    assert.equal(exitCode, 0);
  });

  it('keeps the first MiB of each stream and lets the program end', async () => {
    const result = await sh('head -c 3000000 /dev/zero; echo done >&2');
    assert.deepEqual(
      [result.stdout.length, String(result.stderr), result.truncated, result.exitCode],
      [1024 * 1024, 'done\n', true, 0],
    );
  });

  it('does not wait for a daemon that holds its output', async () => {
    const { stdout } = await sh('sleep 30 & echo $!');
    const pid = Number(stdout);
    assert.ok(isAlive(pid));
    process.kill(pid);
  });

  it('runs it in a group of its own', async () => {
    const { stdout } = await sh('cut -d" " -f5,6 /proc/$$/stat; echo $$');
    const [group, session, pid] = String(stdout).trim().split(/\s/);
    assert.deepEqual([group, session], [pid, pid]);
  });

  for (const [name, options, errorClass] of [
    ['timeout', () => ({ timeoutMs: 1_000 }), 'deadline-exceeded'],
    ['signal', () => ({ signal: AbortSignal.timeout(1_000) }), 'deadline-exceeded'],
  ] as const) {
    it(`kills the group at its ${name}`, async () => {
      const file = join(dir, name);
      await assert.rejects(sh(`trap "" TERM; sleep 30 & echo $! > ${file}; wait`, options()), { errorClass });
      const pid = Number(readFileSync(file, 'utf8'));
      assert.ok(pid > 0);
      // The signal is sent to all of the group at once; which of them is gone first is the kernel's affair.
      const endBy = performance.now() + 5_000;
      while (identify(pid) !== undefined && performance.now() < endBy) await turn();
      assert.equal(identify(pid), undefined);
    });
  }

  it('starts nothing for a signal that has fired', async () => {
    await assert.rejects(sh(`echo > ${dir}/never`, { signal: AbortSignal.abort() }), { errorClass: 'canceled' });
    assert.throws(() => readFileSync(join(dir, 'never')));
  });

  it('says what is missing or may not be run', async () => {
    await assert.rejects(runAction(join(dir, 'none'), []), {
      errorClass: 'not-found',
      code: 'ERR_RUNTIME_NOT_FOUND',
      fields: { path: join(dir, 'none') },
    });
    await assert.rejects(sh('true', { cwd: join(dir, 'none') }), {
      code: 'ERR_NOT_FOUND',
      fields: { path: join(dir, 'none') },
    });
    writeFileSync(join(dir, 'text'), 'x', { mode: 0o600 });
    await assert.rejects(runAction(join(dir, 'text'), []), { errorClass: 'permission-denied' });
    await assert.rejects(runAction('a\0b', []), { name: 'UnknownError' });
  });
});
