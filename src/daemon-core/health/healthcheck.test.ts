import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { resolveHealthcheck, validateHealthcheck } from './healthcheck.js';

const SECOND = 1_000_000_000;

describe('resolveHealthcheck', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(resolveHealthcheck({ Healthcheck: { Test: ['CMD', 'curl', 'x'] } }), {
      args: ['curl', 'x'],
      intervalMs: 30_000,
      timeoutMs: 30_000,
      startPeriodMs: 0,
      startIntervalMs: 5_000,
      retries: 3,
    });
    const zeros = { Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };
    assert.equal(resolveHealthcheck({ Healthcheck: { Test: ['CMD', 'x'], ...zeros } })?.startIntervalMs, 5_000);
    assert.equal(resolveHealthcheck({ Healthcheck: { Test: ['CMD', 'x'], ...zeros } })?.retries, 3);
  });

  it('takes nanoseconds', () => {
    const check = resolveHealthcheck({
      Healthcheck: {
        Test: ['CMD', 'x'],
        Interval: SECOND,
        Timeout: 2 * SECOND,
        StartPeriod: 3 * SECOND,
        StartInterval: SECOND / 4,
        Retries: 5,
      },
    });
    assert.deepEqual(check, {
      args: ['x'],
      intervalMs: 1_000,
      timeoutMs: 2_000,
      startPeriodMs: 3_000,
      startIntervalMs: 250,
      retries: 5,
    });
  });

  it('gives a command to the shell of the container', () => {
    const Healthcheck = { Test: ['CMD-SHELL', 'curl x || exit 1'] };
    assert.deepEqual(resolveHealthcheck({ Healthcheck })?.args, ['/bin/sh', '-c', 'curl x || exit 1']);
    assert.deepEqual(resolveHealthcheck({ Healthcheck, Shell: [] })?.args[0], '/bin/sh');
    assert.deepEqual(resolveHealthcheck({ Healthcheck, Shell: ['bash', '-ec'] })?.args, [
      'bash',
      '-ec',
      'curl x || exit 1',
    ]);
  });

  for (const Test of [undefined, [], ['NONE'], ['NONE', 'x'], ['CMD'], ['CMD-SHELL'], ['cmd', 'x'], ['curl', 'x']]) {
    it(`is none for ${JSON.stringify(Test)}`, () => {
      assert.equal(resolveHealthcheck({ Healthcheck: Test === undefined ? {} : { Test } }), undefined);
    });
  }

  it('is none where nothing is configured', () => assert.equal(resolveHealthcheck({}), undefined));
});

describe('validateHealthcheck', () => {
  it('takes what makes sense', () => {
    validateHealthcheck({});
    validateHealthcheck({ Interval: 0, Timeout: 1_000_000, Retries: 0 });
  });

  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    it(`refuses a ${name} under a millisecond`, () => {
      for (const value of [1, 999_999, -1]) {
        assert.throws(
          () => validateHealthcheck({ [name]: value }),
          (err: unknown) =>
            err instanceof InvalidArgumentError && err.message === `${name} in Healthcheck cannot be less than 1ms`,
        );
      }
    });
  }

  it('refuses negative retries', () => {
    assert.throws(() => validateHealthcheck({ Retries: -1 }), /Retries in Healthcheck cannot be negative/);
  });
});
