import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why a test that needs these cannot run here; `false` when it can. For the `skip` option of node:test, which prints it. */
export function missing(...binaries: readonly string[]): string | false {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root: run as root, or with sudo';
  const absent = binaries.filter((binary) => !isOnPath(binary));
  return absent.length === 0 ? false : `needs ${absent.join(', ')}: run scripts/setup.sh`;
}

function isOnPath(binary: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => folder !== '' && existsSync(join(folder, binary)));
}

/** Multiplies the counts of repetitive tests: 1 in `npm run test:full`, less in `npm test`. */
export const SCALE = Number(process.env.SCALE ?? '1');

export function scaled(count: number, least = 1): number {
  return Math.max(least, Math.round(count * SCALE));
}

/** Why crun takes no container here, as `missing`: a hybrid setup it accepts only when cgroup2 holds no controller. */
export function crunRefuses(): string | false {
  const file = '/sys/fs/cgroup/unified/cgroup.controllers';
  const held = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return (
    held !== '' &&
    `crun refuses a host whose cgroup2 holds ${held} beside cgroup v1: LIBCONTAINERD_HOST_CGROUPS=1 scripts/setup.sh`
  );
}
