import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { FailedPreconditionError, NotFoundError } from '../../../errdefs/index.js';

export interface ContainerdVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As the binary writes it, without a leading `v`: `1.6.20~ds1`, `2.0.0-rc.1`. */
  readonly text: string;
}

const run = promisify(execFile);
const VERSION_TIMEOUT_MS = 10_000;
const OLDEST = { major: 1, minor: 6 } as const;
const INSTALL_HINT = 'install it (`apt-get install containerd` on Debian and Ubuntu) or give the path of its binary';

/** `1.6.20~ds1`, `v2.0.0-rc.1+unknown`. A commit hash or a package name is no match. */
const VERSION_WORD = /^v?((\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:[-+~.][0-9A-Za-z.+~_-]*)?)$/;

/**
 * Takes the version out of what `containerd --version` prints: `containerd <package> <version> <revision>`.
 * `undefined` when there is none.
 */
export function parseVersion(output: string): ContainerdVersion | undefined {
  for (const line of output.split('\n')) {
    const [program, ...words] = line.trim().split(/\s+/);
    if (program !== 'containerd') continue;
    for (const word of words) {
      const match = VERSION_WORD.exec(word);
      if (match === null) continue;
      const [, text = '', major, minor, patch] = match;
      return { major: Number(major), minor: Number(minor), patch: Number(patch ?? 0), text };
    }
  }
  return undefined;
}

export function isSupported(version: ContainerdVersion): boolean {
  return version.major > OLDEST.major || (version.major === OLDEST.major && version.minor >= OLDEST.minor);
}

/**
 * Asks the binary for its version.
 *
 * @param binary a name to look for on PATH, or a path
 * @throws NotFoundError `ERR_CONTAINERD_MISSING`; FailedPreconditionError `ERR_CONTAINERD_VERSION` for one before 1.6
 * or one that tells no version
 */
export async function findVersion(binary: string, env: NodeJS.ProcessEnv = process.env): Promise<ContainerdVersion> {
  const output = await askVersion(binary, env);
  const version = parseVersion(output);
  if (version === undefined) {
    throw new FailedPreconditionError(
      `read the version of ${binary}: it is no containerd, it says "${excerpt(output)}"`,
      {
        code: 'ERR_CONTAINERD_VERSION',
        fields: { path: binary },
      },
    );
  }
  if (!isSupported(version)) {
    const oldest = `${OLDEST.major}.${OLDEST.minor}`;
    throw new FailedPreconditionError(`use containerd ${version.text} of ${binary}: ${oldest} or later is needed`, {
      code: 'ERR_CONTAINERD_VERSION',
      fields: { path: binary, version: version.text },
    });
  }
  return version;
}

async function askVersion(binary: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await run(binary, ['--version'], { env, timeout: VERSION_TIMEOUT_MS, killSignal: 'SIGKILL' });
    return stdout;
  } catch (err) {
    const code = err instanceof Error && 'code' in err ? err.code : undefined;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') {
      const where = binary.includes('/') ? '' : ` on PATH (${env.PATH ?? 'which is unset'})`;
      const what = code === 'EACCES' ? 'cannot be executed' : 'was not found';
      throw new NotFoundError(`find containerd: \`${binary}\` ${what}${where}; ${INSTALL_HINT}`, {
        code: 'ERR_CONTAINERD_MISSING',
        cause: err,
        fields: { path: binary },
      });
    }
    throw new FailedPreconditionError(`read the version of ${binary}: \`--version\` failed`, {
      code: 'ERR_CONTAINERD_VERSION',
      cause: err,
      fields: { path: binary },
    });
  }
}

function excerpt(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 80)}...` : line;
}
