import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlkIOEntry, BlkIOStat } from '../protocol/gen/containerd/stats/cgroup1.js';
import { parseNumber, present } from './cgroup1-files.js';

/** Files of the CFQ scheduler by field. Kernels from 5.0 on have none of them; then the throttling layer counts. */
const CFQ_FILES = {
  ioServiceBytesRecursive: 'blkio.io_service_bytes_recursive',
  ioServicedRecursive: 'blkio.io_serviced_recursive',
  ioQueuedRecursive: 'blkio.io_queued_recursive',
  ioServiceTimeRecursive: 'blkio.io_service_time_recursive',
  ioWaitTimeRecursive: 'blkio.io_wait_time_recursive',
  ioMergedRecursive: 'blkio.io_merged_recursive',
  ioTimeRecursive: 'blkio.time_recursive',
  sectorsRecursive: 'blkio.sectors_recursive',
} as const satisfies Record<keyof BlkIOStat, string>;

const THROTTLE_FILES = {
  ioServiceBytesRecursive: 'blkio.throttle.io_service_bytes',
  ioServicedRecursive: 'blkio.throttle.io_serviced',
} as const;

const NONE: BlkIOStat = {
  ioServiceBytesRecursive: [],
  ioServicedRecursive: [],
  ioQueuedRecursive: [],
  ioServiceTimeRecursive: [],
  ioWaitTimeRecursive: [],
  ioMergedRecursive: [],
  ioTimeRecursive: [],
  sectorsRecursive: [],
};

/** @returns `undefined` when the cgroup has no folder in this hierarchy */
export async function readBlkio(folder: string): Promise<BlkIOStat | undefined> {
  const hasCfq = (await present(readFile(join(folder, CFQ_FILES.ioServicedRecursive)), folder)) !== undefined;
  const files = Object.entries(hasCfq ? CFQ_FILES : THROTTLE_FILES);
  const texts = await Promise.all(
    files.map(async ([field, file]) => [field, await present(readFile(join(folder, file), 'utf8'), file)] as const),
  );
  const found = texts.filter(([, text]) => text !== undefined);
  if (found.length === 0) return undefined;
  const hasEntries = found.some(([, text]) => text !== undefined && /^\d/m.test(text));
  const devices = hasEntries ? await deviceNames() : new Map<string, string>();
  return { ...NONE, ...Object.fromEntries(found.map(([field, text = '']) => [field, parseEntries(text, devices)])) };
}

/** Lines `8:0 Read 4096`, or `8:0 4096`; the sum at the end, `Total 4096`, is left out. */
export function parseEntries(text: string, devices: ReadonlyMap<string, string>): BlkIOEntry[] {
  return text.split('\n').flatMap((line): BlkIOEntry[] => {
    const [, device, op = '', value] = /^(\d+:\d+) (?:(\S+) )?(\d+)$/.exec(line) ?? [];
    if (device === undefined || value === undefined) return [];
    const [major = '', minor = ''] = device.split(':');
    return [
      {
        op,
        device: devices.get(device) ?? '',
        major: parseNumber(major, 'blkio'),
        minor: parseNumber(minor, 'blkio'),
        value: parseNumber(value, 'blkio'),
      },
    ];
  });
}

/** `/dev/sda` by `8:0`. */
async function deviceNames(): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const text = (await present(readFile('/proc/diskstats', 'utf8'), '/proc/diskstats')) ?? '';
  for (const line of text.split('\n')) {
    const [major, minor, name] = line.trim().split(/\s+/);
    if (major === undefined || minor === undefined || name === undefined) continue;
    const key = `${major}:${minor}`;
    if (!names.has(key)) names.set(key, `/dev/${name}`);
  }
  return names;
}
