import { packAny, typeNameOf } from '../../protocol/any.js';
import { CreateOptions, RuncOptions as V1RuncOptions } from '../../protocol/gen/containerd/options/linux_runc.js';
import { Options as RuncV2Options } from '../../protocol/gen/containerd/options/runc.js';
import { Options as GenericOptions } from '../../protocol/gen/containerd/options/runtimeoptions.js';
import type { Any } from '../../protocol/gen/google/protobuf/any.js';
import { decodeMessage } from '../../protocol/wire/index.js';
import type { RuncOptions, RuntimeOptions } from '../types.js';

/** The runtime of containerd 1.x that drives shim API v1 inside the daemon. */
export const RUNTIME_V1_LINUX = 'io.containerd.runtime.v1.linux';

const RUNC_OPTIONS = 'containerd.runc.v1.Options';
/** By name, or by the path of the shim. */
const RUNC_RUNTIMES = /^io\.containerd\.(?:runc|crun)\.v\d+$|\/containerd-shim-(?:runc|crun)-v\d+$/;

/** What a container carries for its runtime; `undefined` when nothing was asked for. */
export function containerOptions(runtime: string, options: RuntimeOptions | undefined): Any | undefined {
  if (options === undefined) return undefined;
  if (options.kind === 'generic') {
    return packAny('runtimeoptions.v1.Options', GenericOptions, {
      typeUrl: options.typeUrl,
      configPath: options.configPath ?? '',
      configBody: Buffer.from(options.configBody ?? []),
    });
  }
  if (runtime === RUNTIME_V1_LINUX) {
    return packAny('containerd.linux.runc.RuncOptions', V1RuncOptions, {
      runtime: options.binaryName ?? '',
      runtimeRoot: options.root ?? '',
      criuPath: '',
      systemdCgroup: options.systemdCgroup ?? false,
    });
  }
  return packAny(RUNC_OPTIONS, RuncV2Options, runcOptions(options));
}

/** What only a task of this very start has. */
export interface TaskOptionValues {
  /** Owner of the pipes that become the process' stdio: the host ids of the container's 0:0. */
  readonly ioUid: number;
  readonly ioGid: number;
  /** Restore from this folder. */
  readonly criuImagePath?: string | undefined;
  readonly criuWorkPath?: string | undefined;
}

/**
 * The options of Tasks.Create. They replace the container's at the shim, so they are these plus what the task adds.
 * `kept` is what the container was made with: also for a container loaded from containerd, unlike upstream, where a
 * loaded one starts tasks without options.
 */
export function taskOptions(
  runtime: string,
  kept: Any | undefined,
  options: RuntimeOptions | undefined,
  values: TaskOptionValues,
): Any | undefined {
  const runc = options?.kind === 'runc' ? options : undefined;
  if (runtime === RUNTIME_V1_LINUX) {
    return packAny('containerd.linux.runc.CreateOptions', CreateOptions, {
      ...CreateOptions.create(),
      noPivotRoot: runc?.noPivotRoot ?? false,
      noNewKeyring: runc?.noNewKeyring ?? false,
      shimCgroup: runc?.shimCgroup ?? '',
      ioUid: runc?.ioUid ?? values.ioUid,
      ioGid: runc?.ioGid ?? values.ioGid,
      criuWorkPath: values.criuWorkPath ?? runc?.criuWorkPath ?? '',
      criuImagePath: values.criuImagePath ?? runc?.criuImagePath ?? '',
    });
  }
  const base = runcBase(runtime, kept);
  if (base === undefined) return kept;
  return packAny(RUNC_OPTIONS, RuncV2Options, {
    ...base,
    ioUid: runc?.ioUid ?? values.ioUid,
    ioGid: runc?.ioGid ?? values.ioGid,
    criuImagePath: values.criuImagePath ?? base.criuImagePath,
    criuWorkPath: values.criuWorkPath ?? base.criuWorkPath,
  });
}

/** Options of a loaded container in our words; `undefined` for a type that is only passed on. */
export function parseOptions(options: Any | undefined): RuntimeOptions | undefined {
  if (options === undefined) return undefined;
  switch (typeNameOf(options)) {
    case RUNC_OPTIONS: {
      const o = decodeMessage(RuncV2Options, options.value);
      return {
        kind: 'runc',
        ...(o.binaryName === '' ? {} : { binaryName: o.binaryName }),
        ...(o.root === '' ? {} : { root: o.root }),
        ...(o.shimCgroup === '' ? {} : { shimCgroup: o.shimCgroup }),
        // 0 is what an unset one looks like on the wire.
        ...(o.ioUid === 0 ? {} : { ioUid: o.ioUid }),
        ...(o.ioGid === 0 ? {} : { ioGid: o.ioGid }),
        ...(o.criuImagePath === '' ? {} : { criuImagePath: o.criuImagePath }),
        ...(o.criuWorkPath === '' ? {} : { criuWorkPath: o.criuWorkPath }),
        systemdCgroup: o.systemdCgroup,
        noPivotRoot: o.noPivotRoot,
        noNewKeyring: o.noNewKeyring,
      };
    }
    case 'runtimeoptions.v1.Options': {
      const o = decodeMessage(GenericOptions, options.value);
      return { kind: 'generic', typeUrl: o.typeUrl, configPath: o.configPath, configBody: o.configBody };
    }
    default:
      return undefined;
  }
}

function runcBase(runtime: string, kept: Any | undefined): RuncV2Options | undefined {
  if (kept !== undefined && typeNameOf(kept) === RUNC_OPTIONS) return decodeMessage(RuncV2Options, kept.value);
  return kept === undefined && RUNC_RUNTIMES.test(runtime) ? RuncV2Options.create() : undefined;
}

function runcOptions(options: RuncOptions): RuncV2Options {
  return {
    ...RuncV2Options.create(),
    binaryName: options.binaryName ?? '',
    root: options.root ?? '',
    systemdCgroup: options.systemdCgroup ?? false,
    noPivotRoot: options.noPivotRoot ?? false,
    noNewKeyring: options.noNewKeyring ?? false,
    shimCgroup: options.shimCgroup ?? '',
    ioUid: options.ioUid ?? 0,
    ioGid: options.ioGid ?? 0,
    criuImagePath: options.criuImagePath ?? '',
    criuWorkPath: options.criuWorkPath ?? '',
  };
}
