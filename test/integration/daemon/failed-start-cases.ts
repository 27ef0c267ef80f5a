import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type EngineHost, SLEEP } from './engine-host.js';

const CASES: readonly [what: Parameters<EngineHost['create']>, code: number][] = [
  [[{ Cmd: ['/bin/none'] }], 127],
  [[{ Cmd: ['none'] }], 127],
  [[{ Cmd: ['/etc'] }], 126],
  [[{ Cmd: ['/bin/busybox/x'] }], 127],
  [[{ ...SLEEP, WorkingDir: '/bin/busybox' }], 127],
];

/** What every backend makes of a start that cannot be. */
export function failedStartCases(parts: {
  readonly host: () => EngineHost;
  /** What is left when the containers are removed. */
  readonly leftovers: () => Promise<readonly string[]>;
}): void {
  it('gives failed starts the exit codes of Docker', async () => {
    const host = parts.host();
    for (const [what, code] of CASES) {
      const c = await host.create(...what);
      const told = JSON.stringify(what);
      await assert.rejects(c.start(), told);
      const { State } = c.inspect();
      assert.equal(State.Status, 'created', told);
      assert.equal(State.ExitCode, code, `${told}: ${State.Error}`);
      assert.notEqual(State.Error, '', told);
      await c.remove();
    }
    assert.deepEqual(await parts.leftovers(), []);
  });
}
