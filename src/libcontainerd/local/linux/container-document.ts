import { DataLossError } from '../../../errdefs/index.js';
import { parseSpec } from '../../../oci/parse-spec.js';
import { stringifyForGo } from '../../../protocol/go-json.js';
import type { ContainerState } from '../../objects/task-service.js';
import type { RuntimeOptions } from '../../types.js';

/** Of the document; a reader refuses what a later one may mean otherwise. */
const FORMAT = 1;

type JsonObject = Readonly<Record<string, unknown>>;

/** A container's metadata as kept on disk: readable JSON. */
export function writeDocument(container: ContainerState): string {
  const { id, runtime, labels, spec, runtimeOptions, bundleDir } = container;
  return `${stringifyForGo({ format: FORMAT, id, runtime, runtimeOptions: packOptions(runtimeOptions), labels, bundleDir, spec })}\n`;
}

/** @param path for messages @throws DataLossError `ERR_STATE_CORRUPT` */
export function readDocument(text: string, id: string, path: string): ContainerState {
  const fail = (problem: string, cause?: unknown): never => {
    throw new DataLossError(`read container ${id} from ${path}: ${problem}`, {
      code: 'ERR_STATE_CORRUPT',
      cause,
      fields: { containerId: id, path },
    });
  };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (err) {
    return fail('it is no JSON', err);
  }
  if (!isObject(document)) return fail('it is no object');
  if (document.format !== FORMAT) return fail(`its format is ${String(document.format)}, not ${FORMAT}`);
  const { runtime, labels, bundleDir } = document;
  if (document.id !== id) return fail('it is of another container');
  if (typeof runtime !== 'string' || typeof bundleDir !== 'string') return fail('runtime or bundleDir is missing');
  if (!isStringMap(labels)) return fail('labels is no map of strings');
  const parsed = parseSpec(document.spec);
  if (!('spec' in parsed)) return fail(`spec: ${parsed.problem}`);
  const runtimeOptions = document.runtimeOptions === undefined ? undefined : unpackOptions(document.runtimeOptions);
  if (runtimeOptions === 'broken') return fail('runtimeOptions cannot be read');
  return { id, runtime, labels, bundleDir, spec: parsed.spec, runtimeOptions, isOurs: false };
}

function packOptions(options: RuntimeOptions | undefined): object | undefined {
  if (options?.kind !== 'generic' || options.configBody === undefined) return options;
  return { ...options, configBody: Buffer.from(options.configBody).toString('base64') };
}

function unpackOptions(options: unknown): RuntimeOptions | 'broken' {
  if (!isObject(options)) return 'broken';
  if (options.kind === 'generic') {
    const { typeUrl, configPath, configBody } = options;
    if (typeof typeUrl !== 'string' || !isOptionalString(configPath) || !isOptionalString(configBody)) return 'broken';
    return {
      kind: 'generic',
      typeUrl,
      configPath,
      configBody: configBody === undefined ? undefined : Buffer.from(configBody, 'base64'),
    };
  }
  const { binaryName, root, shimCgroup, systemdCgroup, noPivotRoot, noNewKeyring } = options;
  const { ioUid, ioGid, criuImagePath, criuWorkPath } = options;
  if (options.kind !== 'runc') return 'broken';
  if (!isOptionalString(binaryName) || !isOptionalString(root) || !isOptionalString(shimCgroup)) return 'broken';
  if (!isOptionalBoolean(systemdCgroup) || !isOptionalBoolean(noPivotRoot) || !isOptionalBoolean(noNewKeyring)) {
    return 'broken';
  }
  if (!isOptionalId(ioUid) || !isOptionalId(ioGid)) return 'broken';
  if (!isOptionalString(criuImagePath) || !isOptionalString(criuWorkPath)) return 'broken';
  const given = { binaryName, root, shimCgroup, systemdCgroup, noPivotRoot, noNewKeyring };
  return { kind: 'runc', ...given, ioUid, ioGid, criuImagePath, criuWorkPath };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isOptionalBoolean(value: unknown): value is boolean | undefined {
  return value === undefined || typeof value === 'boolean';
}

function isOptionalId(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 0);
}
