import { InvalidArgumentError } from '../errdefs/index.js';
import { foldFields, isJsonObject } from './json-fields.js';
import { assertEntryShape, defineRuntime, invalidRuntime, RUNC_NAME, type RuntimeEntry } from './runtime-entry.js';
import { parseRuntimeOptions } from './runtime-options.js';

/** Runtimes of an operator by name. Never changed once made. */
export type RuntimeEntries = Readonly<Record<string, RuntimeEntry>>;

const FIELDS = ['path', 'runtimeArgs', 'runtimeType', 'options'] as const;
/** Any absolute path: only to ask whether an entry can be. */
const NOWHERE = '/';

/**
 * Reads the `runtimes` section of daemon.json: names, each with `path` and `runtimeArgs`, or `runtimeType` and `options`.
 * Options are checked here; whether programs are there is not.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`, with the texts of moby where it has one
 */
export function runtimesFromDaemonJson(section: unknown): RuntimeEntries {
  if (!isJsonObject(section)) {
    throw new InvalidArgumentError('runtimes: it is no map of runtimes by name', { code: 'ERR_OPTION_INVALID' });
  }
  // fromEntries: a runtime may be called __proto__.
  return Object.fromEntries(Object.entries(section).map(([name, value]) => [name, parseEntry(name, value)]));
}

function parseEntry(name: string, value: unknown): RuntimeEntry {
  const refuse = (why: string) => invalidRuntime(`runtime ${name}: ${why}`, name);
  if (!isJsonObject(value)) throw refuse('it is no object');
  const fields = foldFields(value, FIELDS, (why) => refuse(`field ${why}`));
  const { path = '', runtimeArgs = [], runtimeType = '', options = {} } = Object.fromEntries(fields);
  if (typeof path !== 'string' || typeof runtimeType !== 'string') throw refuse('path or runtimeType is not a text');
  if (!isTexts(runtimeArgs)) throw refuse('runtimeArgs is no list of texts');
  if (!isJsonObject(options)) throw refuse('options is no object');
  const hasOptions = Object.keys(options).length > 0;
  assertEntryShape(name, { path, runtimeType, hasArgs: runtimeArgs.length > 0, hasOptions });
  const entry: RuntimeEntry =
    path === ''
      ? { runtimeType, ...(hasOptions ? { options: parseRuntimeOptions(name, runtimeType, options) } : {}) }
      : { path, ...(runtimeArgs.length > 0 ? { runtimeArgs } : {}) };
  defineRuntime(name, entry, NOWHERE);
  return entry;
}

/**
 * Reads what `--add-runtime` is given: `name=path`. The name is lower-cased (moby `daemon/pkg/opts/runtime.go`).
 * @param defined names that were given before
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function parseAddRuntime(
  text: string,
  defined: { has(name: string): boolean } = new Set<string>(),
): { readonly name: string; readonly entry: RuntimeEntry } {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(at, 0)).trim().toLowerCase();
  const path = text.slice(at + 1).trim();
  if (name === '' || path === '') throw invalidRuntime(`invalid runtime argument: ${text}`, name);
  if (name === RUNC_NAME) throw invalidRuntime(`runtime name '${RUNC_NAME}' is reserved`, name);
  if (defined.has(name)) throw invalidRuntime(`runtime '${name}' was already defined`, name);
  const entry = { path };
  defineRuntime(name, entry);
  return { name, entry };
}

/** All that `--add-runtime` was given. @throws as `parseAddRuntime` */
export function parseAddRuntimes(texts: readonly string[]): RuntimeEntries {
  const entries = new Map<string, RuntimeEntry>();
  for (const text of texts) {
    const { name, entry } = parseAddRuntime(text, entries);
    entries.set(name, entry);
  }
  return Object.fromEntries(entries);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
