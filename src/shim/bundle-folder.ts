import { chmod, chown, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailedPreconditionError, InvalidArgumentError } from '../errdefs/index.js';
import { hostRootOf } from '../oci/id-mapping.js';
import { parseSpec } from '../oci/parse-spec.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import { stringifyForGo } from '../protocol/go-json.js';
import type { RpcCallOptions } from '../protocol/method.js';
import { unmountBelow } from './mounts.js';

const BUNDLE_MODE = 0o700;
/** Lets the remapped root pass to its rootfs. */
const REMAPPED_BUNDLE_MODE = 0o710;
const INNER_MODE = 0o711;
/** Not for others, unlike upstream's: an environment in it may hold secrets. */
const FILE_MODE = 0o600;

/** `config.json` as it is written, and the host's group of the container's root. */
export interface BundleConfig {
  readonly text: string | Buffer;
  readonly gid: number;
}

/** @throws InvalidArgumentError `ERR_SPEC_INVALID` */
export function configOf(spec: OciSpec | Buffer): BundleConfig {
  if (!Buffer.isBuffer(spec)) return { text: stringifyForGo(spec), gid: hostRootOf(spec).gid };
  let document: unknown;
  try {
    document = JSON.parse(spec.toString('utf8'));
  } catch (cause) {
    throw new InvalidArgumentError('read the spec: it is no JSON', { code: 'ERR_SPEC_INVALID', cause });
  }
  const parsed = parseSpec(document);
  if ('problem' in parsed) {
    throw new InvalidArgumentError(`read the spec: ${parsed.problem}`, { code: 'ERR_SPEC_INVALID' });
  }
  return { text: spec, gid: hostRootOf(parsed.spec).gid };
}

/** Makes the folder and what a shim expects in it, with `files` beside. @throws the system's error */
export async function buildFolder(
  path: string,
  { text, gid }: BundleConfig,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(path, { mode: BUNDLE_MODE });
  if (gid !== 0) {
    await chown(path, -1, gid);
    await chmod(path, REMAPPED_BUNDLE_MODE);
  }
  const contents = Object.entries({ 'config.json': text, ...files });
  await Promise.all([
    ...['rootfs', 'work'].map((name) => makeInner(join(path, name))),
    ...contents.map(([name, content]) => writeFile(join(path, name), content, { mode: FILE_MODE })),
  ]);
}

async function makeInner(path: string): Promise<void> {
  await mkdir(path);
  // Apart from mkdir, which the umask would narrow.
  await chmod(path, INNER_MODE);
}

/**
 * Unmounts and removes the rootfs. None there is as good.
 * @throws FailedPreconditionError `ERR_ROOTFS_BUSY`; as `unmountBelow`; the system's error
 */
export async function emptyRootfs(bundle: string, call: RpcCallOptions): Promise<void> {
  await unmountBelow(bundle, call);
  try {
    // Not recursive: had a mount been overlooked, this would delete the container's data.
    await rmdir(join(bundle, 'rootfs'));
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT') return;
    if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST' && errno !== 'EBUSY') throw cause;
    throw new FailedPreconditionError(`remove bundle ${bundle}: its rootfs is not empty`, {
      code: 'ERR_ROOTFS_BUSY',
      cause,
      fields: { path: join(bundle, 'rootfs') },
    });
  }
}

/** Removes a folder that no reader sees any more. @throws as `emptyRootfs` */
export async function removeRemnant(path: string, call: RpcCallOptions): Promise<void> {
  await emptyRootfs(path, call);
  await rm(path, { recursive: true, force: true });
}

/** Removes the folder if nothing is in it. @throws the system's error */
export async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (err) {
    const errno = errnoOf(err);
    if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST' && errno !== 'ENOENT') throw err;
  }
}

export function errnoOf(err: unknown): string | undefined {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : undefined;
}
