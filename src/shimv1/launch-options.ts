import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataLossError, InvalidArgumentError, isNotFound, toEngineError } from '../errdefs/index.js';
import { typeNameOf, unpackAny } from '../protocol/any.js';
import { RuncOptions } from '../protocol/gen/containerd/options/linux_runc.js';
import type { Any } from '../protocol/gen/google/protobuf/any.js';
import type { Bundle } from '../shim/bundle.js';
import { replaceFile } from '../shim/replace-file.js';

/** What a shim of API v1 is told of the OCI runtime at its launch, where later ones read a message. */
export interface LaunchOptions {
  /** Name or path of the OCI runtime. */
  readonly runtime: string;
  /** The OCI runtime keeps its state in a folder of the namespace below this one. */
  readonly runtimeRoot: string;
  /** Path of criu; empty for the one on PATH. */
  readonly criuPath: string;
  readonly systemdCgroup: boolean;
}

const TYPE_NAME = 'containerd.linux.runc.RuncOptions';
const FILE = 'shim-v1.json';
const DEFAULTS: LaunchOptions = {
  runtime: 'runc',
  runtimeRoot: '/run/containerd/runc',
  criuPath: '',
  systemdCgroup: false,
};

/**
 * Reads a `RuncOptions`; what it leaves out gets containerd's defaults.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for options of another type; DataLossError
 */
export function parseLaunchOptions(packed: Any | undefined): LaunchOptions {
  if (packed === undefined) return DEFAULTS;
  const options = unpackAny(packed, TYPE_NAME, RuncOptions);
  if (options === undefined) {
    const message = `launch shim: options are of type ${typeNameOf(packed)}, shim API v1 takes ${TYPE_NAME}`;
    throw new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID' });
  }
  return withDefaults(options);
}

/** Keeps them in the bundle: a cleanup after a restart of ours needs the same OCI runtime with the same root. */
export async function writeLaunchOptions(bundle: Bundle, options: LaunchOptions): Promise<void> {
  await replaceFile(join(bundle.path, FILE), JSON.stringify(options));
}

/**
 * The options that the bundle's shim was launched with; `undefined` when it was never launched.
 * @throws DataLossError when the file cannot be understood
 */
export async function readLaunchOptions(bundle: Bundle): Promise<LaunchOptions | undefined> {
  let text: string;
  try {
    text = await readFile(join(bundle.path, FILE), 'utf8');
  } catch (err) {
    if (isNotFound(toEngineError(err))) return undefined;
    throw toEngineError(err, 'read launch options of shim');
  }
  const options = fromJson(text);
  if (options === undefined) {
    throw new DataLossError(`read launch options of shim: ${FILE} is broken`, { fields: { path: bundle.path } });
  }
  return options;
}

function fromJson(text: string): LaunchOptions | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { runtime, runtimeRoot, criuPath, systemdCgroup }: Partial<Record<keyof LaunchOptions, unknown>> = value;
  if (typeof runtime !== 'string' || typeof runtimeRoot !== 'string') return undefined;
  if (typeof criuPath !== 'string' || typeof systemdCgroup !== 'boolean') return undefined;
  return withDefaults({ runtime, runtimeRoot, criuPath, systemdCgroup });
}

function withDefaults({ runtime, runtimeRoot, criuPath, systemdCgroup }: LaunchOptions): LaunchOptions {
  return {
    runtime: runtime || DEFAULTS.runtime,
    runtimeRoot: runtimeRoot || DEFAULTS.runtimeRoot,
    criuPath,
    systemdCgroup,
  };
}
