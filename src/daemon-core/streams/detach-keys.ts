import { InvalidArgumentError } from '../../errdefs/index.js';

/** What a terminal sends for control and a key, by its place here; `ctrl-a` is 1. The names are Docker's. */
const CONTROL_KEYS = '@abcdefghijklmnopqrstuvwxyz[\\]^_';
const DELETE = 127;
const DEFAULT_KEYS = 'ctrl-p,ctrl-q';

/**
 * Reads `--detach-keys`: single characters, `ctrl-` with one of `@a-z[\]^_`, and `DEL`, with commas between. Empty means the
 * default, `ctrl-p,ctrl-q`.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in dockerd's words (moby daemon/attach.go)
 */
export function parseDetachKeys(text: string): Buffer {
  return Buffer.from((text === '' ? DEFAULT_KEYS : text).split(',').map((key) => codeOf(key, text)));
}

function codeOf(key: string, text: string): number {
  const bytes = Buffer.from(key);
  const [first] = bytes;
  if (first !== undefined && bytes.length === 1) return first;
  if (key === 'DEL') return DELETE;
  const code = /^ctrl-.$/.test(key) ? CONTROL_KEYS.indexOf(key.slice(-1)) : -1;
  if (code >= 0) return code;
  throw new InvalidArgumentError(`Invalid detach keys (${text}) provided`, {
    code: 'ERR_OPTION_INVALID',
    fields: { detachKeys: text, key },
  });
}

/**
 * Looks for the keys in what is typed, however it is cut into chunks. Bytes that may become the keys are kept back until they
 * do or do not. Unlike dockerd it also finds keys whose beginning was typed twice (`ctrl-p ctrl-p ctrl-q`).
 */
export class DetachKeyFilter {
  readonly #keys: Buffer;
  /** How many of the first keys are kept back, when so many match and the next does not (Knuth, Morris, Pratt). */
  readonly #fallback: readonly number[];
  #matched = 0;

  /** @param keys as `parseDetachKeys` gives them */
  constructor(keys: Buffer) {
    this.#keys = keys;
    this.#fallback = fallbacksOf(keys);
  }

  /** What is to be passed on, and whether the keys came; what follows them is dropped. */
  push(chunk: Buffer): { readonly bytes: Buffer; readonly isDetached: boolean } {
    const keys = this.#keys;
    const kept = this.#matched;
    const all = kept === 0 ? chunk : Buffer.concat([keys.subarray(0, kept), chunk]);
    for (let at = kept; at < all.length; at++) {
      this.#matched = nextMatch(keys, this.#fallback, this.#matched, all[at]);
      if (this.#matched < keys.length) continue;
      this.#matched = 0;
      return { bytes: all.subarray(0, at + 1 - keys.length), isDetached: true };
    }
    return { bytes: all.subarray(0, all.length - this.#matched), isDetached: false };
  }

  /** The input ends: what was kept back will not become the keys. */
  end(): Buffer {
    const kept = this.#keys.subarray(0, this.#matched);
    this.#matched = 0;
    return kept;
  }
}

function nextMatch(keys: Buffer, fallback: readonly number[], matched: number, byte: number | undefined): number {
  let length = matched;
  while (length > 0 && keys[length] !== byte) length = fallback[length - 1] ?? 0;
  return keys[length] === byte ? length + 1 : 0;
}

function fallbacksOf(keys: Buffer): number[] {
  const fallback = [0];
  for (let at = 1; at < keys.length; at++) {
    fallback.push(nextMatch(keys, fallback, fallback[at - 1] ?? 0, keys[at]));
  }
  return fallback;
}
