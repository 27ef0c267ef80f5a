import type { ProcessSummary } from '../../libcontainerd/types.js';
import type { ProcessTable } from './ps-output.js';

const NS_PER_MS = 1_000_000n;
const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** The columns that dockerd shows on Windows (moby daemon/top_windows.go). What the backend does not tell is empty. */
export function windowsTable(summaries: readonly ProcessSummary[]): ProcessTable {
  return {
    Titles: ['Name', 'PID', 'CPU', 'Private Working Set'],
    Processes: summaries.map((summary) => [
      summary.imageName ?? '',
      String(summary.pid),
      cpuTime(summary),
      summary.privateWorkingSetBytes === undefined ? '' : humanSize(Number(summary.privateWorkingSetBytes)),
    ]),
  };
}

function cpuTime({ kernelTimeNs, userTimeNs }: ProcessSummary): string {
  if (kernelTimeNs === undefined && userTimeNs === undefined) return '';
  const ms = Number(((kernelTimeNs ?? 0n) + (userTimeNs ?? 0n)) / NS_PER_MS);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const hours = two(ms / 3_600_000);
  return `${hours}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
}

/** Four digits and a unit of powers of 1000, as Docker writes sizes. */
function humanSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1_000 && unit < SIZE_UNITS.length - 1) {
    size /= 1_000;
    unit++;
  }
  return `${Number(size.toPrecision(4))}${SIZE_UNITS[unit]}`;
}
