import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { describe, it } from 'node:test';
import { isCanceled, isDataLoss } from '../errdefs/index.js';
import { hostCpuBefore, hostMemoryBytes, parseHostCpu, readHostCpu } from './host-cpu.js';

const ALL_CPUS = 'cpu  898 2 3273 6560407 67 0 62 0 0 0';

function lines(count: number, first = ALL_CPUS): string {
  const each = Array.from({ length: count }, (_, index) => `cpu${index} 2 0 210 49980 0 0 2 0 0 0`);
  return [first, ...each, `intr ${'0 '.repeat(5_000)}`, 'ctxt 1', 'btime 1', 'cpu_of_a_later_kernel 1'].join('\n');
}

describe('parseHostCpu', () => {
  it("reads the figures that moby's own test has for 128 CPUs", () => {
    assert.deepEqual(parseHostCpu(lines(128)), { usageNs: 65_647_090_000_000n, onlineCpus: 128 });
  });

  it('leaves out stolen time and that of guests', () => {
    assert.equal(parseHostCpu(lines(1, 'cpu  1 1 1 1 1 1 1 500 600 700')).usageNs, 70_000_000n);
  });

  it('keeps counters past 2^53', () => {
    const { usageNs } = parseHostCpu(lines(1, 'cpu  0 0 0 18446744073709551615 0 0 1 0 0 0'));
    assert.equal(usageNs, 2n ** 64n * 10_000_000n);
  });

  for (const text of [
    '',
    'intr 1 2\n',
    'cpu  1 2 3\n',
    'cpu0 1 2 3 4 5 6 7\n',
    'cpu  1 2 3 4 five 6 7 8\n',
    'cpu  1 2 3 -4 5 6 7',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseHostCpu(text), isDataLoss);
    });
  }
});

describe('readHostCpu', () => {
  it('gives the CPUs of this host, and time that never runs back', async () => {
    const before = await readHostCpu();
    const after = await readHostCpu();
    assert.equal(before.onlineCpus, cpus().length);
    if (process.platform === 'linux')
      assert.ok((before.usageNs ?? 0n) > 0n && (after.usageNs ?? 0n) >= (before.usageNs ?? 0n));
  });

  it('is given up when the signal fires', { skip: process.platform !== 'linux' }, async () => {
    await assert.rejects(readHostCpu({ signal: AbortSignal.abort() }), isCanceled);
  });
});

describe('hostMemoryBytes', () => {
  it('is there', () => {
    assert.ok(hostMemoryBytes() > 0n);
  });
});

describe('hostCpuBefore', () => {
  it('counts back the time of all CPUs, to 0 at most, and nothing where there is none', () => {
    const now = { usageNs: 10_000_000_000n, onlineCpus: 4 };
    assert.deepEqual(hostCpuBefore(now, 500), { usageNs: 8_000_000_000n, onlineCpus: 4 });
    assert.equal(hostCpuBefore(now, 5_000).usageNs, 0n);
    const none = { usageNs: undefined, onlineCpus: 4 };
    assert.deepEqual(hostCpuBefore(none, 500), none);
  });
});
