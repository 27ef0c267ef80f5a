import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import process from 'node:process';
import { NotFoundError, toEngineError } from '../errdefs/index.js';
import { BootstrapParams, Extension, LogLevel } from '../protocol/gen/containerd/shim/bootstrap.js';
import { Any } from '../protocol/gen/google/protobuf/any.js';
import { encodeMessage } from '../protocol/wire/index.js';
import type { ShimParams } from '../shim/shim.js';
import { runAction } from '../shim/spawn.js';
import { TIMEOUTS } from './timeouts.js';

/** What a shim reads at `start`: the options as they are, or (since containerd 2.3) everything as one message. */
export type InputForm = 'options' | 'bootstrap-params';

/** The version whose half of the bootstrap protocol this is. */
const ACTS_LIKE_CONTAINERD = '2.3.0';

export type ShimAction = 'start' | 'delete';

/** Of `client.Command`, containerd pkg/shim/util.go. */
export function shimArguments(params: ShimParams, action: ShimAction): string[] {
  const args = ['-namespace', params.namespace, '-address', params.address];
  args.push('-publish-binary', params.publisher, '-id', params.id);
  if (action === 'delete') args.push('-bundle', params.bundle.path);
  if (params.debug) args.push('-debug');
  args.push(action);
  return args;
}

/**
 * Variables of this process that are not the shim's business. runc would tell systemd through the first that we are
 * ready (moby unsets it too); the others belong to Node, and to sockets that systemd passed to us.
 */
const NOT_HANDED_ON = /^(NOTIFY_SOCKET|WATCHDOG_(PID|USEC)|LISTEN_(FDS|PID|FDNAMES)|NODE_.*|npm_.*)$/;

/**
 * The environment of a shim's action: ours, since shims are configured by variables of their own, PATH is where they
 * find the OCI runtime, and containerd hands on its own as well; without what would mislead it.
 */
export function shimEnvironment(params: ShimParams, parent: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const handedOn = Object.entries(parent).filter(([name]) => !NOT_HANDED_ON.test(name));
  return {
    ...Object.fromEntries(handedOn),
    GOMAXPROCS: '2',
    // Says shim API v2 in distinction from the one of containerd 1.1, also to a shim with task API v3.
    MAX_SHIM_VERSION: '2',
    TTRPC_ADDRESS: params.eventSocket,
    GRPC_ADDRESS: params.address,
    NAMESPACE: params.namespace,
  };
}

/** What the shim reads at `start`; `undefined` for nothing, which shims with the old form take for no options. */
export function startInput(params: ShimParams, form: InputForm): Buffer | undefined {
  const { options } = params;
  if (form === 'options') return options === undefined ? undefined : encodeMessage(Any, options);
  return encodeMessage(
    BootstrapParams,
    BootstrapParams.create({
      instanceId: params.id,
      namespace: params.namespace,
      logLevel: params.debug ? LogLevel.LOG_LEVEL_DEBUG : LogLevel.LOG_LEVEL_INFO,
      containerdVersion: ACTS_LIKE_CONTAINERD,
      containerdTtrpcAddress: params.eventSocket,
      containerdGrpcAddress: params.address,
      containerdBinary: params.publisher,
      extensions: options === undefined ? [] : [Extension.create({ value: options })],
    }),
  );
}

interface Known {
  /** Changes when the file is replaced. */
  readonly stamp: string;
  readonly form: Promise<InputForm>;
}

/** What is known of the shim programs of this machine; each is asked once. */
export class ShimBinaries {
  readonly #known = new Map<string, Known>();

  /** @throws NotFoundError `ERR_RUNTIME_NOT_FOUND` when the binary is not there */
  async inputForm(binary: string): Promise<InputForm> {
    const stamp = await stampOf(binary);
    const known = this.#known.get(binary);
    if (known?.stamp === stamp) return known.form;
    const form = probe(binary);
    this.#known.set(binary, { stamp, form });
    return form;
  }

  /** What a start has shown, against what the version made believe. */
  async learn(binary: string, form: InputForm): Promise<void> {
    this.#known.set(binary, { stamp: await stampOf(binary), form: Promise.resolve(form) });
  }
}

async function stampOf(binary: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(binary, { bigint: true });
    return [dev, ino, size, mtimeNs].join(' ');
  } catch (err) {
    const error = toEngineError(err, `look at shim ${binary}`);
    if (error.errorClass !== 'not-found') throw error;
    throw new NotFoundError(error.message, { code: 'ERR_RUNTIME_NOT_FOUND', cause: err, fields: { path: binary } });
  }
}

/** Never rejects: a shim that does not tell its version is started in the old form, and may then ask for the new one. */
async function probe(binary: string): Promise<InputForm> {
  // containerd gives these the old form whatever their version.
  if (/shim-runc-v1|shim-runhcs-v1/.test(basename(binary))) return 'options';
  try {
    const { stdout } = await runAction(binary, ['-v'], { timeoutMs: TIMEOUTS.probeMs });
    return inputFormOfVersion(stdout.toString('utf8'));
  } catch {
    return 'options';
  }
}

/** By the text of `-v`, where a shim made with containerd's framework tells the version of that. */
export function inputFormOfVersion(text: string): InputForm {
  const [, major, minor] = /^\s*Version:\s+v?(\d+)\.(\d+)/m.exec(text) ?? [];
  const isNew = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 3);
  return isNew ? 'bootstrap-params' : 'options';
}
