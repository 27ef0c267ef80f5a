import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing } from './requirements.js';

// From dist-test/test/integration/host.
const FETCH = fileURLToPath(new URL('../../../../scripts/fetch-debian.sh', import.meta.url));

export interface OtherContainerd {
  readonly binary: string;
  /** With its shims first on PATH; runc is the system's. */
  readonly env: NodeJS.ProcessEnv;
}

/** A containerd of another Debian suite, unpacked into the cache; or why there is none. */
export function otherContainerd(suite: 'trixie' | 'sid', name: string): OtherContainerd | string {
  const unmet = missing('containerd', 'runc', 'busybox');
  if (unmet !== false) return unmet;
  const { stdout } = spawnSync('bash', [FETCH, suite, name, 'containerd'], { encoding: 'utf8' });
  const root = stdout.trim();
  if (root === '') return `needs the containerd of Debian ${suite}: scripts/fetch-debian.sh could not get it`;
  const bin = join(root, 'usr/bin');
  return { binary: join(bin, 'containerd'), env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } };
}
