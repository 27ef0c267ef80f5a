import { InvalidArgumentError } from '../errdefs/index.js';
import { isJsonObject } from './json-fields.js';

/** Those of flag and file add up. */
const MERGED: readonly string[] = ['runtimes'];
const MAY_HAVE_PASSWORDS: readonly string[] = ['http-proxy', 'https-proxy'];

/**
 * Refuses directives that were given twice, as dockerd does (moby `daemon/config` `findConfigurationConflicts`).
 * @param flags by the name of the directive (`exec-opts` for `--exec-opt`), only those that were given
 * @param file `DaemonJson.given`
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` with all of them
 */
export function assertNoConflicts(flags: ReadonlyMap<string, unknown>, file: ReadonlyMap<string, unknown>): void {
  const conflicts = [...flags]
    .filter(([name]) => file.has(name) && !MERGED.includes(name))
    .map(([name, flag]) => `${name}: (from flag: ${shown(name, flag)}, from file: ${shown(name, file.get(name))})`);
  if (conflicts.length === 0) return;
  throw new InvalidArgumentError(
    `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`,
    { code: 'ERR_OPTION_INVALID' },
  );
}

function shown(name: string, value: unknown): string {
  const text = goText(value);
  return MAY_HAVE_PASSWORDS.includes(name) ? text.replace(/^([^/]*\/\/)[^/]*@/, '$1xxxxx:xxxxx@') : text;
}

/** As Go prints it with %v. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isJsonObject(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, each]) => `${key}:${goText(each)}`).join(' ')}]`;
  }
  return value === null ? '<nil>' : String(value);
}
