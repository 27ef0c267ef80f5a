import { InvalidArgumentError } from '../../errdefs/index.js';

/**
 * Reads one value of a document. `where` is its place, for the message.
 * @throws InvalidArgumentError that names the place, when the value is of another type
 */
export type Field<T> = (value: unknown, where: string) => T;

type Fields<T> = {
  readonly [K in keyof T]-?: Record<string, never> extends Pick<T, K> ? Field<T[K] | undefined> : Field<T[K]>;
};

/** The largest int64 is one less, and reads as this: `stringifyForGo` writes it as what it was. */
const INT64_END = 2 ** 63;

export const string: Field<string> = (value, where) =>
  typeof value === 'string' ? value : refuse(value, where, 'a string');

export const boolean: Field<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : refuse(value, where, 'a boolean');

export const integer: Field<number> = (value, where) =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= INT64_END
    ? value
    : refuse(value, where, 'an integer of 64 bits');

export function list<T>(item: Field<T>): Field<readonly T[]> {
  return (value, where) =>
    Array.isArray(value)
      ? value.map((each: unknown, index) => item(each, `${where}[${index}]`))
      : refuse(value, where, 'a list');
}

export function mapOf<T>(item: Field<T>): Field<Readonly<Record<string, T>>> {
  return (value, where) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, item(each, `${where}[${key}]`)]))
      : refuse(value, where, 'an object');
}

/** Absent and null are undefined: Go's decoder leaves a field alone on null. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, where) => (value === undefined || value === null ? undefined : field(value, where));
}

/** Where null says something else than nothing. */
export function nullable<T>(field: Field<T>): Field<T | null | undefined> {
  return (value, where) => (value === undefined || value === null ? value : field(value, where));
}

/** Absent and null are Go's zero value. */
export function withZero<T>(field: Field<T>, zero: T): Field<T> {
  return (value, where) => (value === undefined || value === null ? zero : field(value, where));
}

export function oneOf<const T extends string>(names: readonly T[]): Field<T> {
  return (value, where) =>
    names.find((name) => name === value) ?? refuse(value, where, names.map((name) => `'${name}'`).join(', '));
}

/** An object of which only these fields are kept. Names match in any case when none matches exactly, as Go's do. */
export function record<T extends object>(fields: Fields<T>): Field<T> {
  return (value, where) => {
    if (!isObject(value)) return refuse(value, where, 'an object');
    const found = new Map(Object.keys(value).map((key) => [key.toLowerCase(), key]));
    const result: Partial<T> = {};
    for (const name in fields) {
      const key = Object.hasOwn(value, name) ? name : found.get(name.toLowerCase());
      const place = where === '' ? name : `${where}.${name}`;
      const parsed = fields[name](key === undefined ? undefined : value[key], place);
      if (parsed !== undefined) result[name] = parsed;
    }
    // Every field of T has been read by a Field of its own type, and those that must be there never give undefined.
    return result as T;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(value: unknown, where: string, wanted: string): never {
  throw new InvalidArgumentError(`read ${where || 'document'}: it is ${nameOf(value)} and must be ${wanted}`, {
    code: 'ERR_OPTION_INVALID',
    fields: { field: where },
  });
}

/** Strings and numbers are shown: they are short as a rule, and what was meant is seen at once. */
function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'absent';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
