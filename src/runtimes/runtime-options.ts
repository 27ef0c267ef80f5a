import { foldFields, type JsonObject } from './json-fields.js';
import { type GenericDefaults, invalidRuntime, type RuncDefaults, type RuntimeDefaults } from './runtime-entry.js';
import { takesRuncOptions } from './shim-name.js';

const RUNC_OPTIONS = [
  'BinaryName',
  'Root',
  'SystemdCgroup',
  'NoPivotRoot',
  'NoNewKeyring',
  'ShimCgroup',
  'IoUid',
  'IoGid',
  'CriuImagePath',
  'CriuWorkPath',
] as const;
const GENERIC_OPTIONS = ['TypeUrl', 'ConfigPath', 'ConfigBody'] as const;
const ID_MAX = 0xffff_ffff;

/**
 * The `options` of an entry in daemon.json: those of runc for its shims, `TypeUrl`, `ConfigPath` and `ConfigBody` for any
 * other (moby `libcontainerd/shimopts`). A name that moby passes over in silence is refused here.
 * @param runtime for messages
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function parseRuntimeOptions(runtime: string, runtimeType: string, options: JsonObject): RuntimeDefaults {
  return takesRuncOptions(runtimeType) ? runcOptions(runtime, options) : genericOptions(runtime, options);
}

function runcOptions(runtime: string, options: JsonObject): RuncDefaults {
  const read = new OptionReader(runtime, foldFields(options, RUNC_OPTIONS, refusal(runtime)));
  return {
    kind: 'runc',
    binaryName: read.text('BinaryName'),
    root: read.text('Root'),
    systemdCgroup: read.flag('SystemdCgroup'),
    noPivotRoot: read.flag('NoPivotRoot'),
    noNewKeyring: read.flag('NoNewKeyring'),
    shimCgroup: read.text('ShimCgroup'),
    ioUid: read.id('IoUid'),
    ioGid: read.id('IoGid'),
    criuImagePath: read.text('CriuImagePath'),
    criuWorkPath: read.text('CriuWorkPath'),
  };
}

function genericOptions(runtime: string, options: JsonObject): GenericDefaults {
  const read = new OptionReader(runtime, foldFields(options, GENERIC_OPTIONS, refusal(runtime)));
  return {
    kind: 'generic',
    typeUrl: read.text('TypeUrl') ?? '',
    configPath: read.text('ConfigPath'),
    configBody: read.bytes('ConfigBody'),
  };
}

/** What was written of one entry, each by its type. */
class OptionReader<N extends string> {
  readonly #runtime: string;
  readonly #given: ReadonlyMap<N, unknown>;

  constructor(runtime: string, given: ReadonlyMap<N, unknown>) {
    this.#runtime = runtime;
    this.#given = given;
  }

  text(name: N): string | undefined {
    const value = this.#given.get(name);
    if (value === undefined || (typeof value === 'string' && !value.includes('\0'))) return value;
    throw this.#wrong(name, 'a text');
  }

  flag(name: N): boolean | undefined {
    const value = this.#given.get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(name, 'true or false');
  }

  id(name: N): number | undefined {
    const value = this.#given.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= ID_MAX) return value;
    throw this.#wrong(name, `a whole number from 0 to ${ID_MAX}`);
  }

  /** A text stands for its UTF-8; moby takes the numbers only. */
  bytes(name: N): Uint8Array | undefined {
    const value = this.#given.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string') return new TextEncoder().encode(value);
    if (Array.isArray(value) && value.every(isByte)) return Uint8Array.from(value);
    throw this.#wrong(name, 'a text or a list of bytes');
  }

  #wrong(name: N, type: string): Error {
    return refusal(this.#runtime)(`${JSON.stringify(name)} is not ${type}`);
  }
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xff;
}

function refusal(runtime: string): (why: string) => Error {
  return (why) => invalidRuntime(`runtime ${runtime}: option ${why}`, runtime);
}
