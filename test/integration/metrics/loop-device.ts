import { execFileSync } from 'node:child_process';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A block device of the test's own, so that IO is counted whatever the host's disk is: an idle throttle counts nothing. */
export interface LoopDevice {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  /** A device node of it. */
  makeNode(path: string): void;
  detach(): void;
}

const SIZE_BYTES = 8 * 1024 * 1024;

/** Over a file in the folder. Needs root and `losetup`. */
export function attachLoopDevice(folder: string): LoopDevice {
  const file = join(folder, 'disk');
  writeFileSync(file, '');
  truncateSync(file, SIZE_BYTES);
  const path = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
  const { rdev } = statSync(path);
  // As the C library packs it.
  const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)];
  const makeNode = (at: string) => void execFileSync('mknod', [at, 'b', `${major}`, `${minor}`]);
  const detach = () => void execFileSync('losetup', ['--detach', path]);
  return { path, major, minor, makeNode, detach };
}
