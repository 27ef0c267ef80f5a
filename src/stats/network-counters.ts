import { readFile } from 'node:fs/promises';
import { DataLossError, toEngineError } from '../errdefs/index.js';
import type { NetworkStats } from './container-stats.js';

/** By the name of the interface, sorted as Go writes a map. */
export type NetworkCounters = Readonly<Record<string, NetworkStats>>;

/** Columns of /proc/net/dev after the name. */
const COLUMNS = 16;
const RX = { bytes: 0, packets: 1, errors: 2, dropped: 3 };
const TX = { bytes: 8, packets: 9, errors: 10, dropped: 11 };

/** What the kernel itself puts into every network namespace, when the module of the tunnel is loaded. */
const OF_THE_KERNEL: ReadonlySet<string> = new Set([
  'lo',
  'erspan0',
  'gre0',
  'gretap0',
  'ip6_vti0',
  'ip6gre0',
  'ip6tnl0',
  'ip_vti0',
  'sit0',
  'tunl0',
]);

/**
 * The counters of the interfaces in the network namespace of a process. Without `lo` and what else the kernel makes by
 * itself: dockerd shows the interfaces that it made, and so nothing for a container without a network, or with the host's (moby
 * daemon/libnetwork/sandbox_linux.go `Statistics`). The caller decides whether the namespace is the container's own.
 *
 * @param signal ends the wait
 * @returns `undefined` when there is no such process (any more)
 * @throws DataLossError when the kernel's text cannot be understood; CanceledError when `signal` fires; otherwise by the system's error
 */
export async function readNetworkCounters(
  pid: number,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<NetworkCounters | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/net/dev`, { encoding: 'utf8', signal });
  } catch (err) {
    const error = toEngineError(err, `read the network counters of process ${pid}`);
    // EINVAL of a zombie, which has left its namespaces; ESRCH when it ended between open and read.
    const errno = error.fields?.errno;
    if (errno === 'ENOENT' || errno === 'EINVAL' || errno === 'ESRCH') return undefined;
    throw error;
  }
  return parseNetworkCounters(text);
}

/**
 * Reads the text of /proc/net/dev: two lines of titles, then `name: 16 numbers`.
 * @throws DataLossError
 */
export function parseNetworkCounters(text: string): NetworkCounters {
  const found: [name: string, counters: NetworkStats][] = [];
  for (const line of text.split('\n').slice(2)) {
    if (line.trim() === '') continue;
    // A name may have what Unicode calls a space.
    const [, name = '', rest = ''] = /^ *([^:]+):([ \d]+)$/.exec(line) ?? [];
    const values = rest.match(/\d+/g) ?? [];
    if (values.length < COLUMNS) {
      throw new DataLossError(`read network counters: unexpected line ${JSON.stringify(line)}`);
    }
    if (!OF_THE_KERNEL.has(name)) found.push([name, countersOf(values.map(BigInt))]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function countersOf(values: readonly bigint[]): NetworkStats {
  const value = (column: number) => values[column] ?? 0n;
  return {
    rx_bytes: value(RX.bytes),
    rx_packets: value(RX.packets),
    rx_errors: value(RX.errors),
    rx_dropped: value(RX.dropped),
    tx_bytes: value(TX.bytes),
    tx_packets: value(TX.packets),
    tx_errors: value(TX.errors),
    tx_dropped: value(TX.dropped),
  };
}
