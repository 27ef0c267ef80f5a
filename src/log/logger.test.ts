import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { NotFoundError } from '../errdefs/index.js';
import { createLogger, isLogLevel, type LoggerOptions } from './logger.js';

function lines(
  options: LoggerOptions,
  write: (logger: ReturnType<typeof createLogger>) => void,
): Record<string, unknown>[] {
  const written: string[] = [];
  write(createLogger({ ...options, destination: { write: (line) => written.push(line) } }));
  return written.map((line) => JSON.parse(line));
}

describe('createLogger', () => {
  it('writes JSON lines with the fields, its own and its parents', () => {
    const [line] = lines({ level: 'info', fields: { module: 'm' } }, (logger) => {
      logger.child({ containerId: 'c1' }).info({ pid: 7, execId: 'e1' }, 'started');
      logger.debug({}, 'not seen');
    });
    assert.ok(line !== undefined);
    const { time, ...rest } = line;
    assert.deepEqual(rest, { level: 'info', module: 'm', containerId: 'c1', pid: 7, execId: 'e1', msg: 'started' });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('writes errors out, with code and cause', () => {
    const [line] = lines({ level: 'error' }, (logger) => {
      const cause = new Error('ENOENT');
      logger.error({ err: new NotFoundError('find it', { cause, fields: { path: '/x' } }) }, 'failed');
    });
    const text = JSON.stringify(line?.err);
    for (const part of ['"ERR_NOT_FOUND"', '"find it"', '"ENOENT"', '"/x"'])
      assert.ok(text.includes(part), `${part} in ${text}`);
  });

  it('is silent unless the environment asks', () => {
    const module = new URL('./logger.js', import.meta.url).href;
    const program = `const { createLogger } = await import('${module}'); createLogger().error({}, 'E'); createLogger().info({}, 'I');`;
    const run = (level: string | undefined) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        env: { ...process.env, LIBCONTAINERD_LOG: level },
      });
    for (const level of [undefined, '', 'nonsense', 'silent']) {
      const { stdout, stderr, status } = run(level);
      assert.deepEqual([stdout, stderr, status], ['', '', 0], String(level));
    }
    const { stdout, stderr } = run('WARN');
    assert.equal(stdout, '');
    assert.match(stderr, /"msg":"E"/);
    assert.doesNotMatch(stderr, /"msg":"I"/);
  });

  it('knows its levels', () => {
    assert.deepEqual(['debug', 'silent', 'DEBUG', 7, undefined].map(isLogLevel), [true, true, false, false, false]);
  });
});
