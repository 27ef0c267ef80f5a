import type { OciSpec } from './runtime-spec.js';

/**
 * Checks that a document read from somewhere has the shape of `OciSpec` where this package looks at it. Says which part
 * does not. Whether it can be run is another question.
 */
export function parseSpec(document: unknown): { spec: OciSpec } | { problem: string } {
  const problem = problemOf(document);
  return problem === undefined ? { spec: document as OciSpec } : { problem };
}

type Check = (value: unknown) => boolean;
type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isString: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isStrings: Check = (value) => Array.isArray(value) && value.every(isString);
const isStringMap: Check = (value) => isObject(value) && Object.values(value).every(isString);
const isMappings: Check = (value) =>
  Array.isArray(value) &&
  value.every((m) => isObject(m) && [m.containerID, m.hostID, m.size].every((n) => typeof n === 'number'));
const isNamespaces: Check = (value) => Array.isArray(value) && value.every((n) => isObject(n) && isString(n.type));
const isMounts: Check = (value) => Array.isArray(value) && value.every((m) => isObject(m) && isString(m.destination));

/** Parts by path; each may be absent, null counts as absent (Go writes it for empty lists). */
const PARTS: readonly (readonly [path: string, check: Check])[] = [
  ['ociVersion', isString],
  ['hostname', isString],
  ['annotations', isStringMap],
  ['mounts', isMounts],
  ['root', isObject],
  ['root.path', isString],
  ['process', isObject],
  ['process.terminal', isBoolean],
  ['process.args', isStrings],
  ['process.env', isStrings],
  ['process.cwd', isString],
  ['process.user', isObject],
  ['linux', isObject],
  ['linux.namespaces', isNamespaces],
  ['linux.uidMappings', isMappings],
  ['linux.gidMappings', isMappings],
  ['linux.resources', isObject],
  ['linux.cgroupsPath', isString],
  ['windows', isObject],
];

function problemOf(document: unknown): string | undefined {
  if (!isObject(document)) return 'it is not an object';
  for (const [path, check] of PARTS) {
    const value = path
      .split('.')
      .reduce<unknown>((parent, key) => (isObject(parent) ? parent[key] : undefined), document);
    if (value !== undefined && value !== null && !check(value)) return `${path} is of the wrong type`;
  }
  return undefined;
}
