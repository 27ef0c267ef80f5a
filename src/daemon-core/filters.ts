import { InvalidArgumentError } from '../errdefs/index.js';
import { BoundedPattern } from './bounded-pattern.js';

const TRUE = ['1', 'true'];
const FALSE = ['0', 'false'];

/**
 * The filters of a request, as `docker ps --filter` and its like send them: for each key a set of values. A key that is
 * absent or has no values lets everything through (moby daemon/internal/filters).
 */
export class Filters {
  readonly #values: ReadonlyMap<string, ReadonlySet<string>>;
  /** A pattern is read once, and used for many containers. */
  readonly #patterns = new Map<string, BoundedPattern>();

  private constructor(values: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#values = values;
  }

  /** Filters made in code: `Filters.of({ label: ['a=b'] })`. None by default. */
  static of(fields: Readonly<Record<string, readonly string[]>> = {}): Filters {
    return new Filters(new Map(Object.entries(fields).map(([key, values]) => [key, new Set(values)])));
  }

  /**
   * Reads the `filters` parameter of the Engine API: `{"label":{"a=b":true}}`, or `{"label":["a=b"]}` of old clients.
   * @param text '' and `undefined` mean none
   * @throws InvalidArgumentError `invalid filter`
   */
  static parse(text: string | undefined): Filters {
    if (text === undefined || text === '') return Filters.of();
    const fields = parseJson(text);
    if (fields === null) return Filters.of();
    if (typeof fields !== 'object' || Array.isArray(fields)) throw new InvalidArgumentError('invalid filter');
    return new Filters(new Map(Object.entries(fields).map(([key, values]) => [key, valuesOf(values)])));
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): readonly string[] {
    return [...(this.#values.get(key) ?? [])];
  }

  /** @throws InvalidArgumentError `invalid filter 'x'` when there is a key that is not among these */
  assertOnly(accepted: readonly string[]): void {
    for (const key of this.#values.keys()) {
      if (!accepted.includes(key)) throw new InvalidArgumentError(`invalid filter '${key}'`);
    }
  }

  /** One of the values is this. */
  matchesExactly(key: string, source: string): boolean {
    const values = this.#values.get(key);
    return values === undefined || values.size === 0 || values.has(source);
  }

  /** One of the values is this, or its beginning. */
  matchesPrefix(key: string, source: string): boolean {
    return this.matchesExactly(key, source) || this.get(key).some((prefix) => source.startsWith(prefix));
  }

  /** One of the values is this, or a regular expression that is found in it. What is no expression finds nothing. */
  matchesPattern(key: string, source: string): boolean {
    return this.matchesExactly(key, source) || this.get(key).some((value) => this.#pattern(value).isIn(source));
  }

  /** Each of the values, `NAME` or `NAME=value`, is among the labels. */
  matchesLabels(key: string, labels: Readonly<Record<string, string>> = {}): boolean {
    return this.get(key).every((value) => {
      const at = value.indexOf('=');
      const name = at < 0 ? value : value.slice(0, at);
      return Object.hasOwn(labels, name) && (at < 0 || labels[name] === value.slice(at + 1));
    });
  }

  /**
   * The one truth value of a key.
   * @throws InvalidArgumentError `invalid filter 'x=[y]'` when it is none, or both
   */
  flag(key: string, fallback: boolean): boolean {
    if (!this.has(key)) return fallback;
    const values = this.get(key);
    const [isTrue, isFalse] = [TRUE, FALSE].map((words) => words.some((word) => values.includes(word)));
    if (isTrue === isFalse) {
      const given = values.length === 0 ? '' : `=[${values.join(' ')}]`;
      throw new InvalidArgumentError(`invalid filter '${key}${given}'`);
    }
    return isTrue === true;
  }

  #pattern(source: string): BoundedPattern {
    const pattern = this.#patterns.get(source) ?? new BoundedPattern(source);
    this.#patterns.set(source, pattern);
    return pattern;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidArgumentError('invalid filter', { cause });
  }
}

function valuesOf(values: unknown): ReadonlySet<string> {
  if (values === null) return new Set();
  if (Array.isArray(values)) {
    const texts = values.filter((value) => typeof value === 'string');
    if (texts.length === values.length) return new Set(texts);
  } else if (typeof values === 'object') {
    const entries: [string, unknown][] = Object.entries(values);
    if (entries.every(([, given]) => typeof given === 'boolean')) {
      return new Set(entries.filter(([, given]) => given === true).map(([value]) => value));
    }
  }
  throw new InvalidArgumentError('invalid filter');
}
