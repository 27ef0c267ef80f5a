import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCanceled, isDataLoss } from '../errdefs/index.js';
import { parseNetworkCounters, readNetworkCounters } from './network-counters.js';

const TITLES = [
  'Inter-|   Receive                                                |  Transmit',
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
];
const LO =
  '    lo:     500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0';
const MISSING_PID = 2 ** 22 + 1;

const text = (...lines: string[]) => `${[...TITLES, ...lines].join('\n')}\n`;

describe('parseNetworkCounters', () => {
  it('reads bytes, packets, errors and drops of both directions', () => {
    const line =
      '  eth0:      11      12   13   14   15    16         17        18       21      22   23   24   25    26      27         28';
    assert.deepEqual(parseNetworkCounters(text(LO, line)), {
      eth0: {
        rx_bytes: 11n,
        rx_packets: 12n,
        rx_errors: 13n,
        rx_dropped: 14n,
        tx_bytes: 21n,
        tx_packets: 22n,
        tx_errors: 23n,
        tx_dropped: 24n,
      },
    });
  });

  it('reads counters past 2^53, and a number that touches the colon', () => {
    const { eth0 } = parseNetworkCounters(text(`eth0:18446744073709551615${' 0'.repeat(15)}`));
    assert.equal(eth0?.rx_bytes, 2n ** 64n - 1n);
  });

  it('sorts, and leaves out what the kernel puts into every namespace', () => {
    const zeros = ' 0'.repeat(16);
    const names = ['tunl0', 'eth1', '__proto__', 'sit0', 'eth0', 'ip6tnl0', 'gre0'];
    const counters = parseNetworkCounters(text(LO, ...names.map((name) => `${name}:${zeros}`)));
    assert.deepEqual(Object.keys(counters), ['__proto__', 'eth0', 'eth1']);
  });

  it('reads a name with a space of Unicode, which the kernel takes', () => {
    assert.deepEqual(Object.keys(parseNetworkCounters(text(`a\u2003b:${' 0'.repeat(16)}`))), ['a\u2003b']);
  });

  it('refuses a long line of digits at once', () => {
    const startedAt = performance.now();
    assert.throws(() => parseNetworkCounters(text(`eth0: ${'1'.repeat(60)}x`)), isDataLoss);
    assert.ok(performance.now() - startedAt < 1_000);
  });

  it('gives nothing for a namespace with lo alone', () => {
    assert.deepEqual(parseNetworkCounters(text(LO)), {});
  });

  for (const line of ['eth0: 1 2 3', `eth0 ${' 0'.repeat(16)}`, `eth0: -1${' 0'.repeat(15)}`, 'no such thing']) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.throws(() => parseNetworkCounters(text(line)), isDataLoss);
    });
  }
});

describe('readNetworkCounters', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  it('reads the namespace of a process, without lo', async () => {
    const counters = await readNetworkCounters(process.pid);
    assert.ok(counters !== undefined);
    assert.ok(!Object.hasOwn(counters, 'lo'));
  });

  it('gives undefined for a process that is gone', async () => {
    assert.equal(await readNetworkCounters(MISSING_PID), undefined);
  });

  it('is given up when the signal fires', async () => {
    await assert.rejects(readNetworkCounters(process.pid, { signal: AbortSignal.abort() }), isCanceled);
  });
});
