import { InvalidArgumentError } from '../../../errdefs/index.js';

export type TomlValue = string | number | boolean | readonly string[] | { readonly [key: string]: TomlValue };
export type TomlTable = { readonly [key: string]: TomlValue };

/** Writes a TOML document. Scalars of a table come before its sub-tables, as the format demands; empty ones are left out. */
export function toToml(document: TomlTable): string {
  const lines: string[] = [];
  writeTable(lines, [], document);
  return `${lines.join('\n')}\n`;
}

function writeTable(lines: string[], path: readonly string[], table: TomlTable): void {
  const scalars: string[] = [];
  const tables: [string, TomlTable][] = [];
  for (const [key, value] of Object.entries(table)) {
    if (isTable(value)) tables.push([key, value]);
    else scalars.push(`${tomlKey(key)} = ${tomlScalar(value)}`);
  }
  if (scalars.length > 0) {
    if (path.length > 0) lines.push('', `[${path.map(tomlKey).join('.')}]`);
    lines.push(...scalars);
  }
  for (const [key, value] of tables) writeTable(lines, [...path, key], value);
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value);
}

function tomlScalar(value: Exclude<TomlValue, TomlTable>): string {
  if (typeof value === 'string') return tomlString(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value);
    throw new InvalidArgumentError(`write config: ${value} is no integer`, { code: 'ERR_OPTION_INVALID' });
  }
  return `[${value.map(tomlString).join(', ')}]`;
}

function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key);
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

/** A basic string. A lone surrogate has no form in TOML and becomes U+FFFD, as it does in any file name. */
export function tomlString(value: string): string {
  const escaped = value.replace(/[\p{Cc}\p{Cs}"\\]/gu, (char) => {
    return SHORT_ESCAPES[char] ?? `\\u${codeOf(char).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

/** With the `u` flag a surrogate matches only where it stands alone. */
function codeOf(char: string): number {
  const code = char.charCodeAt(0);
  return code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
}
