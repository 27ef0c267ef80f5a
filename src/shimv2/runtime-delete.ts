import { access, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InternalError, toEngineError } from '../errdefs/index.js';
import { unpackAny } from '../protocol/any.js';
import { Options } from '../protocol/gen/containerd/options/runc.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { Bundle } from '../shim/bundle.js';
import type { ShimParams } from '../shim/shim.js';
import { runAction } from '../shim/spawn.js';

/** Of a shim that is told no other. */
const RUNC = { binaryName: 'runc', root: '/run/containerd/runc' } as const;

interface RuntimePlace {
  readonly root?: string | undefined;
  readonly binaryName?: string | undefined;
  readonly systemdCgroup?: boolean | undefined;
}

/** Whether the container is one of runc's, or of what has its command line, so that `deleteByRuntime` may end it. */
export function isOfRunc({ binary, options }: ShimParams): boolean {
  return /shim-runc-v\d/.test(basename(binary)) && (options === undefined || runcOptions(options) !== undefined);
}

/**
 * Whether a container may have been created: a shim of runc's notes its options (old ones the runtime's name alone)
 * first. Without, nothing tells where the runtime would have kept it, and at the default place another engine may have
 * one of the same name.
 */
export async function mayHaveCreated(params: ShimParams): Promise<boolean> {
  if (!isOfRunc(params) || (await notedOptions(params.bundle)) !== undefined) return true;
  return access(join(params.bundle.path, 'runtime')).then(
    () => true,
    () => false,
  );
}

/**
 * `runc delete --force`, which the shim's own `delete` would have run: kills the container and removes its cgroup and
 * state. A container that is not there is none to delete.
 * @throws InternalError with what the runtime said; NotFoundError; DeadlineExceededError; CanceledError
 */
export async function deleteByRuntime(params: ShimParams, call: RpcCallOptions): Promise<void> {
  const told = params.options === undefined ? undefined : runcOptions(params.options);
  // What a shim has written wins over what it was told; after a restart of ours only that is known.
  const options = (await notedOptions(params.bundle)) ?? told;
  const root = options?.root || RUNC.root;
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

/** What the shim notes at Create, as Go writes it; `undefined` when it did not get that far. */
async function notedOptions(bundle: Bundle): Promise<RuntimePlace | undefined> {
  let text: string;
  try {
    text = await readFile(join(bundle.path, 'options.json'), 'utf8');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined;
    throw toEngineError(err, 'read the options of a dead shim');
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return {};
  return {
    root: 'root' in value && typeof value.root === 'string' ? value.root : undefined,
    binaryName: 'binary_name' in value && typeof value.binary_name === 'string' ? value.binary_name : undefined,
    systemdCgroup: 'systemd_cgroup' in value && value.systemd_cgroup === true,
  };
}
