import { EngineError, errorText, InvalidArgumentError } from '../errdefs/index.js';
import { readByteSize } from '../oci/config/byte-size.js';
import { isJsonObject, type JsonObject } from './json-fields.js';

/**
 * Takes directives out of a document of daemon.json, each by its type. What nobody takes is unknown, so there is no second
 * list of names to keep. `null` counts as absent. Problems are collected: `finish` throws them all.
 */
export class DirectiveReader {
  readonly #document: JsonObject;
  readonly #taken = new Set<string>();
  readonly #problems: string[] = [];

  constructor(document: JsonObject) {
    this.#document = document;
  }

  /**
   * What a parser makes of a directive.
   * @param parse throws an Error with what is wrong; unless it is one of ours, the name is put before it
   */
  take<T>(name: string, parse: (value: unknown) => T): T | undefined {
    this.#taken.add(name);
    // A document has a prototype with names of its own.
    const value = Object.hasOwn(this.#document, name) ? this.#document[name] : undefined;
    if (value === undefined || value === null) return undefined;
    try {
      return parse(value);
    } catch (err) {
      this.#problems.push(err instanceof EngineError ? err.message : `${name}: ${errorText(err)}`);
      return undefined;
    }
  }

  text(name: string): string | undefined {
    return this.take(name, (value) => typed(value, isText, 'it is not a text'));
  }

  flag(name: string): boolean | undefined {
    return this.take(name, (value) => typed(value, isFlag, 'it is neither true nor false'));
  }

  /** @param what for the message when it is negative: `invalid max concurrent downloads: -1` */
  count(name: string, what: string): number | undefined {
    return this.take(name, (value) => {
      const count = typed(value, isInteger, 'it is no whole number');
      if (count < 0) throw new InvalidArgumentError(`invalid ${what}: ${count}`);
      return count;
    });
  }

  texts(name: string): readonly string[] | undefined {
    return this.take(name, (value) => typed(value, isTexts, 'it is no list of texts'));
  }

  textMap(name: string): Readonly<Record<string, string>> | undefined {
    return this.take(name, (value) => typed(value, isTextMap, 'it is no map of texts (a number needs quotes there)'));
  }

  /** Bytes: a number, or a text such as `64m`. */
  size(name: string): number | undefined {
    return this.take(name, (value) => {
      const size = typeof value === 'string' ? readByteSize(value, 1024) : { bytes: value };
      return typed('bytes' in size ? size.bytes : undefined, isSize, `invalid size: ${JSON.stringify(value)}`);
    });
  }

  /** Directives that may stand there and are not read. Gives back those that do. */
  unread(names: readonly string[]): readonly string[] {
    for (const name of names) this.#taken.add(name);
    return names.filter((name) => Object.hasOwn(this.#document, name));
  }

  /** @throws InvalidArgumentError `ERR_OPTION_INVALID` for unknown directives, then for those that cannot be understood */
  finish(): void {
    const unknown = Object.keys(this.#document).filter((name) => !this.#taken.has(name));
    if (unknown.length > 0) {
      throw invalid(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
    }
    if (this.#problems.length > 0) throw invalid(this.#problems.join('; '));
  }
}

function typed<T>(value: unknown, is: (value: unknown) => value is T, problem: string): T {
  if (is(value)) return value;
  throw new Error(problem);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isSize = (value: unknown): value is number => isInteger(value) && value >= 0;
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isTextMap = (value: unknown): value is Record<string, string> =>
  isJsonObject(value) && Object.values(value).every(isText);

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID' });
}
