/** Reads the fields of a JSON object that came from somewhere. Each call throws an Error that names the field. */
export interface CheckedObject {
  value(key: string): unknown;
  has(key: string): boolean;
  string(key: string): string;
  boolean(key: string): boolean;
  integer(key: string): number;
  /** A whole number from 0 on. */
  count(key: string): number;
  oneOf<T extends string>(key: string, allowed: readonly T[]): T;
  array<T>(key: string, parse: (item: unknown, path: string) => T): T[];
}

/**
 * @param path of the object in its document, for messages
 * @throws Error when it is no object
 */
export function checkedObject(object: unknown, path: string): CheckedObject {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw new Error(`${path} is no object`);
  // Only what it has itself: a name such as `constructor` is in every object.
  const value = (key: string): unknown => (Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined);
  const wrong = (key: string, expected: string) => new Error(`${path}.${key} is no ${expected}`);
  const integer = (key: string): number => {
    const found = value(key);
    if (typeof found !== 'number' || !Number.isSafeInteger(found)) throw wrong(key, 'whole number');
    return found;
  };
  return {
    value,
    integer,
    has: (key) => value(key) !== undefined && value(key) !== null,
    string(key) {
      const found = value(key);
      if (typeof found !== 'string') throw wrong(key, 'string');
      return found;
    },
    boolean(key) {
      const found = value(key);
      if (typeof found !== 'boolean') throw wrong(key, 'boolean');
      return found;
    },
    count(key) {
      const found = integer(key);
      if (found < 0) throw wrong(key, 'count');
      return found;
    },
    oneOf(key, allowed) {
      const found = value(key);
      const known = allowed.find((each) => each === found);
      if (known === undefined) throw wrong(key, `${allowed.join(', ')}`);
      return known;
    },
    array(key, parse) {
      const found = value(key);
      if (!Array.isArray(found)) throw wrong(key, 'list');
      return found.map((item: unknown, i) => parse(item, `${path}.${key}[${i}]`));
    },
  };
}
