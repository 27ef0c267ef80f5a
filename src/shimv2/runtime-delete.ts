import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InternalError } from '../errdefs/index.js';
import { unpackAny } from '../protocol/any.js';
import { Options } from '../protocol/gen/containerd/options/runc.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { ShimParams } from '../shim/shim.js';
import { runAction } from '../shim/spawn.js';

/** Of a shim that is told no other. */
const RUNC = { binaryName: 'runc', root: '/run/containerd/runc' } as const;

/** Whether the container is one of runc's, or of what has its command line, so that `deleteByRuntime` may end it. */
export function isOfRunc({ binary, options }: ShimParams): boolean {
  return /shim-runc-v\d/.test(basename(binary)) && (options === undefined || runcOptions(options) !== undefined);
}

/**
 * `runc delete --force`, which the shim's own `delete` would have run: kills the container and removes its cgroup and
 * state. A container that is not there is none to delete.
 * @throws InternalError with what the runtime said; NotFoundError; DeadlineExceededError; CanceledError
 */
export async function deleteByRuntime(params: ShimParams, call: RpcCallOptions): Promise<void> {
  const options = params.options === undefined ? undefined : runcOptions(params.options);
  const root = options?.root || RUNC.root;
  // The shim notes it in the bundle; what a shim has written wins over what it was told.
  const noted = await readFile(join(params.bundle.path, 'runtime'), 'utf8').catch(() => '');
  const binary = noted.trim() || options?.binaryName || RUNC.binaryName;
  const systemd = options?.systemdCgroup === true ? ['--systemd-cgroup'] : [];
  const args = ['--root', join(root, params.namespace), ...systemd, 'delete', '--force', params.id];
  const { exitCode, stderr } = await runAction(binary, args, call);
  if (exitCode !== 0) {
    throw new InternalError(
      `delete ${params.id} by ${binary}: exit status ${exitCode}: ${stderr.toString('utf8').trim()}`,
    );
  }
}

function runcOptions(options: NonNullable<ShimParams['options']>): Options | undefined {
  try {
    return unpackAny(options, 'containerd.runc.v1.Options', Options);
  } catch {
    return undefined;
  }
}
