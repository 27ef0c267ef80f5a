import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { CanceledError, DeadlineExceededError, NotFoundError, ResourceExhaustedError } from '../errdefs/index.js';
import { runProgram } from './run-program.js';

const CALL = { timeoutMs: 30_000 };
const node = (script: string, call: Parameters<typeof runProgram>[2] = CALL) =>
  runProgram(process.execPath, ['-e', script], call);

describe('runProgram', () => {
  it('gives code and output', async () => {
    const { code, stdout, stderr } = await node('console.log("out"); console.error("err"); process.exit(3)');
    assert.deepEqual([code, stdout.toString(), stderr.toString()], [3, 'out\n', 'err\n']);
    assert.equal((await node('')).code, 0);
  });

  it('has an empty stdin', async () => {
    const { stdout } = await node('process.stdin.on("end", () => console.log("end")).resume()');
    assert.equal(stdout.toString(), 'end\n');
  });

  it('tells of a program that a signal ended', async () => {
    assert.equal((await node('process.kill(process.pid, "SIGKILL")')).code, undefined);
  });

  it('refuses a program that is not there, or cannot be run so', async () => {
    await assert.rejects(runProgram('no-such-program-here', [], CALL), NotFoundError);
    await assert.rejects(runProgram(process.execPath, ['a\0b'], CALL), { name: /Error$/, message: /^run / });
  });

  it('kills what takes too long, prints too much, or is not wanted any more', async () => {
    const forever = 'setInterval(() => {}, 1000)';
    await assert.rejects(node(forever, { timeoutMs: 50 }), DeadlineExceededError);
    const chatty = 'const say = () => process.stdout.write("x".repeat(1000), say); say()';
    await assert.rejects(node(chatty, { ...CALL, maxOutputBytes: 10_000 }), ResourceExhaustedError);
    const abort = new AbortController();
    const running = node(forever, { ...CALL, signal: abort.signal });
    abort.abort();
    await assert.rejects(running, CanceledError);
    await assert.rejects(node('', { ...CALL, signal: abort.signal }), CanceledError);
  });
});
